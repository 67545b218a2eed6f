import CheckpointStore
import CheckpointIO
import CheckpointTensors
import Checkpoints

/// `checkpoint list`: what is in a checkpoint, without the values.
struct List: Command {
  static let synopsis = Synopsis(
    name: "list", summary: "Lists the tensors of a checkpoint.", operands: ["PREFIX"],
    options: [
      Synopsis.Option(name: "--metadata", help: "The texts about a safetensors file instead."),
      Synopsis.Option(name: "--json", help: "JSON, for programs."),
    ],
    details: """
      A line for each tensor, in byte order of the names: name, type, dimensions,
      bytes; then the totals. Bytes are those in the files; for V1, in memory, and 0
      for strings, since only their records tell. Names are shown as they are; '\\x0a'
      stands for a byte that is a control character or not UTF-8.

      The texts that a safetensors file has about itself follow, each shortened. With
      --metadata only these are written, in full: NAME=TEXT; with --json, one object.

      With --json an array of objects: "name", "dtype" (TensorFlow's name), "shape",
      "bytes", "shard" (the number of the data file; null if the tensor is stored in
      slices) and "slices" (such as "0,2:-"; empty if it is stored whole). For a
      name that is not UTF-8, "name" is what is shown for it; "name_base64" has its
      bytes.
      """)

  private let path: String
  private let isJSON: Bool
  private let isOfMetadata: Bool

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    path = try arguments.path(0)
    isJSON = arguments.has("--json")
    isOfMetadata = arguments.has("--metadata")
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let reader = try OpenedCheckpoint(at: path).reader()
    let metadata = reader.metadata.sorted { $0.key < $1.key }
    if isOfMetadata {
      try write(metadata, output)
    } else if isJSON {
      try writeJSON(reader, output)
    } else {
      var table = EntryTable()
      try reader.forEachEntry { table.add($0) }
      try table.write(to: output, shardCount: reader.shardCount)
      for (name, text) in metadata {
        let short = text.count > 60 ? text.prefix(59) + "…" : text
        try output.write("metadata: \(name.shown)=\(short.shown)\n")
      }
    }
    return .success
  }

  private func write(_ metadata: [(key: String, value: String)], _ output: StandardOutput)
    throws(CheckpointError)
  {
    guard !isJSON else {
      let texts = metadata.map { ($0.key, JSONValue.string($0.value)) }
      return try output.write(JSONValue.object(texts).text + "\n")
    }
    for (name, text) in metadata { try output.write("\(name.shown)=\(text.shown)\n") }
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
