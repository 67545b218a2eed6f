import CheckpointIO
package import CheckpointTensors

/// The tree that the names of tensors make, with what each layer amounts to.
package struct LayerTree: Sendable {
  /// A layer, a tensor, or both: `w` and `w/Adam`.
  package struct Node: Sendable {
    /// The part of the name that leads here from the node above.
    package let part: [UInt8]
    /// The tensor of this name.
    package fileprivate(set) var tensor: TensorEntry?
    /// How many numbers there are in it and below it.
    package fileprivate(set) var parameterCount: UInt64 = 0
    /// How many bytes all tensors in it and below it take in the files.
    package fileprivate(set) var byteCount: UInt64 = 0
    /// The numbers of the nodes below.
    package fileprivate(set) var children: [Int] = []
    fileprivate let parent: Int
  }

  /// The nodes: the first is the whole, and each stands behind the one above it.
  package private(set) var nodes = [Node(part: [], parent: 0)]
  /// How names are cut.
  package let names: LayerNames

  // Where a part of a name leads from a node.
  private struct Step: Hashable {
    let node: Int
    let part: ArraySlice<UInt8>
  }

  /// Puts tensors into a tree.
  package init(_ entries: [TensorEntry]) {
    names = LayerNames(entries.map(\.key))
    var known: [Step: Int] = [:]
    for entry in entries {
      var node = 0
      for part in names.parts(of: entry.key) { node = child(of: node, part, &known) }
      // The key of an object's variable may be that of another tensor, with its ending.
      if nodes[node].tensor != nil { node = child(of: node, entry.key.bytes[...], &known) }
      nodes[node].tensor = entry
      nodes[node].byteCount = entry.byteCount
      nodes[node].parameterCount =
        entry.spec.dtype.byteWidth == nil ? 0 : UInt64(entry.spec.shape.elementCount)
    }
    for number in nodes.indices.dropFirst().reversed() {
      let (node, parent) = (nodes[number], nodes[number].parent)
      nodes[parent].byteCount = nodes[parent].byteCount.adding(node.byteCount) ?? .max
      nodes[parent].parameterCount =
        nodes[parent].parameterCount.adding(node.parameterCount) ?? .max
    }
  }

  private mutating func child(
    of parent: Int, _ part: ArraySlice<UInt8>, _ known: inout [Step: Int]
  ) -> Int {
    let step = Step(node: parent, part: part)
    if let child = known[step] { return child }
    known[step] = nodes.count
    nodes[parent].children.append(nodes.count)
    nodes.append(Node(part: Array(part), parent: parent))
    return nodes.count - 1
  }
}

extension LayerTree {
  /// What people see of a node.
  package struct Line: Sendable {
    /// How many lines are above it that it belongs to.
    package let depth: Int
    /// The parts of the name that lead here from the line above: several, if nothing else is between.
    package let name: [UInt8]
    /// The node.
    package let node: Node
  }

  /// The lines of the tree, without that of the whole.
  ///
  /// - Parameters:
  ///   - depth: How deep lines may stand, from 1 on.
  ///   - areInOrder: Whether one of two nodes of one layer goes before the other.
  /// - Returns: Each layer, then what is in it.
  package func lines(depth: Int = .max, by areInOrder: (Node, Node) -> Bool) -> [Line] {
    var lines: [Line] = []
    var open = below(nodes[0], depth: 0, areInOrder)
    while let (number, depthHere) = open.popLast() {
      var (node, parts) = (nodes[number], [nodes[number].part[...]])
      while node.tensor == nil, node.children.count == 1 {
        node = nodes[node.children[0]]
        parts.append(node.part[...])
      }
      lines.append(Line(depth: depthHere, name: names.join(parts), node: node))
      if depthHere + 1 < depth { open += below(node, depth: depthHere + 1, areInOrder) }
    }
    return lines
  }

  // The last one comes first.
  private func below(_ node: Node, depth: Int, _ areInOrder: (Node, Node) -> Bool) -> [(Int, Int)] {
    node.children.sorted { areInOrder(nodes[$0], nodes[$1]) }.reversed().map { ($0, depth) }
  }
}
