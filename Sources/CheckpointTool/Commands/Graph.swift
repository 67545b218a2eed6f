import CheckpointStore
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import Checkpoints

/// `checkpoint graph`: the objects of an object-based checkpoint.
struct Graph: Command {
  static let synopsis = Synopsis(
    name: "graph", summary: "Shows the objects of a checkpoint as a tree.", operands: ["PREFIX"],
    options: [
      Synopsis.Option(name: "--json", help: "One JSON object, for programs.")
    ],
    details: """
      A line for each object: the name of the edge that leads to it, its number, and
      for a variable its own name, type, dimensions and key. An object stands where
      the shortest way from the root leads; '->' refers to it from elsewhere. The
      slot variables of an optimizer stand below it, 'of' the variables that they
      belong to. Below 40 levels the depth is a number.

      With --json an object with "nodes", in the order of their numbers, each with
      "id", "children" ("id", "name"), "attributes" ("name", "full_name", "key") and
      "slots" ("variable", "slot", "node"; the first and the last are numbers of
      nodes).

      A checkpoint that was saved by name has no objects: that is an error.
      """)

  private let path: String
  private let isJSON: Bool

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    path = try arguments.path(0)
    isJSON = arguments.has("--json")
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let reader = try OpenedCheckpoint(at: path).reader()
    guard let graph = try reader.savedGraph() else {
      throw CheckpointError(
        .unsupported,
        "this checkpoint was saved by name, it has no objects; 'checkpoint list' shows its tensors",
        file: reader.path)
    }
    if isJSON {
      try Self.writeJSON(graph, output)
    } else {
      try Self.writeTree(graph, reader, output)
    }
    return .success
  }

  // MARK: For people

  private static func writeTree(
    _ graph: SavedGraph, _ reader: CheckpointReader, _ output: StandardOutput
  ) throws(CheckpointError) {
    var specs: [TensorKey: TensorSpec] = [:]
    try reader.forEachEntry { specs[$0.key] = $0.spec }
    let keys = specs.keys.sorted()
    for line in graph.treeLines {
      let text = graph.text(line, shown: \.shown) { attribute in
        let key = TensorKey(attribute.key)
        let tensors = specs[key] == nil ? groupTensors(of: key, in: keys) : [key]
        guard !tensors.isEmpty else { return "  (no tensor of this key)  \(attribute.key.shown)" }
        return tensors.map { "  \(specs[$0]?.description ?? "")  \($0.description.shown)" }.joined()
      }
      try output.write(text + "\n")
    }
    try output.write(summary(graph))
  }

  // The tensors of an object that has several, whose keys begin with that of the attribute: a table's.
  private static func groupTensors(of attribute: TensorKey, in keys: [TensorKey]) -> [TensorKey] {
    let start = keys.partitioningIndex { $0 >= attribute }
    return Array(keys[start...].prefix { $0.bytes.starts(with: attribute.bytes) })
  }

  private static func summary(_ graph: SavedGraph) -> String {
    "\(graph.nodeCount.of("object")), \(graph.attributeCount.of("value")), "
      + "\(graph.slots.elements.count.of("slot variable"))\n"
  }

  // MARK: For programs

  private static func writeJSON(_ graph: SavedGraph, _ output: StandardOutput)
    throws(CheckpointError)
  {
    try output.write("{\"nodes\":[")
    for node in graph.nodes {
      try output.write(node == 0 ? "\n" : ",\n")
      try writeJSON(node, of: graph, output)
    }
    try output.write("\n]}\n")
  }

  // Piece by piece: a node may have a great many children.
  private static func writeJSON(_ node: Int, of graph: SavedGraph, _ output: StandardOutput)
    throws(CheckpointError)
  {
    try output.write("{\"id\":\(node),\"children\":")
    try writeArray(graph.children[node], output) { child in
      ["id": .number(child.node), "name": .string(graph.string(child.name))]
    }
    try output.write(",\"attributes\":")
    try writeArray(graph.attributes(of: node), output) { attribute in
      [
        "name": .string(attribute.name), "full_name": .string(attribute.fullName),
        "key": .string(attribute.key),
      ]
    }
    try output.write(",\"slots\":")
    try writeArray(graph.slots[node], output) { slot in
      [
        "variable": .number(slot.original), "slot": .string(graph.string(slot.name)),
        "node": .number(slot.node),
      ]
    }
    try output.write("}")
  }

  private static func writeArray<Element>(
    _ elements: some Sequence<Element>, _ output: StandardOutput, _ json: (Element) -> JSONValue
  ) throws(CheckpointError) {
    var separator = "["
    for element in elements {
      try output.write(separator + json(element).text)
      separator = ","
    }
    try output.write(separator == "[" ? "[]" : "]")
  }
}

extension [TensorKey] {
  // The first place, in sorted keys, from which on a condition holds.
  fileprivate func partitioningIndex(where isBehind: (TensorKey) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
