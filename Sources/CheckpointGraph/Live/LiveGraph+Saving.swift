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
      values.append(StoredValue(key: key, value: value))
    }
    graph.markNodesWithValues()
    let (tensors, states) = (values.filter { !$0.isState }, values.filter(\.isState))
    return (graph, tensors + states)
  }

  // What a name-based saver would call a variable: its own name, or where it stands.
  private mutating func fullName(of number: Int, _ value: NodeValue, _ path: String) -> String {
    guard value.attribute == CheckpointKey.variableValue else { return "" }
    if let name = value.variable.name { return name }
    guard case .slot(let name, let variable, let optimizer) = nodes[number].way else { return path }
    let original = nodes[variable].value?.variable.name ?? self.path(of: variable)
    return [self.path(of: optimizer), original, name].filter { !$0.isEmpty }.joined(separator: "/")
  }
}

extension LiveGraph.StoredValue {
  fileprivate var isState: Bool { value.attribute == CheckpointKey.state }
}

extension ObjectGraph {
  fileprivate init(nodeCount: Int) {
    self.init(nodes: Array(repeating: Node(), count: nodeCount))
  }

  // A node has values if it has attributes or slot variables, or if a node below it has.
  fileprivate mutating func markNodesWithValues() {
    var parents: [[Int]] = Array(repeating: [], count: nodes.count)
    var marked: [Int] = []
    for (number, node) in nodes.enumerated() {
      for child in node.children { parents[child.node].append(number) }
      let hasOwn = !node.attributes.isEmpty || !node.slotVariables.isEmpty
      nodes[number].hasCheckpointValues = hasOwn
      if hasOwn { marked.append(number) }
    }
    while let node = marked.popLast() {
      for parent in parents[node] where nodes[parent].hasCheckpointValues != true {
        nodes[parent].hasCheckpointValues = true
        marked.append(parent)
      }
    }
  }
}
