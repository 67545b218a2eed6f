package import CheckpointIO
package import CheckpointTensors

/// A saved graph laid over the objects of the running program: what belongs to what, and what has no
/// counterpart.
///
/// Begins at a pair of roots and follows edges of the same name, breadth first. The first object
/// that a node meets is its object.
/// Source: tensorflow/python/checkpoint/restore.py, `CheckpointPosition`.
package struct GraphMatch {
  /// A stored value that goes into a variable.
  package struct Assignment {
    package let savedNode: Int
    package let key: TensorKey
    package let value: NodeValue
    /// The variable's place in the running program; `nil` for a slot variable made just now.
    package let liveNode: Int?
    /// The saved node of the pair that led here; for a slot variable its own.
    package let start: Int
  }

  /// A saved node that has values, and no object yet.
  package struct Deferred {
    package let savedNode: Int
    /// The object that will hold it.
    package let parent: NodeIdentity
    package weak var holder: AnyObject?
    /// The name under which.
    package let name: String
  }

  /// A saved slot variable whose variable or optimizer has no object yet.
  package struct DeferredSlot {
    package let optimizer: Int
    package let slot: ObjectGraph.SlotVariable
  }

  /// Two objects for one node, or two nodes for one object: only the first pair is restored.
  package struct Conflict {
    package let savedNode: Int
    package let liveNode: Int
    package let name: String
  }

  package private(set) var assignments: [Assignment] = []
  package private(set) var deferred: [Deferred] = []
  package private(set) var deferredSlots: [DeferredSlot] = []
  package private(set) var conflicts: [Conflict] = []
  /// For each saved node its object.
  package private(set) var bindings: Bindings

  /// A saved node and its object, and the saved node of the pair that led to them.
  private struct Pair {
    let saved: Int
    let live: Int
    let start: Int
  }

  /// A slot variable that the optimizer has made, and keeps once it has its value.
  private struct NewSlot {
    let provider: any SlotVariableProvider
    let name: String
    let original: any TensorVariable
    let variable: any TensorVariable
  }

  /// What tells a slot of a variable from others.
  private struct SlotPlace: Hashable {
    let optimizer: Int
    let original: Int
    let name: String
  }

  private let saved: ObjectGraph
  private let live: LiveGraph
  private var savedOfLive: [Int?]
  private var liveOfSaved: [Int?]
  private var newSlots: [NewSlot] = []

  /// Lays a saved graph over the running program.
  ///
  /// - Parameters:
  ///   - saved: The saved graph.
  ///   - live: The objects.
  ///   - pairs: Where to begin: saved nodes and their objects.
  ///   - bindings: Pairs known from before; `nil` for none.
  ///   - refused: Saved nodes of `pairs`, and slot variables, that are not to be matched.
  /// - Throws: What an optimizer throws that makes a slot variable.
  package init(
    _ saved: ObjectGraph,
    _ live: LiveGraph,
    from pairs: [(saved: Int, live: Int)],
    bindings: Bindings? = nil,
    without refused: Set<Int> = []
  ) throws(CheckpointError) {
    self.saved = saved
    self.live = live
    self.bindings = bindings ?? Bindings(nodeCount: saved.nodes.count)
    savedOfLive = bindings?.savedNodes(of: live) ?? Array(repeating: nil, count: live.nodes.count)
    liveOfSaved = Array(repeating: nil, count: saved.nodes.count)
    for (number, saved) in savedOfLive.enumerated() {
      if let saved { liveOfSaved[saved] = number }
    }
    matchNodes(from: pairs.filter { !refused.contains($0.saved) })
    try matchSlots(without: refused)
  }

  private mutating func matchNodes(from pairs: [(saved: Int, live: Int)]) {
    var queue: [Pair] = []
    queue.reserveCapacity(saved.nodes.count)
    for pair in pairs where bind(pair.saved, pair.live, name: "") {
      queue.append(Pair(saved: pair.saved, live: pair.live, start: pair.saved))
    }
    var next = 0
    while next < queue.count {
      let pair = queue[next]
      next += 1
      matchChildren(pair, &queue)
      guard let value = live.nodes[pair.live].value else { continue }
      assign(pair.saved, value, liveNode: pair.live, start: pair.start)
    }
    deferred.removeAll { bindings.isBound($0.savedNode) }  // reached by another way after all
  }

  // Follows the edges of one pair.
  private mutating func matchChildren(_ pair: Pair, _ queue: inout [Pair]) {
    var children = NamedChildren(live.children(of: pair.live))
    for child in saved.nodes[pair.saved].children {
      if let match = children.next(child.name) {
        guard bind(child.node, match, name: child.name) else { continue }
        queue.append(Pair(saved: child.node, live: match, start: pair.start))
      } else if !bindings.isBound(child.node), saved.nodes[child.node].mayHaveValues {
        deferred.append(
          Deferred(
            savedNode: child.node,
            parent: live.identity(of: pair.live),
            holder: live.holder(of: pair.live),
            name: child.name
          )
        )
      }
    }
  }

  // Pairs a node with an object, if both are free; whether they are a new pair.
  private mutating func bind(_ savedNode: Int, _ liveNode: Int, name: String) -> Bool {
    guard !bindings.isBound(savedNode), savedOfLive[liveNode] == nil else {
      if liveOfSaved[savedNode] != liveNode {
        conflicts.append(Conflict(savedNode: savedNode, liveNode: liveNode, name: name))
      }
      return false
    }
    bindings.bind(savedNode, live.identity(of: liveNode), live.holder(of: liveNode))
    note(savedNode, liveNode)
    return true
  }

  private mutating func note(_ savedNode: Int, _ liveNode: Int) {
    savedOfLive[liveNode] = savedNode
    liveOfSaved[savedNode] = liveNode
  }

  private mutating func assign(
    _ savedNode: Int,
    _ value: NodeValue,
    liveNode: Int?,
    start: Int
  ) {
    let stored = saved.nodes[savedNode].attributes.first { $0.name == value.attribute }
    guard let stored else { return }
    assignments.append(
      Assignment(
        savedNode: savedNode,
        key: TensorKey(stored.key),
        value: value,
        liveNode: liveNode,
        start: start
      )
    )
  }

  // MARK: Slot variables

  /// Gives optimizers the slot variables that they have made: to be called when these have values.
  package func keepSlotVariables() {
    for slot in newSlots {
      slot.provider.keepSlotVariable(slot.variable, as: slot.name, of: slot.original)
    }
  }

  // Pairs of earlier walks count too: variable and optimizer may come at different times.
  private mutating func matchSlots(without refused: Set<Int>) throws(CheckpointError) {
    var made: Set<SlotPlace> = []
    for (optimizer, node) in saved.nodes.enumerated() where !node.slotVariables.isEmpty {
      let provider = liveOfSaved[optimizer].map { live.nodes[$0].object }
      for slot in node.slotVariables where !bindings.isBound(slot.node) {
        guard let provider, let original = liveOfSaved[slot.original],
          !refused.contains(slot.node)
        else {
          deferredSlots.append(DeferredSlot(optimizer: optimizer, slot: slot))
          continue
        }
        let place = SlotPlace(optimizer: optimizer, original: original, name: slot.slotName)
        guard made.insert(place).inserted,
          let provider = provider as? any SlotVariableProvider,
          let variable = live.nodes[original].value?.variable
        else { continue }
        try matchSlot(slot, provider, variable)
      }
    }
  }

  private mutating func matchSlot(
    _ slot: ObjectGraph.SlotVariable,
    _ provider: any SlotVariableProvider,
    _ original: any TensorVariable
  ) throws(CheckpointError) {
    if let known = provider.slotVariable(slot.slotName, of: original) {
      return bind(slot, known, live.number(of: ObjectIdentifier(known)))
    }
    guard let made = try provider.makeSlotVariable(slot.slotName, for: original) else { return }
    bind(slot, made, nil)
    newSlots.append(
      NewSlot(provider: provider, name: slot.slotName, original: original, variable: made)
    )
  }

  private mutating func bind(
    _ slot: ObjectGraph.SlotVariable,
    _ variable: any TensorVariable,
    _ liveNode: Int?
  ) {
    guard liveNode.map({ savedOfLive[$0] == nil }) ?? true else { return }
    bindings.bind(slot.node, slotVariable: variable)
    if let liveNode { note(slot.node, liveNode) }
    let value = NodeValue.variable(variable)
    assign(slot.node, value, liveNode: liveNode, start: slot.node)
  }
}

extension ObjectGraph.Node {
  /// Whether it or a node below may have values; old files do not say.
  package var mayHaveValues: Bool {
    hasCheckpointValues
      ?? (!children.isEmpty || !attributes.isEmpty || !slotVariables.isEmpty
        || registeredSaver != nil)
  }
}

/// Children found by name, mostly in the order in which they stand: those of the saved object and of
/// the program's are the same, as a rule.
private struct NamedChildren {
  private let children: ArraySlice<ObjectGraph.Child>
  private var place: Int
  private lazy var table: [TensorKey: Int] = Dictionary(
    children.map { (TensorKey($0.name), $0.node) },
    uniquingKeysWith: { first, _ in first }
  )

  init(_ children: ArraySlice<ObjectGraph.Child>) {
    self.children = children
    place = children.startIndex
  }

  mutating func next(_ name: String) -> Int? {
    if place < children.endIndex, children[place].name.hasSameBytes(as: name) {
      place += 1
      return children[place - 1].node
    }
    guard children.count <= 8 else { return table[TensorKey(name)] }
    guard let found = children.firstIndex(where: { $0.name.hasSameBytes(as: name) }) else {
      return nil
    }
    place = found + 1
    return children[found].node
  }
}
