import CheckpointIO

extension SavedGraph {
  /// For each node the edge by which the shortest way from the root reaches it first.
  package struct Ways {
    private var edges: [Int32]  // -1 for the root, and for nodes that no edge leads to
    private var depths: [Int32]

    fileprivate init(_ graph: SavedGraph) {
      edges = Array(repeating: -1, count: graph.nodeCount)
      depths = Array(repeating: 0, count: graph.nodeCount)
      var queue: [Int32] = [0]
      var next = 0
      while next < queue.count {
        let node = Int(queue[next])
        next += 1
        for edge in graph.children.range(of: node) {
          let child = Int(graph.children.elements[edge].node)
          guard child != 0, edges[child] < 0 else { continue }
          edges[child] = Int32(edge)
          depths[child] = depths[node] + 1
          queue.append(Int32(child))
        }
      }
    }

    /// How many edges a node is from the root; `nil` for the root, and for nodes that no edge leads to.
    package func depth(of node: Int) -> Int? { edges[node] < 0 ? nil : Int(depths[node]) }

    fileprivate func edge(to node: Int) -> Int? { edges[node] < 0 ? nil : Int(edges[node]) }
  }

  /// The shortest ways from the root.
  package var shortestWays: Ways { Ways(self) }

  /// The path of a node by the shortest way from the root, in the form that keys have.
  ///
  /// It is `nil` for a node that no edge leads to, such as a slot variable.
  /// Made when they are asked for: those of a long chain take much memory.
  package func path(of node: Int, _ ways: Ways) -> String? {
    guard node != 0 else { return "" }
    var names: [String] = []
    var current = node
    while current != 0 {
      guard let edge = ways.edge(to: current) else { return nil }
      names.append(CheckpointKey.escape(string(children.elements[edge].name)))
      current = children.list(of: edge)
    }
    return names.reversed().joined(separator: "/")
  }

  /// Finds the node that a path of local names leads to.
  ///
  /// - Parameter path: As for ``ObjectGraph/node(at:)``.
  /// - Returns: The node's number; `nil` if there is none.
  package func node(at path: String) -> Int? {
    CheckpointKey.follow(path) { node, name in child(named: name, of: node) }
  }

  /// Finds the node that a path leads to, of local names as keys have them or as people are shown them.
  ///
  /// A name of the second form may have slashes and dots of its own: `model/tables/a.b/c`.
  ///
  /// - Parameter path: The path.
  /// - Returns: The node's number; `nil` if there is none.
  package func node(shownAs path: String) -> Int? {
    if let node = node(at: path) { return node }
    let path = Array(path.utf8)
    // Places that have been seen lead nowhere new: the search ends, whatever the names are.
    var open = [Place(node: 0, start: 0)]
    var seen = Set(open)
    while let place = open.popLast() {
      for child in children[place.node] {
        let end = place.start + Int(child.name.count)
        guard end <= path.count, path.span.extracting(place.start..<end).matches(bytes(child.name))
        else { continue }
        if end == path.count { return Int(child.node) }
        let next = Place(node: Int(child.node), start: end + 1)
        if path[end] == UInt8(ascii: "/"), seen.insert(next).inserted { open.append(next) }
      }
    }
    return nil
  }

  // A node, and where in a path the names begin that lead on from there.
  private struct Place: Hashable {
    let node: Int
    let start: Int
  }
}
