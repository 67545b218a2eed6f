import CheckpointIO
package import CheckpointTensors

/// What a graph is saved as, but for the values: it stays right as long as every walk finds the same objects under
/// the same names.
package final class SavedForm: Sendable {
  /// The message of the graph as a checkpoint stores it, see ``ObjectGraph``.
  package let message: [UInt8]
  /// The keys in the order in which values are stored: tensors in the order of the nodes, then states.
  package let keys: [TensorKey]
  /// How many of them are of tensors.
  package let tensorCount: Int

  // All that message and keys depend on.
  private let values: [ValueForm]
  private let edges: FlatLists<ObjectGraph.Child>
  private let slots: FlatLists<ObjectGraph.SlotVariable>

  init(of live: LiveGraph, message: [UInt8], keys: [TensorKey], tensorCount: Int) {
    (self.message, self.keys, self.tensorCount) = (message, keys, tensorCount)
    values = live.nodes.map { ValueForm($0.value) }
    (edges, slots) = (live.edges, live.slots)
  }

  /// Whether a graph is saved as this.
  func isForm(of live: LiveGraph) -> Bool {
    guard values.count == live.nodes.count,
      edges.isEqual(to: live.edges, { $0.node == $1.node && $0.name.hasSameBytes(as: $1.name) }),
      slots.isEqual(
        to: live.slots,
        {
          $0.node == $1.node && $0.original == $1.original
            && $0.slotName.hasSameBytes(as: $1.slotName)
        })
    else { return false }
    let nodes = live.nodes.span  // looked at in their places: copies would count references
    for index in nodes.indices where !values[index].isForm(of: nodes[index].value) { return false }
    return true
  }
}

/// What the keys of a node's values and its part of the message depend on.
private enum ValueForm: Sendable {
  case nothing
  case variable(name: String?)
  case state
  case attributes(prefix: String?, names: [String])

  init(_ value: NodeValue?) {
    switch value {
    case .variable(let variable): self = .variable(name: variable.name)
    case .state: self = .state
    case .attributes(let attributes):
      self = .attributes(prefix: attributes.prefix, names: attributes.members.map(\.name))
    case nil: self = .nothing
    }
  }

  func isForm(of value: NodeValue?) -> Bool {
    switch (self, value) {
    case (.nothing, nil), (.state, .state): true
    case (.variable(let name), .variable(let variable)): Self.isSame(name, variable.name)
    case (.attributes(let prefix, let names), .attributes(let attributes)):
      Self.isSame(prefix, attributes.prefix) && names.count == attributes.members.count
        && zip(names, attributes.members).allSatisfy { $0.hasSameBytes(as: $1.name) }
    default: false
    }
  }

  private static func isSame(_ one: String?, _ other: String?) -> Bool {
    guard let one, let other else { return one == nil && other == nil }
    return one.hasSameBytes(as: other)
  }
}
