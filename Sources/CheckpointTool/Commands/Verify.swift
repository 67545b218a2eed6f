import CheckpointStore
import CheckpointIO
import Checkpoints

/// `checkpoint verify`: whether a checkpoint is intact.
struct Verify: Command {
  static let synopsis = Synopsis(
    name: "verify", summary: "Checks every byte of a checkpoint that its checksums cover.",
    operands: ["PREFIX"],
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
      """)

  private let path: String

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    path = try arguments.path(0)
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
    guard !result.isIntact else { return "\(path) is intact: \(amount) (\(time))\n" }
    let unlisted = result.problemCount - result.problems.count
    let more = unlisted > 0 ? ", \(unlisted) of them not listed" : ""
    return "\(path) is damaged: \(result.problemCount.of("problem"))\(more); \(amount) (\(time))\n"
  }
}
