import CheckpointIO
package import CheckpointTensors

extension LiveGraph {
  /// A value to be stored, and its key.
  package struct StoredValue {
    package let key: TensorKey
    package let value: NodeValue
  }

  /// The message of the graph as a checkpoint stores it, see ``ObjectGraph``, and the values in the
  /// order in which they are stored: tensors in the order of the nodes, then states.
  package mutating func saved() -> (message: [UInt8], values: [StoredValue]) {
    let hasValues = nodesWithValues()
    var writer = GraphMessageWriter(capacity: nodes.count * 128)
    var values: [StoredValue] = []
    var states: [StoredValue] = []
    values.reserveCapacity(nodes.count)
    for number in nodes.indices {
      guard let value = nodes[number].value else {
        write(number, EmptyCollection(), hasValues[number], to: &writer)
        continue
      }
      let path = pathBytes(of: number)
      let key = CheckpointKey.key(path: path, attribute: value.attribute)
      let attribute = GraphMessageWriter.Attribute(
        name: value.attribute,
        fullName: fullName(of: number, value) ?? key[..<path.count],
        key: key[...],
        isOptional: false
      )
      write(number, CollectionOfOne(attribute), hasValues[number], to: &writer)
      let stored = StoredValue(key: TensorKey(bytes: key), value: value)
      switch value.kind {
      case .variable: values.append(stored)
      case .state: states.append(stored)
      }
    }
    values += states
    return (writer.bytes, values)
  }

  private func write(
    _ number: Int,
    _ attributes: some Collection<GraphMessageWriter.Attribute>,
    _ hasValues: Bool,
    to writer: inout GraphMessageWriter
  ) {
    writer.write(
      children: nodes[number].children,
      attributes: attributes,
      slotVariables: nodes[number].slotVariables,
      registeredSaver: nil,
      hasCheckpointValues: hasValues
    )
  }

  // What a name-based saver would call a variable: its own name; `nil` for where it stands.
  private mutating func fullName(of number: Int, _ value: NodeValue) -> ArraySlice<UInt8>? {
    guard value.kind == .variable else { return [] }
    if let name = value.variable.name { return Array(name.utf8)[...] }
    guard case .slot(let optimizer, let index) = nodes[number].way else { return nil }
    let slot = nodes[optimizer].slotVariables[index]
    let original = nodes[slot.original].value?.variable.name ?? path(of: slot.original)
    let parts = [path(of: optimizer), original, slot.slotName].filter { !$0.isEmpty }
    return Array(parts.joined(separator: "/").utf8)[...]
  }

  // A node has values if it has a value or slot variables, or if a node below it has.
  private func nodesWithValues() -> [Bool] {
    let edges = EdgesByTarget(nodes)
    var hasValues = Array(repeating: false, count: nodes.count)
    var marked: [Int] = []
    for number in nodes.indices
    where nodes[number].value != nil || !nodes[number].slotVariables.isEmpty {
      hasValues[number] = true
      marked.append(number)
    }
    while let node = marked.popLast() {
      for parent in edges.parents(of: node) where !hasValues[parent] {
        hasValues[parent] = true
        marked.append(parent)
      }
    }
    return hasValues
  }
}

/// The parents of every node, in two arrays: those of node `n` are at `starts[n]..<starts[n + 1]`.
private struct EdgesByTarget {
  private var starts: [Int]
  private var parents: [Int]

  init(_ nodes: [LiveGraph.Node]) {
    // Counted one place too far, so that filling moves each start to where it belongs.
    starts = Array(repeating: 0, count: nodes.count + 2)
    for number in nodes.indices {
      for child in nodes[number].children { starts[child.node + 2] += 1 }
    }
    for index in starts.indices.dropFirst() { starts[index] += starts[index - 1] }
    parents = Array(repeating: 0, count: starts[nodes.count + 1])
    for number in nodes.indices {
      for child in nodes[number].children {
        parents[starts[child.node + 1]] = number
        starts[child.node + 1] += 1
      }
    }
  }

  func parents(of node: Int) -> ArraySlice<Int> { parents[starts[node]..<starts[node + 1]] }
}
