import CheckpointStore
import CheckpointIO
import CheckpointTensors
import Checkpoints

/// `checkpoint list`: what is in a checkpoint, without the values.
struct List: Command {
  static let synopsis = Synopsis(
    name: "list", summary: "Lists the tensors of a checkpoint.", operands: ["PREFIX"],
    options: [
      Synopsis.Option(name: "--json", help: "One JSON array, for programs.")
    ],
    details: """
      A line for each tensor, in byte order of the names: name, type, dimensions,
      bytes; then the totals. Bytes are those in the files; for V1, in memory, and 0
      for strings, since only their records tell. Names are shown as they are; '\\x0a'
      stands for a byte that is a control character or not UTF-8.

      With --json an array of objects: "name", "dtype" (TensorFlow's name), "shape",
      "bytes", "shard" (the number of the data file; null if the tensor is stored in
      slices) and "slices" (such as "0,2:-"; empty if it is stored whole). For a
      name that is not UTF-8, "name" is what is shown for it; "name_base64" has its
      bytes.
      """)

  private let path: String
  private let isJSON: Bool

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    path = try arguments.path(0)
    isJSON = arguments.has("--json")
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let reader = try OpenedCheckpoint(at: path).reader()
    if isJSON {
      try writeJSON(reader, output)
    } else {
      var table = EntryTable()
      try reader.forEachEntry { table.add($0) }
      try table.write(to: output, shardCount: reader.shardCount)
    }
    return .success
  }

  private func writeJSON(_ reader: CheckpointReader, _ output: StandardOutput)
    throws(CheckpointError)
  {
    try output.write("[")
    var separator = "\n"
    try reader.forEachEntry { entry throws(CheckpointError) in
      try output.write(separator)
      try output.write(Self.json(entry).text)
      separator = ",\n"
    }
    try output.write("\n]\n")
  }

  private static func json(_ entry: TensorEntry) -> JSONValue {
    .object(
      JSONValue.name(entry.key) + [
        ("dtype", .string(entry.spec.dtype.name)),
        ("shape", .numbers(entry.spec.shape.dimensions)),
        ("bytes", .number(entry.byteCount)),
        ("shard", entry.shard.map { .number($0) } ?? .null),
        ("slices", .strings(entry.slices.map(\.description))),
      ])
  }
}
