package import CheckpointIO
import CheckpointTensors

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
    package let attribute: ObjectGraph.Attribute
    package let value: NodeValue
    /// The variable's place in the running program; `nil` for a slot variable made just now.
    package let liveNode: Int?
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
  /// For each saved node its object, known by identity.
  package private(set) var bindings: Bindings

  private let saved: ObjectGraph
  private let live: LiveGraph
  private let makesSlotVariables: Bool

  /// The pairs found so far, also in earlier walks.
  package struct Bindings {
    // An object that is gone has its place in memory taken by another one, with the same identity.
    private struct Bound {
      let saved: Int
      weak let holder: AnyObject?
    }

    package private(set) var liveOfSaved: [Int: NodeIdentity] = [:]
    private var savedOfLive: [NodeIdentity: Bound] = [:]

    package init() {}

    /// The saved node that an object was paired with.
    package func saved(for node: LiveGraph.Node) -> Int? { saved(node.identity, node.holder) }

    /// The saved node that a slot variable was paired with, which no walk may have met yet.
    package func saved(forSlotVariable variable: any TensorVariable) -> Int? {
      saved(NodeIdentity(ObjectIdentifier(variable)), variable)
    }

    fileprivate func saved(_ live: NodeIdentity, _ holder: AnyObject) -> Int? {
      guard let bound = savedOfLive[live], bound.holder === holder else { return nil }
      return bound.saved
    }

    fileprivate mutating func bind(_ saved: Int, _ live: NodeIdentity, _ holder: AnyObject) {
      liveOfSaved[saved] = live
      savedOfLive[live] = Bound(saved: saved, holder: holder)
    }
  }

  /// Lays a saved graph over the running program.
  ///
  /// - Parameters:
  ///   - saved: The saved graph.
  ///   - live: The objects.
  ///   - pairs: Where to begin: saved nodes and their objects.
  ///   - bindings: Pairs known from before.
  ///   - makesSlotVariables: Whether optimizers are asked to make slot variables that they lack.
  /// - Throws: What an optimizer throws that makes a slot variable.
  package init(
    _ saved: ObjectGraph,
    _ live: LiveGraph,
    from pairs: [(saved: Int, live: Int)],
    bindings: Bindings = Bindings(),
    makesSlotVariables: Bool = true
  ) throws(CheckpointError) {
    self.saved = saved
    self.live = live
    self.makesSlotVariables = makesSlotVariables
    self.bindings = bindings
    var queue: [(saved: Int, live: Int)] = []
    for pair in pairs where bind(pair.saved, pair.live, name: "") { queue.append(pair) }
    var next = 0
    while next < queue.count {
      let pair = queue[next]
      next += 1
      matchChildren(pair.saved, pair.live, &queue)
      assign(pair.saved, live.nodes[pair.live].value, liveNode: pair.live)
    }
    let bound = self.bindings.liveOfSaved
    deferred.removeAll { bound[$0.savedNode] != nil }  // reached by another way after all
    try matchSlots()
  }

  // Follows the edges of one pair.
  private mutating func matchChildren(
    _ savedNode: Int,
    _ liveNode: Int,
    _ queue: inout [(saved: Int, live: Int)]
  ) {
    let object = live.nodes[liveNode]
    let children = NamedChildren(object.children)
    for child in saved.nodes[savedNode].children {
      guard let match = children[child.name] else {
        guard bindings.liveOfSaved[child.node] == nil, saved.nodes[child.node].mayHaveValues else {
          continue
        }
        deferred.append(
          Deferred(
            savedNode: child.node,
            parent: object.identity,
            holder: object.holder,
            name: child.name
          )
        )
        continue
      }
      if bind(child.node, match, name: child.name) { queue.append((child.node, match)) }
    }
  }

  // Pairs a node with an object, if both are free; whether they are a new pair.
  private mutating func bind(_ savedNode: Int, _ liveNode: Int, name: String) -> Bool {
    let object = live.nodes[liveNode]
    let identity = object.identity
    let (known, other) = (bindings.liveOfSaved[savedNode], bindings.saved(for: object))
    guard known == nil, other == nil else {
      if known != identity {
        conflicts.append(Conflict(savedNode: savedNode, liveNode: liveNode, name: name))
      }
      return false
    }
    bindings.bind(savedNode, identity, object.holder)
    return true
  }

  private mutating func assign(_ savedNode: Int, _ value: NodeValue?, liveNode: Int?) {
    guard let value else { return }
    let stored = saved.nodes[savedNode].attributes.first { $0.name == value.attribute }
    guard let stored else { return }
    assignments.append(
      Assignment(savedNode: savedNode, attribute: stored, value: value, liveNode: liveNode)
    )
  }

  // MARK: Slot variables

  private mutating func matchSlots() throws(CheckpointError) {
    // Pairs of earlier walks count too: variable and optimizer may come at different times.
    var numbers: [NodeIdentity: Int] = [:]
    let hasSlots = saved.nodes.contains { !$0.slotVariables.isEmpty }
    guard hasSlots else { return }
    for number in live.nodes.indices { numbers[live.nodes[number].identity] = number }
    for (optimizer, node) in saved.nodes.enumerated() where !node.slotVariables.isEmpty {
      let provider = bindings.liveOfSaved[optimizer].flatMap { numbers[$0] }
        .map { live.nodes[$0].object }
      for slot in node.slotVariables where bindings.liveOfSaved[slot.node] == nil {
        let variable = bindings.liveOfSaved[slot.original].flatMap { numbers[$0] }
        guard let provider, let variable else {
          deferredSlots.append(DeferredSlot(optimizer: optimizer, slot: slot))
          continue
        }
        try matchSlot(slot, provider, variable, numbers)
      }
    }
  }

  private mutating func matchSlot(
    _ slot: ObjectGraph.SlotVariable,
    _ provider: any Checkpointable,
    _ variable: Int,
    _ numbers: [NodeIdentity: Int]
  ) throws(CheckpointError) {
    guard let provider = provider as? any SlotVariableProvider,
      let original = live.nodes[variable].value?.variable
    else { return }
    var object = provider.slotVariable(slot.slotName, of: original)
    if object == nil, makesSlotVariables {
      object = try provider.makeSlotVariable(slot.slotName, for: original)
    }
    guard let object else { return }
    let identity = NodeIdentity(ObjectIdentifier(object))
    guard bindings.saved(identity, object) == nil else { return }
    bindings.bind(slot.node, identity, object)
    let value = NodeValue(CheckpointKey.variableValue, object)
    assign(slot.node, value, liveNode: numbers[identity])
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

/// Children found by name: by looking through a few, by a table among many.
private struct NamedChildren {
  private let children: [ObjectGraph.Child]
  private var table: [TensorKey: Int] = [:]

  init(_ children: [ObjectGraph.Child]) {
    self.children = children
    guard children.count > 8 else { return }
    for child in children { table[TensorKey(child.name)] = child.node }
  }

  subscript(name: String) -> Int? {
    guard children.count <= 8 else { return table[TensorKey(name)] }
    return children.first { $0.name.hasSameBytes(as: name) }?.node
  }
}
