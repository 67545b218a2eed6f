import CheckpointIO

extension LiveGraph {
  /// A value to be stored, and its key.
  package struct StoredValue {
    package let key: String
    package let value: NodeValue
  }

  /// The graph as a checkpoint stores it, and the values in the order in which they are stored:
  /// tensors in the order of the nodes, then states.
  package mutating func saved() -> (graph: ObjectGraph, values: [StoredValue]) {
    var graph = ObjectGraph(nodeCount: nodes.count)
    var values: [StoredValue] = []
    var states: [StoredValue] = []
    values.reserveCapacity(nodes.count)
    for number in nodes.indices {
      graph.nodes[number].children = nodes[number].children
      graph.nodes[number].slotVariables = nodes[number].slotVariables
      guard let value = nodes[number].value else { continue }
      let path = path(of: number)
      let key = CheckpointKey.key(path: path, attribute: value.attribute)
      graph.nodes[number].attributes = [
        ObjectGraph.Attribute(
          name: value.attribute,
          fullName: fullName(of: number, value, path),
          key: key
        )
      ]
      switch value.kind {
      case .variable: values.append(StoredValue(key: key, value: value))
      case .state: states.append(StoredValue(key: key, value: value))
      }
    }
    graph.markNodesWithValues()
    values += states
    return (graph, values)
  }

  // What a name-based saver would call a variable: its own name, or where it stands.
  private mutating func fullName(of number: Int, _ value: NodeValue, _ path: String) -> String {
    guard value.kind == .variable else { return "" }
    if let name = value.variable.name { return name }
    guard case .slot(let optimizer, let index) = nodes[number].way else { return path }
    let slot = nodes[optimizer].slotVariables[index]
    let original = nodes[slot.original].value?.variable.name ?? self.path(of: slot.original)
    return [self.path(of: optimizer), original, slot.slotName].filter { !$0.isEmpty }.joined(
      separator: "/"
    )
  }
}

extension ObjectGraph {
  fileprivate init(nodeCount: Int) {
    self.init(nodes: Array(repeating: Node(), count: nodeCount))
  }

  // A node has values if it has attributes or slot variables, or if a node below it has.
  fileprivate mutating func markNodesWithValues() {
    let edges = EdgesByTarget(nodes)
    var marked: [Int] = []
    for number in nodes.indices {
      let hasOwn = !nodes[number].attributes.isEmpty || !nodes[number].slotVariables.isEmpty
      nodes[number].hasCheckpointValues = hasOwn
      if hasOwn { marked.append(number) }
    }
    while let node = marked.popLast() {
      for parent in edges.parents(of: node) where nodes[parent].hasCheckpointValues != true {
        nodes[parent].hasCheckpointValues = true
        marked.append(parent)
      }
    }
  }
}

/// The parents of every node, in two arrays: those of node `n` are at `starts[n]..<starts[n + 1]`.
private struct EdgesByTarget {
  private var starts: [Int]
  private var parents: [Int]

  init(_ nodes: [ObjectGraph.Node]) {
    // Counted one place too far, so that filling moves each start to where it belongs.
    starts = Array(repeating: 0, count: nodes.count + 2)
    for node in nodes {
      for child in node.children { starts[child.node + 2] += 1 }
    }
    for index in starts.indices.dropFirst() { starts[index] += starts[index - 1] }
    parents = Array(repeating: 0, count: starts[nodes.count + 1])
    for (number, node) in nodes.enumerated() {
      for child in node.children {
        parents[starts[child.node + 1]] = number
        starts[child.node + 1] += 1
      }
    }
  }

  func parents(of node: Int) -> ArraySlice<Int> { parents[starts[node]..<starts[node + 1]] }
}
