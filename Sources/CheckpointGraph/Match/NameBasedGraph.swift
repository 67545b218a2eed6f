package import CheckpointIO
package import CheckpointTensors

/// A name-based checkpoint as an object graph: that of the running program, each variable with the
/// tensor of its name.
///
/// An optimizer is asked for the slot variables that the checkpoint has values for. Tensors that no
/// variable has the name of are nodes that nothing leads to: they are left over, or wait for a
/// variable that comes later. A graph of objects is no value.
/// Source: tensorflow/python/checkpoint/checkpoint.py, `NameBasedSaverStatus`.
package struct NameBasedGraph {
  /// The graph.
  package let graph: SavedGraph
  /// The nodes of the tensors that are left over, by name.
  package let leftovers: [TensorKey: Int]

  /// Finds the tensors of the variables.
  ///
  /// - Throws: What listing the checkpoint throws.
  package init(_ live: LiveGraph, in reader: any TensorReader) throws(CheckpointError) {
    var graph = ObjectGraph(withoutValues: live)
    var entries: Set<TensorKey> = []
    try reader.forEachEntry { entries.insert($0.key) }
    entries.remove(TensorKey(ObjectGraph.key))  // of a checkpoint of objects whose names count
    var used: Set<TensorKey> = []
    for number in graph.nodes.indices {
      let names = live.names(of: number)
      if let tensors = live.attributes(of: number) {
        let found = names.lazy.map { name in
          tensors.map { (attribute: $0.attribute, key: TensorKey(name + $0.name)) }
        }.first { $0.allSatisfy { entries.contains($0.key) } }
        guard let found else { continue }
        graph.nodes[number].attributes = found.map { Self.attribute($0.key, $0.attribute) }
        used.formUnion(found.map(\.key))
        continue
      }
      guard let name = names.lazy.map({ TensorKey($0) }).first(where: entries.contains) else {
        continue
      }
      graph.nodes[number].attributes = [Self.attribute(name)]
      used.insert(name)
    }
    for slot in live.possibleSlots() {
      let names = slot.names.map { TensorKey($0) }
      guard let name = names.first(where: entries.contains) else { continue }
      graph.nodes[slot.optimizer].slotVariables.append(
        ObjectGraph.SlotVariable(
          original: slot.variable, slotName: slot.slotName, node: graph.nodes.count))
      graph.nodes.append(Self.node(name))
      used.insert(name)
    }
    var leftovers: [TensorKey: Int] = [:]
    for name in entries.subtracting(used).sorted() {
      leftovers[name] = graph.nodes.count
      graph.nodes.append(Self.node(name))
    }
    self.graph = try SavedGraph(message: graph.message)
    self.leftovers = leftovers
  }

  private static func node(_ name: TensorKey) -> ObjectGraph.Node {
    var node = ObjectGraph.Node()
    node.attributes = [attribute(name)]
    return node
  }

  private static func attribute(
    _ name: TensorKey, _ attribute: String = CheckpointKey.variableValue
  ) -> ObjectGraph.Attribute {
    let name = name.description
    return ObjectGraph.Attribute(name: attribute, fullName: name, key: name)
  }
}

extension ObjectGraph {
  // What a program has, but for the values: nodes, what they depend on, and slot variables.
  fileprivate init(withoutValues live: LiveGraph) {
    let hasValues = live.nodesWithValues()
    self.init(
      nodes: live.nodes.indices.map { number in
        var node = Node()
        node.children = Array(live.edges[number])
        node.slotVariables = Array(live.slots[number])
        node.hasCheckpointValues = hasValues[number]
        return node
      })
  }
}
