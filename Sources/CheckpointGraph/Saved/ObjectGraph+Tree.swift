extension ObjectGraph: CustomStringConvertible {
  /// A tree of names: each object is shown where the shortest way from the root leads, and by its
  /// number elsewhere.
  public var description: String {
    var lines: [String] = ["0 (root)"]
    var shown: Set<Int> = [0]
    // What is still to be shown, the next last; depth is bounded by the number of nodes.
    var pending: [(child: Child, depth: Int)] = nodes[0].children.reversed().map { ($0, 1) }
    let parents = shortestWays
    while let (child, depth) = pending.popLast() {
      let indent = String(repeating: "  ", count: min(depth, Self.deepestIndent))
      let isHere = parents[child.node].map { $0.depth == depth } ?? false
      guard isHere, shown.insert(child.node).inserted else {
        lines.append("\(indent)\(child.name) -> \(child.node)")
        continue
      }
      lines.append("\(indent)\(child.name) \(child.node)\(summary(child.node))")
      pending += nodes[child.node].children.reversed().map { ($0, depth + 1) }
    }
    return lines.joined(separator: "\n")
  }

  private func summary(_ node: Int) -> String {
    let values = nodes[node].attributes.map { attribute in
      attribute.fullName.isEmpty ? " [\(attribute.name)]" : " '\(attribute.fullName)'"
    }
    let slots = nodes[node].slotVariables.count
    return values.joined() + (slots > 0 ? " (\(slots) slot variables)" : "")
  }

  private static let deepestIndent = 40

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
