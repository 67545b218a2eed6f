import CheckpointIO
package import CheckpointTensors

/// The object graph of a checkpoint as its message has it: numbers, and places of texts in the message.
///
/// A restore looks at this one. ``ObjectGraph`` is the same for people: its nodes have arrays and strings
/// of their own, which take longer to make and to give back than a restore takes to match them.
package struct SavedGraph: Sendable {
  /// Where a text is in the message: UTF-8, as has been checked.
  package struct Text: Sendable {
    let start: UInt32
    let count: UInt32

    var isEmpty: Bool { count == 0 }

    static let empty = Text(start: 0, count: 0)
  }

  /// See ``ObjectGraph/Child``.
  package struct Child: Sendable {
    package var name = Text.empty
    package var node = 0 as Int32
  }

  /// See ``ObjectGraph/Attribute``.
  package struct Attribute: Sendable {
    var name = Text.empty
    var fullName = Text.empty
    var key = Text.empty
    var isOptional = false
  }

  /// See ``ObjectGraph/SlotVariable``.
  package struct Slot: Sendable {
    package var original = 0 as Int32
    package var name = Text.empty
    package var node = 0 as Int32
  }

  /// Whether it or a node below it has values; see ``ObjectGraph/Node``.
  enum HasValues: UInt8 { case no, yes, unknown }

  let message: [UInt8]
  /// For each node, whether it or a node below it has values.
  var hasValues: [HasValues] = []
  /// The nodes that another saver keeps the values of; few, if any.
  var registeredSavers: [Int32: Text] = [:]
  /// What each node depends on.
  package internal(set) var children = FlatLists<Child>()
  /// The values of each node.
  var attributes = FlatLists<Attribute>()
  /// The variables that each node keeps for others.
  package internal(set) var slots = FlatLists<Slot>()

  /// How many nodes there are; the first is the root.
  package var nodeCount: Int { hasValues.count }

  /// The numbers of the nodes.
  package var nodes: Range<Int> { 0..<nodeCount }

  /// Whether a node has values.
  package func hasAttributes(_ node: Int) -> Bool { !attributes.range(of: node).isEmpty }

  /// How many values there are.
  package var attributeCount: Int { attributes.elements.count }

  /// Whether a node has values that a program should not do without, here or in files of its own
  /// saver.
  package func hasOwnValues(_ node: Int) -> Bool {
    registeredSavers[Int32(node)] != nil
      || attributes.range(of: node).contains { !attributes.elements[$0].isOptional }
  }

  /// Whether a node or one below it may have values; old files do not say.
  package func mayHaveValues(_ node: Int) -> Bool {
    switch hasValues[node] {
    case .yes: true
    case .no: false
    case .unknown:
      !children.range(of: node).isEmpty || !attributes.range(of: node).isEmpty
        || !slots.range(of: node).isEmpty || registeredSavers[Int32(node)] != nil
    }
  }

  /// The child of a node that has a name: the first, if there are several.
  func child(named name: String, of node: Int) -> Int? {
    children[node].first { name.utf8.matches(bytes($0.name)) }.map { Int($0.node) }
  }

  // MARK: Texts

  /// The bytes of a text.
  @_lifetime(borrow self)
  func bytes(_ text: Text) -> Span<UInt8> {
    message.span.extracting(Int(text.start)..<Int(text.start) + Int(text.count))
  }

  /// A text as a string.
  package func string(_ text: Text) -> String {
    String(decoding: message[Int(text.start)..<Int(text.start) + Int(text.count)], as: UTF8.self)
  }

  /// A slot variable, with its name as a string.
  package func slotVariable(_ slot: Slot) -> ObjectGraph.SlotVariable {
    ObjectGraph.SlotVariable(
      original: Int(slot.original), slotName: string(slot.name), node: Int(slot.node))
  }

  /// The values of a node, with their names as strings.
  package func attributes(of node: Int) -> [ObjectGraph.Attribute] {
    attributes[node].map(attribute)
  }

  /// The name of the saver that keeps the values of a node in files of its own.
  package func registeredSaver(of node: Int) -> String? {
    registeredSavers.isEmpty ? nil : registeredSavers[Int32(node)].map(string)
  }

  /// Calls `body` with the full name and the key of each variable that has one, in the order of the
  /// nodes.
  package func forEachFullName(_ body: (_ name: TensorKey, _ key: TensorKey) -> Void) {
    for attribute in attributes.elements.indices {
      let (name, key) = (
        attributes.elements[attribute].fullName, attributes.elements[attribute].key
      )
      if !name.isEmpty { body(TensorKey(copying: bytes(name)), TensorKey(copying: bytes(key))) }
    }
  }
}

extension SavedGraph {
  /// Calls `body` with the key of each value of a node, and of all that it leads to: its children, and the slot
  /// variables that it keeps for others.
  ///
  /// - Parameters:
  ///   - node: One of ``nodes``.
  ///   - body: Gets the keys, each as often as the graph has it.
  package func forEachKey(below node: Int, _ body: (TensorKey) -> Void) {
    var seen = [Bool](repeating: false, count: nodeCount)
    var open = [node]
    seen[node] = true
    while let node = open.popLast() {
      for attribute in attributes[node] { body(TensorKey(copying: bytes(attribute.key))) }
      for next in children[node].map(\.node) + slots[node].map(\.node) where !seen[Int(next)] {
        seen[Int(next)] = true
        open.append(Int(next))
      }
    }
  }
}

extension ObjectGraph {
  /// Takes a graph out of its message.
  package init(_ saved: SavedGraph) {
    nodes = saved.nodes.map { number in
      var node = Node()
      node.children = saved.children[number].map { child in
        Child(name: saved.string(child.name), node: Int(child.node))
      }
      node.attributes = saved.attributes(of: number)
      node.slotVariables = saved.slots[number].map(saved.slotVariable)
      node.registeredSaver = saved.registeredSaver(of: number)
      node.hasCheckpointValues =
        saved.hasValues[number] == .unknown ? nil : saved.hasValues[number] == .yes
      return node
    }
  }
}

extension SavedGraph {
  fileprivate func attribute(_ attribute: Attribute) -> ObjectGraph.Attribute {
    var copy = ObjectGraph.Attribute(
      name: string(attribute.name), fullName: string(attribute.fullName), key: string(attribute.key)
    )
    copy.isOptional = attribute.isOptional
    return copy
  }
}
