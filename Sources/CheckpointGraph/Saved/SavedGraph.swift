import CheckpointIO

/// The object graph of a checkpoint as its message has it: numbers, and places of texts in the message.
///
/// A restore looks at this one. ``ObjectGraph`` is the same for people: its nodes have arrays and strings
/// of their own, which take longer to make and to give back than a restore takes to match them.
package struct SavedGraph: Sendable {
  /// Where a text is in the message: UTF-8, as has been checked.
  struct Text {
    let start: UInt32
    let count: UInt32

    static let empty = Text(start: 0, count: 0)
  }

  /// See ``ObjectGraph/Child``.
  struct Child {
    var name = Text.empty
    var node = 0 as Int32
  }

  /// See ``ObjectGraph/Attribute``.
  struct Attribute {
    var name = Text.empty
    var fullName = Text.empty
    var key = Text.empty
    var isOptional = false
  }

  /// See ``ObjectGraph/SlotVariable``.
  struct Slot {
    var original = 0 as Int32
    var name = Text.empty
    var node = 0 as Int32
  }

  /// What a node has besides its lists; see ``ObjectGraph/Node``.
  struct Node {
    var registeredSaver: Text?
    var hasCheckpointValues: Bool?
  }

  let message: [UInt8]
  var nodes: [Node] = []
  var children = FlatLists<Child>()
  var attributes = FlatLists<Attribute>()
  var slots = FlatLists<Slot>()

  /// How many nodes there are; the first is the root.
  package var nodeCount: Int { nodes.count }

  /// Whether a node has values that a program should not do without, here or in files of its own
  /// saver.
  package func hasOwnValues(_ node: Int) -> Bool {
    nodes[node].registeredSaver != nil
      || attributes.range(of: node).contains { !attributes.elements[$0].isOptional }
  }

  /// Whether a node or one below it may have values; old files do not say.
  package func mayHaveValues(_ node: Int) -> Bool {
    nodes[node].hasCheckpointValues
      ?? (!children.range(of: node).isEmpty || !attributes.range(of: node).isEmpty
        || !slots.range(of: node).isEmpty || nodes[node].registeredSaver != nil)
  }

  // MARK: Texts

  /// The bytes of a text.
  @_lifetime(borrow self)
  func bytes(_ text: Text) -> Span<UInt8> {
    message.span.extracting(Int(text.start)..<Int(text.start) + Int(text.count))
  }

  /// A text as a string.
  func string(_ text: Text) -> String {
    String(decoding: message[Int(text.start)..<Int(text.start) + Int(text.count)], as: UTF8.self)
  }

  /// A slot variable, with its name as a string.
  func slotVariable(_ slot: Slot) -> ObjectGraph.SlotVariable {
    ObjectGraph.SlotVariable(
      original: Int(slot.original),
      slotName: string(slot.name),
      node: Int(slot.node)
    )
  }
}

extension ObjectGraph {
  /// Takes a graph out of its message.
  package init(_ saved: SavedGraph) {
    nodes = saved.nodes.indices.map { number in
      var node = Node()
      node.children = saved.children[number].map { child in
        Child(name: saved.string(child.name), node: Int(child.node))
      }
      node.attributes = saved.attributes[number].map(saved.attribute)
      node.slotVariables = saved.slots[number].map(saved.slotVariable)
      node.registeredSaver = saved.nodes[number].registeredSaver.map(saved.string)
      node.hasCheckpointValues = saved.nodes[number].hasCheckpointValues
      return node
    }
  }
}

extension SavedGraph {
  fileprivate func attribute(_ attribute: Attribute) -> ObjectGraph.Attribute {
    var copy = ObjectGraph.Attribute(
      name: string(attribute.name),
      fullName: string(attribute.fullName),
      key: string(attribute.key)
    )
    copy.isOptional = attribute.isOptional
    return copy
  }
}
