import CheckpointStore
import CheckpointIO
import Checkpoints

/// `checkpoint verify`: whether a checkpoint is intact.
struct Verify: Command {
  static let synopsis = Synopsis(
    name: "verify", summary: "Checks every byte of a checkpoint that its checksums cover.",
    operands: ["PREFIX"],
    options: [Synopsis.Option(name: "--json", help: "One JSON object, for programs.")],
    details: """
      V2: reads the whole index and all values, on all cores, and compares every
      checksum; checks that every value lies within its data file, and that slices
      exist, have the right shape and do not overlap.

      V1: compares the checksum of every block, decodes every value, and checks
      slices likewise.

      safetensors: checks the header, that the tensors cover the file exactly, and
      that it can be read. The format has no checksums: changed values cannot be
      told from right ones, and a note says so.

      A line for each problem, at most 1000, then one for the whole. The exit status
      is 0 if there is no problem, and 1 if there is. What the system refused to read
      is no damage: then it is 3.

      With --json an object of "path", "intact", "tensors", "bytes", "problem_count",
      "problems" (each with "message", "code", and, null if not known, "file",
      "offset" and "key", which is the "name" of 'list') and "notes".
      """)

  private let path: String
  private let isJSON: Bool

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    path = try arguments.path(0)
    isJSON = arguments.has("--json")
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let bar = ProgressBar()
    let start = ContinuousClock.now
    let result = try Verification(
      of: path, fileSystem: LocalFileSystem(), found: OpenedCheckpoint.report
    ) {
      bar.show($0, of: $1)
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    bar.clear()
    guard !isJSON else {
      try output.write(Self.json(result).text + "\n")
      return result.isIntact ? .success : .failure
    }
    for note in result.notes { StandardError.report("note: \(note)") }
    for problem in result.problems { try output.write("\(problem.description.shown)\n") }
    try output.write(Self.summary(result, seconds: seconds))
    return result.isIntact ? .success : .failure
  }

  private static func summary(_ result: Verification, seconds: Double) -> String {
    let speed = Double(result.byteCount) / max(seconds, 1e-9) / 1e9
    let amount = "\(result.tensorCount.of("tensor")), \(result.byteCount.byteText)"
    let time = "\(seconds.text(fractionDigits: 3)) s, \(speed.text(fractionDigits: 2)) GB/s"
    let path = result.path.shown
    guard !result.isIntact else {
      return "\(path) is \(Paint.green.on("intact")): \(amount) (\(time))\n"
    }
    let unlisted = result.problemCount - result.problems.count
    let more = unlisted > 0 ? ", \(unlisted) of them not listed" : ""
    let problems = "\(result.problemCount.of("problem"))\(more)"
    return "\(path) is \(Paint.red.on("damaged")): \(problems); \(amount) (\(time))\n"
  }

  private static func json(_ result: Verification) -> JSONValue {
    let problems = result.problems.map { problem -> JSONValue in
      [
        "message": .string(problem.message), "code": .string(problem.code.description),
        "file": .stringIfAny(problem.file),
        "offset": problem.offset.map { .number($0) } ?? .null,
        "key": .stringIfAny(problem.key),
      ]
    }
    return [
      "path": .string(result.path), "intact": .bool(result.isIntact),
      "tensors": .number(result.tensorCount), "bytes": .number(result.byteCount),
      "problem_count": .number(result.problemCount), "problems": .array(problems, .around),
      "notes": .strings(result.notes),
    ]
  }
}
