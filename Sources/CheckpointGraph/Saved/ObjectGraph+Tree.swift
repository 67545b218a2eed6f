extension ObjectGraph {
  /// A line of the tree that people are shown.
  package struct TreeLine {
    /// What leads to the node.
    package enum Edge {
      /// Nothing does: it is the root, or no edge leads to it.
      case none
      /// A local name.
      case child(String)
      /// A slot of the optimizer above, kept for a variable.
      case slot(String, of: Int)
    }

    /// The node.
    package let node: Int
    /// How many edges it is from the root.
    package let depth: Int
    /// What leads to it here.
    package let edge: Edge
    /// Whether the node is shown elsewhere: this is a reference to it.
    package let isReference: Bool
  }

  /// The lines of the tree, made as they are asked for.
  ///
  /// Each node is shown once, where the shortest way from the root leads, so that what is above it is
  /// what its keys say; other edges to it are references. Slot variables stand below their optimizer,
  /// nodes that nothing leads to at the end. Takes no more of the call stack for deep graphs.
  package struct TreeLines: Sequence, IteratorProtocol {
    private let graph: ObjectGraph
    private let ways: [(parent: Int, name: String, depth: Int)?]
    private var shown: [Bool]
    private var pending: [TreeLine]  // the next last; an entry for each edge at most
    private var nextUnreached = 0

    fileprivate init(_ graph: ObjectGraph) {
      self.graph = graph
      ways = graph.shortestWays
      shown = Array(repeating: false, count: graph.nodes.count)
      pending = [TreeLine(node: 0, depth: 0, edge: .none, isReference: false)]
    }

    /// The next line.
    package mutating func next() -> TreeLine? {
      guard let line = pending.popLast() ?? unreached() else { return nil }
      guard !line.isReference, !shown[line.node] else {
        return TreeLine(node: line.node, depth: line.depth, edge: line.edge, isReference: true)
      }
      shown[line.node] = true
      addBelow(line)
      return line
    }

    private mutating func addBelow(_ line: TreeLine) {
      let node = graph.nodes[line.node]
      let depth = line.depth + 1
      for slot in node.slotVariables.reversed() {
        add(
          slot.node,
          depth,
          .slot(slot.slotName, of: slot.original),
          isHere: ways[slot.node] == nil
        )
      }
      for child in node.children.reversed() {
        // Below a node that nothing leads to there are no shortest ways.
        add(
          child.node,
          depth,
          .child(child.name),
          isHere: ways[child.node].map { $0.depth == depth } ?? true
        )
      }
    }

    private mutating func add(_ node: Int, _ depth: Int, _ edge: TreeLine.Edge, isHere: Bool) {
      pending.append(
        TreeLine(node: node, depth: depth, edge: edge, isReference: node == 0 || !isHere)
      )
    }

    private mutating func unreached() -> TreeLine? {
      while nextUnreached < shown.count, shown[nextUnreached] { nextUnreached += 1 }
      guard nextUnreached < shown.count else { return nil }
      return TreeLine(node: nextUnreached, depth: 0, edge: .none, isReference: false)
    }
  }

  /// The tree of the nodes, line by line.
  package var treeLines: TreeLines { TreeLines(self) }

  /// For each node the edge by which the shortest way from the root reaches it first; `nil` for the
  /// root, and for nodes that no edge leads to.
  package var shortestWays: [(parent: Int, name: String, depth: Int)?] {
    var ways: [(parent: Int, name: String, depth: Int)?] = Array(repeating: nil, count: nodes.count)
    var queue = [0]
    var next = 0
    while next < queue.count {
      let node = queue[next]
      next += 1
      let depth = (ways[node]?.depth ?? 0) + 1
      for child in nodes[node].children where child.node != 0 && ways[child.node] == nil {
        ways[child.node] = (node, child.name, depth)
        queue.append(child.node)
      }
    }
    return ways
  }

  /// The path of a node by the shortest way from the root, in the form that keys have.
  ///
  /// It is `nil` for a node that no edge leads to, such as a slot variable.
  /// Made when they are asked for: those of a long chain take much memory.
  package func path(of node: Int, _ ways: [(parent: Int, name: String, depth: Int)?]) -> String? {
    guard node != 0 else { return "" }
    var names: [String] = []
    var current = node
    while current != 0 {
      guard let way = ways[current] else { return nil }
      names.append(CheckpointKey.escape(way.name))
      current = way.parent
    }
    return names.reversed().joined(separator: "/")
  }
}
