extension SavedGraph {
  /// A line of the tree that people are shown.
  package struct TreeLine {
    /// What leads to the node.
    package enum Edge {
      /// Nothing does: it is the root, or no edge leads to it.
      case none
      /// A child of the node above, one of all.
      case child(Int)
      /// A slot of the optimizer above, one of all.
      case slot(Int)
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
  /// nodes that nothing leads to at the end. Takes no more of the call stack for deep graphs, and a few
  /// bytes a node.
  package struct TreeLines: Sequence, IteratorProtocol {
    private let graph: SavedGraph
    private let ways: Ways
    private var shown: [Bool]
    // The nodes above the next line, each with how many of its lines have been made.
    private var above: [(node: Int32, next: Int32)] = []
    private var nextUnreached = 0  // the root first

    fileprivate init(_ graph: SavedGraph) {
      self.graph = graph
      ways = graph.shortestWays
      shown = Array(repeating: false, count: graph.nodeCount)
    }

    /// The next line.
    package mutating func next() -> TreeLine? {
      while let last = above.last {
        guard let edge = edge(Int(last.next), of: Int(last.node)) else {
          above.removeLast()
          continue
        }
        above[above.count - 1].next += 1
        return line(edge)
      }
      while nextUnreached < shown.count, shown[nextUnreached] { nextUnreached += 1 }
      guard nextUnreached < shown.count else { return nil }
      return show(TreeLine(node: nextUnreached, depth: 0, edge: .none, isReference: false))
    }

    // Children come first, then slot variables.
    private func edge(_ number: Int, of node: Int) -> TreeLine.Edge? {
      let children = graph.children.range(of: node)
      if number < children.count { return .child(children.lowerBound + number) }
      let slots = graph.slots.range(of: node)
      let slot = number - children.count
      return slot < slots.count ? .slot(slots.lowerBound + slot) : nil
    }

    private mutating func line(_ edge: TreeLine.Edge) -> TreeLine {
      let depth = above.count
      let node: Int
      let isHere: Bool
      switch edge {
      case .none: (node, isHere) = (0, false)
      case .child(let edge):
        node = Int(graph.children.elements[edge].node)
        // Below a node that nothing leads to there are no shortest ways.
        isHere = ways.depth(of: node).map { $0 == depth } ?? true
      case .slot(let slot):
        node = Int(graph.slots.elements[slot].node)
        isHere = ways.depth(of: node) == nil
      }
      let isReference = node == 0 || !isHere || shown[node]
      return show(TreeLine(node: node, depth: depth, edge: edge, isReference: isReference))
    }

    private mutating func show(_ line: TreeLine) -> TreeLine {
      guard !line.isReference else { return line }
      shown[line.node] = true
      above.append((Int32(line.node), 0))
      return line
    }
  }

  /// The tree of the nodes, line by line.
  package var treeLines: TreeLines { TreeLines(self) }
}

extension SavedGraph: CustomStringConvertible {
  /// See ``ObjectGraph/description``.
  package var description: String { treeLines.map { text($0) }.joined(separator: "\n") }

  /// A line of the tree as people read it.
  ///
  ///     model #1
  ///       kernel #10 'dense/kernel'
  ///
  /// - Parameters:
  ///   - line: The line.
  ///   - shown: Turns a name from the file into what may be shown.
  ///   - details: What is said of each value besides its name.
  /// - Returns: The line, without an end.
  package func text(
    _ line: TreeLine, shown: (String) -> String = { $0 },
    details: (ObjectGraph.Attribute) -> String = { _ in "" }
  ) -> String {
    var text = Self.indent(line.depth) + label(line, shown) + "#\(line.node)"
    guard !line.isReference else { return text }
    if case .slot(let slot) = line.edge { text += " of #\(slots.elements[slot].original)" }
    for attribute in attributes(of: line.node) {
      if attribute.name != CheckpointKey.variableValue { text += " [\(shown(attribute.name))]" }
      if !attribute.fullName.isEmpty { text += " '\(shown(attribute.fullName))'" }
      text += details(attribute)
    }
    if let saver = registeredSaver(of: line.node) {
      text += "  in files of the saver '\(shown(saver))'"
    }
    return text
  }

  private func label(_ line: TreeLine, _ shown: (String) -> String) -> String {
    let arrow = line.isReference ? "-> " : ""
    switch line.edge {
    case .none: return line.node == 0 ? "root " : "unreached "
    case .child(let edge):
      let name = string(children.elements[edge].name)
      return "\(name.isEmpty ? "''" : shown(name)) \(arrow)"
    case .slot(let slot): return "slot \(shown(string(slots.elements[slot].name))) \(arrow)"
    }
  }

  // The indents of a chain would take space that grows with the square of its length.
  private static func indent(_ depth: Int) -> String {
    let indent = String(repeating: "  ", count: min(depth, deepestIndent))
    return depth > deepestIndent ? "\(indent)(\(depth)) " : indent
  }

  private static let deepestIndent = 40
}
