package import CheckpointIO
import CheckpointTensors

/// A saved graph laid over the objects of the running program: what belongs to what, and what has no
/// counterpart.
///
/// Begins at a pair of roots and follows edges of the same name, breadth first. The first object
/// that a node meets is its object. An object may be met by several nodes: it gets the children of
/// all, and the value of the first that has one.
/// Source: tensorflow/python/checkpoint/restore.py, `CheckpointPosition`.
package struct GraphMatch {
  package private(set) var assignments: [Assignment] = []
  package private(set) var deferred: [Deferred] = []
  package private(set) var deferredSlots: [DeferredSlot] = []
  package private(set) var conflicts: [Conflict] = []
  /// The object of each saved node.
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

  /// A slot variable made just now, and the saved node that it was made for.
  private typealias MadeSlot = (variable: any TensorVariable, node: Int)

  private let saved: SavedGraph
  private let live: LiveGraph
  private var liveOfSaved: NodeNumbers
  // For each node of the program, the saved node that its value comes from.
  private var sources: NodeNumbers
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
    _ saved: SavedGraph, _ live: LiveGraph, from pairs: [(saved: Int, live: Int)],
    bindings: Bindings? = nil, without refused: Set<Int> = []
  ) throws(CheckpointError) {
    self.saved = saved
    self.live = live
    self.bindings = bindings ?? Bindings(nodeCount: saved.nodeCount)
    liveOfSaved = bindings?.liveNodes(of: live) ?? NodeNumbers(count: saved.nodeCount)
    sources = NodeNumbers(count: live.nodes.count)
    if bindings != nil { noteSources() }
    matchNodes(from: pairs.filter { !refused.contains($0.saved) })
    try matchSlots(without: refused)
  }

  // Pairs of earlier walks count too.
  private mutating func noteSources() {
    for saved in liveOfSaved.indices {
      guard let number = liveOfSaved[saved], sources[number] == nil,
        let value = live.nodes[number].value, hasStored(value, in: saved)
      else { continue }
      sources[number] = saved
    }
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

  // Pairs a saved node with an object, unless the node has one already; their children come later.
  private mutating func match(_ pair: Pair, name: SavedGraph.Text?, _ queue: inout [Pair]) {
    guard !bindings.isBound(pair.saved) else {
      guard liveOfSaved[pair.saved] != pair.live else { return }
      let name = name.map(saved.string) ?? ""
      conflicts.append(Conflict(savedNode: pair.saved, liveNode: pair.live, name: name))
      return
    }
    let identity = live.identity(of: pair.live)
    bindings.bind(pair.saved, identity, live.holder(of: pair.live), at: pair.live)
    liveOfSaved[pair.saved] = pair.live
    if let value = live.nodes[pair.live].value {
      let name = name.map(saved.string)
      assign(pair.saved, value, liveNode: pair.live, start: pair.start, name: name ?? "")
    }
    if !saved.children.range(of: pair.saved).isEmpty { queue.append(pair) }
  }

  // Follows the edges of one pair.
  private mutating func matchChildren(_ pair: Pair, _ queue: inout [Pair]) {
    var children = NamedChildren(live.children(of: pair.live))
    let former = FormerChildren(of: pair.live, live, under: pair.saved, saved)
    for edge in saved.children.range(of: pair.saved) {
      let child = saved.children.elements[edge]
      let node = Int(child.node)
      if let object = children.next(saved.bytes(child.name)) {
        match(Pair(saved: node, live: object, start: pair.start), name: child.name, &queue)
      } else if let object = former?.children[edge] {
        match(Pair(saved: node, live: object, start: pair.start), name: child.name, &queue)
      } else if let object = former?.conflicts[edge] {
        let name = saved.string(child.name)
        conflicts.append(Conflict(savedNode: node, liveNode: object, name: name))
      } else if !bindings.isBound(node), saved.mayHaveValues(node) {
        deferred.append(
          Deferred(
            savedNode: node, parent: live.identity(of: pair.live),
            holder: live.holder(of: pair.live), name: saved.string(child.name)))
      }
    }
  }

  // The value goes to the first node that has one for it.
  private mutating func assign(
    _ savedNode: Int, _ value: NodeValue, liveNode: Int?, start: Int,
    name: @autoclosure () -> String
  ) {
    let place = (savedNode, liveNode, start)
    switch value {
    case .variable(let variable), .state(let variable):
      guard let attribute = stored(value.attribute, in: savedNode),
        takeSource(savedNode, of: liveNode, name)
      else { return }
      assign(variable, TensorKey(copying: saved.bytes(attribute.key)), isPart: false, place)
    case .attributes(let attributes):
      guard hasStored(value, in: savedNode), takeSource(savedNode, of: liveNode, name) else {
        return
      }
      for member in attributes.members {
        guard let key = key(of: member, attributes, in: savedNode) else { continue }
        assign(member.variable, key, isPart: true, place)
        noteConflict(of: member, attributes, savedNode, liveNode)
      }
    }
  }

  // Notes an attribute that was saved under two of its names.
  private mutating func noteConflict(
    of member: NodeAttributes.Member, _ attributes: NodeAttributes, _ savedNode: Int,
    _ liveNode: Int?
  ) {
    guard let liveNode, !member.formerNames.isEmpty else { return }
    let names = attributes.attributes(of: member).filter { stored($0, in: savedNode) != nil }
    guard names.count > 1 else { return }
    conflicts.append(Conflict(savedNode: savedNode, liveNode: liveNode, name: names[1]))
  }

  // Takes a saved node as the source of a node's value; false, with a conflict, if there is a source already.
  private mutating func takeSource(_ savedNode: Int, of liveNode: Int?, _ name: () -> String)
    -> Bool
  {
    guard let liveNode else { return true }
    if let source = sources[liveNode] {
      conflicts.append(
        Conflict(savedNode: savedNode, liveNode: liveNode, name: name(), source: source))
      return false
    }
    sources[liveNode] = savedNode
    return true
  }

  private mutating func assign(
    _ variable: any TensorVariable, _ key: TensorKey, isPart: Bool,
    _ place: (savedNode: Int, liveNode: Int?, start: Int)
  ) {
    assignments.append(
      Assignment(
        savedNode: place.savedNode, key: key, variable: variable, isPart: isPart,
        liveNode: place.liveNode, start: place.start))
  }

  // Whether a saved node has all of a value.
  private func hasStored(_ value: NodeValue, in savedNode: Int) -> Bool {
    guard case .attributes(let attributes) = value else {
      return stored(value.attribute, in: savedNode) != nil
    }
    return attributes.members.allSatisfy { key(of: $0, attributes, in: savedNode) != nil }
  }

  private func stored(_ attribute: String, in savedNode: Int) -> SavedGraph.Attribute? {
    let attributes = saved.attributes.range(of: savedNode)
    let place = attributes.first {
      attribute.utf8.matches(saved.bytes(saved.attributes.elements[$0].name))
    }
    return place.map { saved.attributes.elements[$0] }
  }

  // A member's tensor may have an attribute of its own, or a key that begins with the attribute of the whole
  // group: TensorFlow has written both.
  private func key(
    of member: NodeAttributes.Member, _ attributes: NodeAttributes, in savedNode: Int
  ) -> TensorKey? {
    for name in attributes.attributes(of: member) {
      if let own = stored(name, in: savedNode) {
        return TensorKey(copying: saved.bytes(own.key))
      }
    }
    guard let prefix = attributes.prefix, let all = stored(prefix, in: savedNode) else {
      return nil
    }
    return TensorKey(bytes: Array(copying: saved.bytes(all.key)) + member.name.utf8)
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
    var made: [SlotPlace: MadeSlot] = [:]
    for hasFormerName in [false, true] {  // those of the present names come first
      try matchSlots(hasFormerName: hasFormerName, without: refused, &made)
    }
  }

  private mutating func matchSlots(
    hasFormerName: Bool, without refused: Set<Int>, _ made: inout [SlotPlace: MadeSlot]
  ) throws(CheckpointError) {
    for optimizer in saved.nodes {
      for place in saved.slots.range(of: optimizer) {
        var slot = saved.slotVariable(saved.slots.elements[place])
        guard !bindings.isBound(slot.node) else { continue }
        guard let owner = liveOfSaved[optimizer], let original = liveOfSaved[slot.original],
          !refused.contains(slot.node)
        else {
          if !hasFormerName {
            deferredSlots.append(DeferredSlot(optimizer: optimizer, slot: slot))
          }
          continue
        }
        let provider = live.nodes[owner].object as? any SlotVariableProvider
        let present = provider?.presentName(ofFormer: slot.slotName)
        guard hasFormerName == (present != nil) else { continue }
        slot.slotName = present ?? slot.slotName
        let place = SlotPlace(optimizer: owner, original: original, name: slot.slotName)
        try matchSlot(slot, at: place, &made)
      }
    }
  }

  private mutating func matchSlot(
    _ slot: ObjectGraph.SlotVariable, at place: SlotPlace,
    _ made: inout [SlotPlace: MadeSlot]
  ) throws(CheckpointError) {
    guard let provider = live.nodes[place.optimizer].object as? any SlotVariableProvider,
      let original = live.nodes[place.original].value?.variable
    else { return }
    if let known = provider.slotVariable(slot.slotName, of: original) {
      return bind(slot, known, live.number(of: ObjectIdentifier(known)))
    }
    if let known = made[place] {  // for another saved variable, or another saved optimizer
      bindings.bind(slot.node, to: known.variable, at: nil)
      conflicts.append(
        Conflict(
          savedNode: slot.node, liveNode: place.original, name: slot.slotName, source: known.node))
      return
    }
    guard let variable = try provider.makeSlotVariable(slot.slotName, for: original) else { return }
    made[place] = (variable, slot.node)
    bind(slot, variable, nil)
    newSlots.append(
      NewSlot(provider: provider, name: slot.slotName, original: original, variable: variable))
  }

  private mutating func bind(
    _ slot: ObjectGraph.SlotVariable, _ variable: any TensorVariable, _ liveNode: Int?
  ) {
    bindings.bind(slot.node, to: variable, at: liveNode)
    if let liveNode { liveOfSaved[slot.node] = liveNode }
    assign(
      slot.node, .variable(variable), liveNode: liveNode, start: slot.node, name: slot.slotName)
  }
}
