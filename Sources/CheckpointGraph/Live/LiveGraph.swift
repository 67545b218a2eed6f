package import CheckpointIO
import CheckpointTensors

/// The objects of the running program, found from a root by one walk.
///
/// Nodes are numbered breadth first, children in the order of their registration; an object that is
/// reached several times is one node. Slot variables follow after all others.
/// Source: tensorflow/python/checkpoint/graph_view.py, `ObjectGraphView.breadth_first_traversal`.
package struct LiveGraph {
  /// One object.
  package struct Node {
    /// The object; for an array or a plain property one that stands for it.
    package let object: any Checkpointable
    /// What tells it from others.
    let identity: DependencyRegistrar.Entry.Identity
    /// The object that holds it, if it is a place.
    let owner: AnyObject?
    /// Its value, if it has one.
    package internal(set) var value: NodeValue?
    /// What it depends on.
    package internal(set) var children: [ObjectGraph.Child] = []
    /// The variables it keeps for others.
    package internal(set) var slotVariables: [ObjectGraph.SlotVariable] = []
    /// How it was reached first.
    let way: Way

    /// The object that holds it, if it is a place; else itself.
    package var holder: AnyObject {
      switch identity {
      case .object, .place: owner ?? object
      case .foreign(let object): object
      }
    }
  }

  /// How a node was reached first.
  enum Way {
    case root
    /// By one of the edges of another node.
    case child(of: Int, edge: Int)
    /// As one of the slot variables of an optimizer.
    case slot(of: Int, index: Int)
  }

  /// The nodes; the first is the root.
  package private(set) var nodes: [Node] = []
  private var numbers = ObjectNumbers()
  private var optimizers: [Int] = []
  private var problems: [CheckpointError] = []
  private var doubts: [(problem: CheckpointError, objects: [AnyObject])] = []
  private var paths: [[UInt8]?] = []  // those known so far; empty before the first

  /// Walks over what belongs to an object.
  ///
  /// - Parameters:
  ///   - root: Where to begin.
  ///   - attached: What belongs to the root besides, behind what it registers itself.
  /// - Throws: One error with every problem of registration: `invalidArgument` for values that could
  ///   not be restored, `duplicateName` for two things of one name; each names type and property.
  package init(
    root: any Checkpointable,
    attached: [(name: String, object: any Checkpointable)] = []
  ) throws(CheckpointError) {
    nodes.append(Node(object: root, identity: .object, owner: nil, way: .root))
    _ = numbers.insert(ObjectIdentifier(root), 0)
    var registrar = DependencyRegistrar(of: root)
    var types = ProviderTypes()
    var next = 0
    while next < nodes.count {
      if types.isProvider(nodes[next].object) { optimizers.append(next) }
      register(next, attached: next == 0 ? attached : [], &registrar)
      next += 1
    }
    addSlotVariables()
    problems += doubts.lazy.filter { [numbers] in
      $0.objects.contains { numbers[ObjectIdentifier($0)] == nil }
    }.map(\.problem)
    let error = CheckpointError.combining(problems) { count in
      "\(count) properties cannot be part of a checkpoint"
    }
    if let error { throw error }
  }

  // Asks one object what belongs to it.
  private mutating func register(
    _ number: Int,
    attached: [(name: String, object: any Checkpointable)],
    _ registrar: inout DependencyRegistrar
  ) {
    let object = nodes[number].object
    registrar.begin(object)
    object.registerDependencies(in: &registrar)
    for item in attached { registrar.track(item.object, as: item.name) }
    if let value = registrar.value { nodes[number].value = value }
    if !registrar.entries.isEmpty {
      registrar.removeRepetitions()
      nodes[number].children = children(registrar.entries, of: number)
    }
    if !registrar.problems.isEmpty { problems += registrar.problems }
    if !registrar.doubts.isEmpty { doubts += registrar.doubts }
  }

  private mutating func children(
    _ entries: [DependencyRegistrar.Entry],
    of parent: Int
  ) -> [ObjectGraph.Child] {
    var children: [ObjectGraph.Child] = []
    children.reserveCapacity(entries.count)
    for entry in entries.indices {
      let node = number(of: entries[entry], .child(of: parent, edge: entry), in: parent)
      children.append(ObjectGraph.Child(name: entries[entry].name, node: node))
    }
    return children
  }

  private mutating func number(
    of entry: DependencyRegistrar.Entry,
    _ way: Way,
    in parent: Int
  ) -> Int {
    let number = nodes.count
    var owner: AnyObject?
    switch entry.identity {
    case .object:
      if let known = numbers.insert(ObjectIdentifier(entry.object), number) { return known }
    case .foreign(let object):
      if let known = numbers.insert(ObjectIdentifier(object), number) { return known }
    case .place: owner = nodes[parent].holder
    }
    nodes.append(Node(object: entry.object, identity: entry.identity, owner: owner, way: way))
    return number
  }

  /// The node that is an object; places have no object of their own.
  package func number(of object: ObjectIdentifier) -> Int? { numbers[object] }

  /// What tells a node from others, also in a later walk.
  package func identity(of number: Int) -> NodeIdentity {
    let holder = ObjectIdentifier(nodes[number].holder)
    guard nodes[number].owner != nil else { return NodeIdentity(holder) }
    var names: [String] = []
    var current = number
    while case .place = nodes[current].identity,
      case .child(let parent, let edge) = nodes[current].way
    {
      names.append(nodes[parent].children[edge].name)
      current = parent
    }
    return NodeIdentity(holder, place: names.reversed())
  }

  // MARK: Values of a moment

  /// The same graph without its objects, and with copies of its variables.
  ///
  /// - Parameter copy: Makes a variable of the same name with the values of this moment, which nobody
  ///   else has.
  /// - Returns: What another thread may have.
  /// - Throws: What `copy` throws, with the key.
  package consuming func snapshot(
    _ copy: (any TensorVariable) throws(CheckpointError) -> any TensorVariable
  ) throws(CheckpointError) -> GraphSnapshot {
    let absent = AbsentObject()
    for number in nodes.indices {
      var node = Node(object: absent, identity: .place, owner: nil, way: nodes[number].way)
      if let value = nodes[number].value {
        do throws(CheckpointError) {
          node.value = NodeValue(value.kind, try copy(value.variable))
        } catch {
          let key = CheckpointKey.key(path: pathBytes(of: number), attribute: value.attribute)
          throw error.located(key: TensorKey(bytes: key).description)
        }
      }
      node.children = nodes[number].children
      node.slotVariables = nodes[number].slotVariables
      nodes[number] = node
    }
    doubts = []
    return GraphSnapshot(self)
  }

  // MARK: Slot variables

  private mutating func addSlotVariables() {
    let variables = optimizers.isEmpty ? [] : nodes.indices.filter(isVariable)
    for optimizer in optimizers {
      guard let provider = nodes[optimizer].object as? any SlotVariableProvider else { continue }
      for name in provider.slotNames {
        for variable in variables {
          addSlotVariable(name, of: variable, optimizer: optimizer, provider)
        }
      }
    }
  }

  private func isVariable(_ node: Int) -> Bool {
    nodes[node].value?.kind == .variable
  }

  private mutating func addSlotVariable(
    _ name: String,
    of variable: Int,
    optimizer: Int,
    _ provider: any SlotVariableProvider
  ) {
    guard let original = nodes[variable].value?.variable else { return }
    guard let slot = provider.slotVariable(name, of: original) else { return }
    let number = nodes.count
    guard numbers.insert(ObjectIdentifier(slot), number) == nil else {
      problems.append(
        CheckpointError(
          .invalidArgument,
          "\(type(of: provider)): the slot variable '\(name)' of '\(path(of: variable))' is "
            + "registered as a dependency too; it is stored as one or the other"
        )
      )
      return
    }
    let way = Way.slot(of: optimizer, index: nodes[optimizer].slotVariables.count)
    nodes.append(Node(object: slot, identity: .object, owner: nil, way: way))
    nodes[number].value = NodeValue(.variable, slot)
    nodes[optimizer].slotVariables.append(
      ObjectGraph.SlotVariable(original: variable, slotName: name, node: number)
    )
  }

  // MARK: Paths

  /// The way to a node in the form that keys have; empty for the root.
  package mutating func path(of number: Int) -> String {
    String(decoding: pathBytes(of: number), as: UTF8.self)
  }

  /// The UTF-8 of the way to a node.
  mutating func pathBytes(of number: Int) -> [UInt8] {
    if paths.isEmpty { paths = Array(repeating: nil, count: nodes.count) }
    if let known = paths[number] { return known }
    switch nodes[number].way {
    case .root: return []
    case .slot(let optimizer, let index):
      let slot = nodes[optimizer].slotVariables[index]
      let path = CheckpointKey.slotPath(
        variable: path(of: slot.original),
        optimizer: path(of: optimizer),
        slotName: slot.slotName
      )
      return Array(path.utf8)
    case .child(let parent, let edge):
      return path(of: number, edge, of: parent, knownPath(of: parent) ?? pathByClimbing(to: parent))
    }
  }

  private func knownPath(of parent: Int) -> [UInt8]? { parent == 0 ? [] : paths[parent] }

  private mutating func path(
    of number: Int,
    _ edge: Int,
    of parent: Int,
    _ parentPath: [UInt8]
  ) -> [UInt8] {
    let name = nodes[parent].children[edge].name
    let path = CheckpointKey.childPath(name, in: parentPath, isBelowRoot: parent == 0)
    // The long paths of a chain would take memory that grows with the square of its length.
    if path.count <= 512, !nodes[number].children.isEmpty { paths[number] = path }
    return path
  }

  // Up to the first node whose path is known: a chain may be deeper than the call stack.
  private mutating func pathByClimbing(to number: Int) -> [UInt8] {
    var steps: [(node: Int, edge: Int, parent: Int)] = []
    var current = number
    var path: [UInt8]?
    while path == nil, case .child(let parent, let edge) = nodes[current].way {
      steps.append((current, edge, parent))
      current = parent
      path = knownPath(of: parent)
    }
    return steps.reversed().reduce(path ?? []) { path, step in
      self.path(of: step.node, step.edge, of: step.parent, path)
    }
  }
}

/// Which types are optimizers: a cast takes longer than a look at the type, and most nodes have that
/// of the one before.
private struct ProviderTypes {
  private var known: [ObjectIdentifier: Bool] = [:]
  private var last: (type: ObjectIdentifier, isProvider: Bool)?

  mutating func isProvider(_ object: any Checkpointable) -> Bool {
    let type = ObjectIdentifier(type(of: object))
    if let last, last.type == type { return last.isProvider }
    let answer = known[type] ?? (object is any SlotVariableProvider)
    known[type] = answer
    last = (type, answer)
    return answer
  }
}
