import CheckpointStore
import CheckpointIO
import CheckpointTensors
import Checkpoints

/// `checkpoint cat`: the values of a tensor, for programs.
struct Cat: Command {
  static let synopsis = Synopsis(
    name: "cat", summary: "Writes the bytes of a tensor to the standard output.",
    operands: ["PREFIX", "NAME"], options: [Synopsis.slice],
    details: """
      The elements in row-major order, without gaps, as little-endian numbers. Types
      of less than a byte take one byte each.

      Of a tensor of strings or variants: for each element its length as a number of
      8 bytes, little-endian, then its bytes.

      Whether the values are intact is known at the end: rely on them if the exit
      status is 0.
      """)

  private let path: String
  private let name: [UInt8]
  private let slice: TensorSlice?

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    path = try arguments.path(0)
    name = arguments.operands[1]
    slice = try arguments.slice()
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let reader = try OpenedCheckpoint(at: path).reader()
    let entry = try TensorName.find(name, in: reader)
    if let slice { return try write(reader.tensor(for: entry.key, slice: slice), output) }
    guard entry.spec.dtype.byteWidth == nil else {
      try reader.reader.forEachPiece(of: entry.key) { piece throws(CheckpointError) in
        try output.write(piece)
      }
      return .success
    }
    return try write(reader.tensor(for: entry.key), output)
  }

  private func write(_ tensor: AnyTensor, _ output: StandardOutput) throws(CheckpointError)
    -> ExitStatus
  {
    if let storage = tensor.storage { try output.write(storage.bytes) }
    for element in tensor.strings ?? [] {
      var length = ByteWriter(capacity: 8)
      length.write(UInt64(element.count))
      unsafe try output.write(length.bytes.span.bytes)
      unsafe try output.write(element.span.bytes)
    }
    return .success
  }
}
