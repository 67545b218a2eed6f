import CheckpointStore
import CheckpointSafetensors
import CheckpointIO
import CheckpointTensors
import Checkpoints

/// `checkpoint list`: what is in a checkpoint, without the values.
struct List: Command {
  static let synopsis = Synopsis(
    name: "list", summary: "Lists the tensors of a checkpoint.",
    operands: ["PREFIX", "[NAME...]"],
    options: [
      Synopsis.Option(name: "--names", help: "Only the names, one a line."),
      Synopsis.Option(name: "--tree", help: "Parameters and bytes by layer."),
      Synopsis.Option(name: "--depth", value: "N", help: "Only N levels of the tree."),
      Synopsis.Option(name: "--sort", value: "ORDER", help: "By name, size or count."),
      Synopsis.fullNames,
      Synopsis.Option(name: "--metadata", help: "The texts about a safetensors file instead."),
      Synopsis.Option(name: "--json", help: "JSON, for programs."),
    ],
    details: """
      A line for each tensor, in byte order of the names: name, type, dimensions,
      bytes; then the totals. Bytes are those in the files; for V1, in memory, and 0
      for strings, since only their records tell. Names are shown as they are; '\\x0a'
      stands for a byte that is a control character or not UTF-8.

      \(TensorSelection.details)

      --tree cuts names at slashes, or at dots if more names have those, and shows of
      each layer the numbers in it, the bytes in the files, and their share of all
      that is listed. '/.ATTRIBUTES/VARIABLE_VALUE', which keys of objects end in, is
      left out.

      --sort size puts tensors, and layers within one, of the most bytes first, and
      --sort count those of the most elements; --sort name is the order without it.

      The texts that a safetensors file has about itself follow all tensors, each
      shortened. With --metadata only these are written, in full: NAME=TEXT; with
      --json, one object.

      With --json an array of objects: "name", "dtype" (TensorFlow's name), "shape",
      "bytes", "shard" (the number of the data file; null if the tensor is stored in
      slices) and "slices" (such as "0,2:-"; empty if it is stored whole). For a
      name that is not UTF-8, "name" is what is shown for it; "name_base64" has its
      bytes.
      """)

  // What is listed, and how.
  private enum Form: String {
    case table, json = "--json", metadata = "--metadata", names = "--names", tree = "--tree"
  }

  private let path: String
  private let usesFullNames: Bool
  private let names: [[UInt8]]
  private let form: Form
  private let isJSON: Bool
  private let order: TensorOrder
  private let depth: Int

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    path = try arguments.path(0)
    usesFullNames = arguments.has("--full-names")
    names = arguments.names(from: 1)
    isJSON = arguments.has("--json")
    let forms = [Form.metadata, .names, .tree].filter { arguments.has($0.rawValue) }
    form = forms.first ?? (isJSON ? .json : .table)
    guard forms.count < 2, !isJSON || form == .json || form == .metadata else {
      let all = forms.map(\.rawValue) + (isJSON ? ["--json"] : [])
      throw arguments.misuse("'\(all[0])' goes without '\(all[1])'")  // there are two
    }
    guard form != .metadata || names.isEmpty else {
      throw arguments.misuse("'--metadata' goes without names of tensors")
    }
    order = try arguments.order()
    depth = try arguments.depth()
    guard depth == .max || form == .tree else { throw arguments.misuse("'--depth' needs '--tree'") }
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let reader = try OpenedCheckpoint(at: path).reader(usesFullNames: usesFullNames)
    let texts = reader.texts.sorted
    guard form != .metadata else {
      try write(texts, output)
      return .success
    }
    let tensors = try TensorSelection(of: names, in: reader)
    switch form {
    case .json: try writeJSON(tensors, output)
    case .names:
      try forEachEntry(of: tensors) { entry throws(CheckpointError) in
        try output.write(TensorName.shown(entry.key.bytes) + "\n")
      }
    case .tree:
      try LayerTable(tensors.entries(), depth: depth, order: order).write(to: output)
    case .table, .metadata:
      try writeTable(tensors, shardCount: reader.shardCount, output)
      if names.isEmpty { try writeBriefly(texts, output) }
    }
    return .success
  }

  // In the order of the names none has to be kept, however many there are.
  private func forEachEntry(
    of tensors: TensorSelection, _ body: (TensorEntry) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    guard order != .name else { return try tensors.forEachEntry(body) }
    for entry in try tensors.entries().sorted(by: order.areInOrder) { try body(entry) }
  }

  private func writeTable(_ tensors: TensorSelection, shardCount: Int, _ output: StandardOutput)
    throws(CheckpointError)
  {
    var table = EntryTable()
    try tensors.forEachEntry { table.fit($0) }
    try forEachEntry(of: tensors) { entry throws(CheckpointError) in
      try output.write(table.line(entry) + "\n")
    }
    try output.write(table.totals(shardCount: shardCount) + "\n")
  }

  private func writeBriefly(_ texts: [(name: String, text: String)], _ output: StandardOutput)
    throws(CheckpointError)
  {
    for (name, text) in texts {
      let short = text.count > 60 ? text.prefix(59) + "…" : text
      try output.write("metadata: \(name.shown)=\(short.shown)\n")
    }
  }

  private func write(_ texts: [(name: String, text: String)], _ output: StandardOutput)
    throws(CheckpointError)
  {
    guard !isJSON else {
      let members = texts.map { ($0.name, JSONValue.string($0.text)) }
      return try output.write(JSONValue.object(members).text + "\n")
    }
    for (name, text) in texts { try output.write("\(name.shown)=\(text.shown)\n") }
  }

  private func writeJSON(_ tensors: TensorSelection, _ output: StandardOutput)
    throws(CheckpointError)
  {
    try output.write("[")
    var separator = "\n"
    try forEachEntry(of: tensors) { entry throws(CheckpointError) in
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
