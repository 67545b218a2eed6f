import CheckpointIO
import CheckpointTensors
import Checkpoints

/// `checkpoint show`: the values of a tensor, for people.
struct Show: Command {
  static let synopsis = Synopsis(
    name: "show", summary: "Shows the values of a tensor.", operands: ["PREFIX", "NAME"],
    options: [
      Synopsis.slice, Synopsis.Option(name: "--all", help: "All values, and strings in full."),
    ],
    details: """
      A line with name, type and dimensions, then the values as numpy prints them:
      of more than 1000 only the first and last 3 of each dimension, of strings the
      first 60 bytes.

      The values are checked: those of a damaged tensor are not shown.
      """)

  private let path: String
  private let name: [UInt8]
  private let slice: TensorSlice?
  private let isWhole: Bool

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    path = try arguments.path(0)
    name = arguments.operands[1]
    slice = try arguments.slice()
    isWhole = arguments.has("--all")
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let reader = try OpenedCheckpoint(at: path).reader()
    let entry = try TensorName.find(name, in: reader)
    let tensor = try reader.tensor(for: entry.key, slice: slice)
    let part = slice.map { "  slice \($0) of \(entry.spec.shape)" } ?? ""
    try output.write("\(TensorName.shown(entry.key.bytes))  \(tensor.spec)\(part)\n")
    var printer = TensorPrinter(tensor, isWhole: isWhole, output: output)
    try printer.print()
    return .success
  }
}
