import CheckpointIO
import CheckpointStore
import CheckpointTensors
import Checkpoints

/// `checkpoint stats`: what the values of tensors are like.
struct Stats: Command {
  static let synopsis = Synopsis(
    name: "stats", summary: "Shows range, mean, deviation, zeros, NaN and a histogram of tensors.",
    operands: ["PREFIX", "[NAME...]"],
    options: [
      Synopsis.Option(name: "--fail-on-nan", help: "Exit with 1 if there is a NaN or infinity."),
      Synopsis.fullNames,
      Synopsis.Option(name: "--json", help: "JSON, for programs."),
    ],
    details: """
      A line for each tensor, in byte order of the names: type, number of elements;
      the smallest and the largest finite number, their mean and standard deviation
      (that of these numbers: numpy's 'std'); how many are 0, NaN, infinite; and how
      many of the finite ones lie in each sixteenth of the range. Complex numbers
      count by their magnitudes. For strings the bytes in the files are shown.

      \(TensorSelection.details)

      Tensors are read in pieces: none has to fit into memory, unless it is stored in
      slices, or in V1, or has strings. One that is damaged gets a message, and the
      others are shown; the exit status is 1 then.

      With --json an array of objects: "name" ("name_base64" as in 'list'), "dtype",
      "shape", "count"; for strings "bytes"; for numbers "zeros", "nan", "infinite",
      and, each null if no number is finite, "min", "max", "mean", "std" and
      "histogram", an array of 16 numbers.
      """)

  private let path: String
  private let usesFullNames: Bool
  private let names: [[UInt8]]
  private let isJSON: Bool
  private let failsOnNaN: Bool

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    path = try arguments.path(0)
    usesFullNames = arguments.has("--full-names")
    names = arguments.names(from: 1)
    isJSON = arguments.has("--json")
    failsOnNaN = arguments.has("--fail-on-nan")
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let reader = try OpenedCheckpoint(at: path).readerOfLayers(usesFullNames: usesFullNames)
    let entries = try TensorSelection(of: names, in: reader).entries()
    var report: any StatisticsOutput = isJSON ? StatisticsJSON(output) : StatisticsTable(output)
    var (run, hasNonFinite) = (StatisticsRun(of: entries, in: reader), false)
    try run.forEach { entry, result throws(CheckpointError) in
      guard case .success(let statistics) = result else { return }  // a message says why
      try report.add(entry, statistics)
      hasNonFinite = hasNonFinite || statistics.hasNonFinite
    }
    try report.finish()
    return run.damagedCount > 0 || failsOnNaN && hasNonFinite ? .failure : .success
  }
}
