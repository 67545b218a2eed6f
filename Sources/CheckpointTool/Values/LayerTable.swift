import CheckpointIO
import CheckpointStore
import CheckpointTensors

/// The tree of layers for people: what each amounts to.
struct LayerTable {
  private var table = TextTable([
    .left("layer", widthLimit: EntryTable.nameWidth), .right("parameters"), .right("bytes"),
    .right("share"), .left("tensor"),
  ])
  private let total: LayerTree.Node
  private let count: Int

  init(_ entries: [TensorEntry], depth: Int, order: TensorOrder) {
    let tree = LayerTree(entries)
    total = tree.nodes[0]
    count = entries.count
    for line in tree.lines(depth: depth, by: order.areInOrder) {
      let isLeaf = line.node.children.isEmpty
      table.add([
        TextTable.Cell(Self.label(line, isLeaf ? [] : [tree.names.separator])),
        TextTable.Cell(line.node.parameterCount.grouped),
        TextTable.Cell(line.node.byteCount.byteText),
        TextTable.Cell(line.node.byteCount.shareText(of: total.byteCount)),
        TextTable.Cell(line.node.tensor.map { "\($0.spec)" } ?? ""),
      ])
    }
  }

  // Names may be of any depth, and lines are not.
  private static func label(_ line: LayerTree.Line, _ ending: [UInt8]) -> String {
    let indent = String(repeating: "  ", count: min(line.depth, deepestIndent))
    let depth = line.depth > deepestIndent ? "(\(line.depth)) " : ""
    let name = line.name + ending
    return indent + depth + (name.isEmpty ? "''" : TensorName.shown(name))
  }

  /// Writes it, with the totals.
  func write(to output: StandardOutput) throws(CheckpointError) {
    try table.forEachLine { line throws(CheckpointError) in try output.write(line + "\n") }
    try output.write(
      "\(count.of("tensor")), \(total.parameterCount.grouped) parameters, \(total.byteCount.byteText)\n"
    )
  }

  private static let deepestIndent = 40
}
