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
      slices, or in V1. One that is damaged gets a message, and the others are shown;
      the exit status is 1 then.

      With --json an array of objects: "name" ("name_base64" as in 'list'), "dtype",
      "shape", "count"; for strings "bytes"; for numbers "zeros", "nan", "infinite",
      and, each null if no number is finite, "min", "max", "mean", "std" and
      "histogram", an array of 16 numbers.
      """)

  private let path: String
  private let names: [[UInt8]]
  private let isJSON: Bool
  private let failsOnNaN: Bool

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    path = try arguments.path(0)
    names = arguments.names(from: 1)
    isJSON = arguments.has("--json")
    failsOnNaN = arguments.has("--fail-on-nan")
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let reader = try OpenedCheckpoint(at: path).reader()
    let entries = try TensorSelection.entries(named: names, in: reader)
    var report: any StatisticsReport = isJSON ? StatisticsJSON(output) : StatisticsTable(output)
    var (damage, hasNonFinite) = (Damage(), false)
    let bar = ProgressBar()
    defer { bar.clear() }
    // There are two looks at each tensor.
    let total = entries.reduce(UInt64(0)) { $0.adding($1.byteCount) ?? .max }
    var done: UInt64 = 0
    for entry in entries {
      do throws(CheckpointError) {
        let statistics = try TensorStatistics(of: entry, in: reader.reader) { byteCount in
          done = done.adding(UInt64(byteCount)) ?? .max
          bar.show(min(done / 2, total), of: total)
        }
        try report.add(entry, statistics)
        hasNonFinite = hasNonFinite || statistics.hasNonFinite
      } catch  where error.isDamage {
        bar.clear()
        damage.report(error)
      }
    }
    bar.clear()
    try report.finish()
    damage.summarize()
    return damage.count > 0 || failsOnNaN && hasNonFinite ? .failure : .success
  }

  // Tensors that cannot be read. What is wrong with a file is wrong with many, and said once.
  private struct Damage {
    private(set) var count = 0
    private var known: Set<String> = []

    mutating func report(_ error: CheckpointError) {
      count += 1
      var cause = error
      cause.key = nil
      if known.insert(cause.description).inserted { StandardError.report(error.description) }
    }

    func summarize() {
      guard count > 0 else { return }
      StandardError.report(
        "\(count.of("tensor")) cannot be read, and \(count == 1 ? "is" : "are") not shown")
    }
  }
}
