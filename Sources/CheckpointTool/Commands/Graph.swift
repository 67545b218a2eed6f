import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import Checkpoints

/// `checkpoint graph`: the objects of an object-based checkpoint.
struct Graph: Command {
  static let synopsis = Synopsis(
    name: "graph",
    summary: "Shows the objects of a checkpoint as a tree.",
    operands: ["PREFIX"],
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
      """
  )

  private let path: String
  private let isJSON: Bool

  init(_ arguments: ArgumentScanner) throws(CheckpointError) {
    path = try arguments.path(0)
    isJSON = arguments.has("--json")
  }

  func run(_ output: StandardOutput) throws(CheckpointError) -> ExitStatus {
    let reader = try OpenedCheckpoint(at: path).reader()
    guard try reader.entry(for: TensorKey(ObjectGraph.key)) != nil else {
      throw CheckpointError(
        .unsupported,
        "this checkpoint was saved by name, it has no objects; 'checkpoint list' shows its tensors",
        file: reader.path
      )
    }
    let graph = try ObjectGraph(from: reader)
    if isJSON {
      try Self.writeJSON(graph, output)
    } else {
      try Self.writeTree(graph, reader, output)
    }
    return .success
  }

  // MARK: For people

  private static func writeTree(
    _ graph: ObjectGraph,
    _ reader: CheckpointReader,
    _ output: StandardOutput
  ) throws(CheckpointError) {
    var specs: [TensorKey: TensorSpec] = [:]
    try reader.forEachEntry { specs[$0.key] = $0.spec }
    for line in graph.treeLines {
      let text = graph.text(line, shown: \.shown) { attribute in
        let spec = specs[TensorKey(attribute.key)]?.description ?? "(no tensor of this key)"
        return "  \(spec)  \(attribute.key.shown)"
      }
      try output.write(text + "\n")
    }
    try output.write(summary(graph))
  }

  private static func summary(_ graph: ObjectGraph) -> String {
    let values = graph.nodes.reduce(0) { $0 + $1.attributes.count }
    let slots = graph.nodes.reduce(0) { $0 + $1.slotVariables.count }
    return "\(graph.nodes.count.of("object")), \(values.of("value")), "
      + "\(slots.of("slot variable"))\n"
  }

  // MARK: For programs

  private static func writeJSON(
    _ graph: ObjectGraph,
    _ output: StandardOutput
  ) throws(CheckpointError) {
    try output.write("{\"nodes\":[")
    for (number, node) in graph.nodes.enumerated() {
      try output.write(number == 0 ? "\n" : ",\n")
      try output.write(json(node, number))
    }
    try output.write("\n]}\n")
  }

  private static func json(_ node: ObjectGraph.Node, _ number: Int) -> String {
    let children = node.children.map { "{\"id\":\($0.node),\"name\":\(JSONText.string($0.name))}" }
    let attributes = node.attributes.map { attribute in
      "{\"name\":\(JSONText.string(attribute.name)),"
        + "\"full_name\":\(JSONText.string(attribute.fullName)),"
        + "\"key\":\(JSONText.string(attribute.key))}"
    }
    let slots = node.slotVariables.map { slot in
      "{\"variable\":\(slot.original),\"slot\":\(JSONText.string(slot.slotName)),"
        + "\"node\":\(slot.node)}"
    }
    return "{\"id\":\(number),\"children\":\(JSONText.array(children)),"
      + "\"attributes\":\(JSONText.array(attributes)),\"slots\":\(JSONText.array(slots))}"
  }
}
