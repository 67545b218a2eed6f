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

  private let saved: SavedGraph
  private let live: LiveGraph
  private var savedOfLive: NodeNumbers
  private var liveOfSaved: NodeNumbers
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
    _ saved: SavedGraph,
    _ live: LiveGraph,
    from pairs: [(saved: Int, live: Int)],
    bindings: Bindings? = nil,
    without refused: Set<Int> = []
  ) throws(CheckpointError) {
    self.saved = saved
    self.live = live
    self.bindings = bindings ?? Bindings(nodeCount: saved.nodeCount)
    savedOfLive = bindings?.savedNodes(of: live) ?? NodeNumbers(count: live.nodes.count)
    liveOfSaved = NodeNumbers(count: saved.nodeCount)
    if bindings != nil {
      for number in live.nodes.indices {
        if let saved = savedOfLive[number] { liveOfSaved[saved] = number }
      }
    }
    matchNodes(from: pairs.filter { !refused.contains($0.saved) })
    try matchSlots(without: refused)
  }

  private mutating func matchNodes(from pairs: [(saved: Int, live: Int)]) {
    assignments.reserveCapacity(min(saved.attributes.elements.count, live.nodes.count))
    var queue: [Pair] = []
    for pair in pairs {
      match(Pair(saved: pair.saved, live: pair.live, start: pair.saved), name: nil, &queue)
    }
    var next = 0
    while next < queue.count {
      matchChildren(queue[next], &queue)
      next += 1
    }
    deferred.removeAll { bindings.isBound($0.savedNode) }  // reached by another way after all
  }

  // Pairs a node with an object, if both are free; their children come later.
  private mutating func match(_ pair: Pair, name: SavedGraph.Text?, _ queue: inout [Pair]) {
    guard !bindings.isBound(pair.saved), savedOfLive[pair.live] == nil else {
      guard liveOfSaved[pair.saved] != pair.live else { return }
      let name = name.map(saved.string) ?? ""
      conflicts.append(Conflict(savedNode: pair.saved, liveNode: pair.live, name: name))
      return
    }
    let identity = live.identity(of: pair.live)
    bindings.bind(pair.saved, identity, live.holder(of: pair.live), at: pair.live)
    note(pair.saved, pair.live)
    if let value = live.nodes[pair.live].value {
      assign(pair.saved, value, liveNode: pair.live, start: pair.start)
    }
    if !saved.children.range(of: pair.saved).isEmpty { queue.append(pair) }
  }

  // Follows the edges of one pair.
  private mutating func matchChildren(_ pair: Pair, _ queue: inout [Pair]) {
    var children = NamedChildren(live.children(of: pair.live))
    for edge in saved.children.range(of: pair.saved) {
      let child = saved.children.elements[edge]
      let node = Int(child.node)
      if let object = children.next(saved.bytes(child.name)) {
        match(Pair(saved: node, live: object, start: pair.start), name: child.name, &queue)
      } else if !bindings.isBound(node), saved.mayHaveValues(node) {
        deferred.append(
          Deferred(
            savedNode: node,
            parent: live.identity(of: pair.live),
            holder: live.holder(of: pair.live),
            name: saved.string(child.name)
          )
        )
      }
    }
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
    let name = value.attribute.utf8
    let stored = saved.attributes.range(of: savedNode).first {
      saved.bytes(saved.attributes.elements[$0].name).matches(name.span)
    }
    guard let stored else { return }
    assignments.append(
      Assignment(
        savedNode: savedNode,
        key: TensorKey(copying: saved.bytes(saved.attributes.elements[stored].key)),
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
    for optimizer in saved.nodes.indices {
      let places = saved.slots.range(of: optimizer)
      guard !places.isEmpty else { continue }
      let provider = liveOfSaved[optimizer].map { live.nodes[$0].object }
      for place in places {
        let slot = saved.slotVariable(saved.slots.elements[place])
        guard !bindings.isBound(slot.node) else { continue }
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
    bindings.bind(slot.node, to: variable, at: liveNode)
    if let liveNode { note(slot.node, liveNode) }
    let value = NodeValue.variable(variable)
    assign(slot.node, value, liveNode: liveNode, start: slot.node)
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

  mutating func next(_ name: Span<UInt8>) -> Int? {
    if place < children.endIndex, children[place].name.utf8.span.matches(name) {
      place += 1
      return children[place - 1].node
    }
    guard children.count <= 8 else { return table[TensorKey(copying: name)] }
    let found = children.firstIndex { $0.name.utf8.span.matches(name) }
    guard let found else { return nil }
    place = found + 1
    return children[found].node
  }
}
