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
    /// Its value, if it has one.
    package internal(set) var value: NodeValue?
    /// How it was reached first.
    let way: Way

    fileprivate func isObject(_ identifier: ObjectIdentifier) -> Bool {
      switch identity {
      case .object: ObjectIdentifier(object) == identifier
      case .foreign(let object): ObjectIdentifier(object) == identifier
      case .place: false
      }
    }
  }

  /// What a child was called before.
  struct FormerName {
    let name: String
    let child: ObjectGraph.Child
  }

  /// How a node was reached first.
  enum Way {
    case root
    /// From another node, by an edge: its index among all edges.
    case child(of: Int, edge: Int)
    /// As a slot variable of an optimizer: its index among all slot variables.
    case slot(of: Int, index: Int)
  }

  /// The nodes; the first is the root.
  package private(set) var nodes: [Node] = []
  /// What each node depends on.
  private(set) var edges = FlatLists<ObjectGraph.Child>()
  /// The variables that each node keeps for others.
  private(set) var slots = FlatLists<ObjectGraph.SlotVariable>()
  /// What children of a node were called before; few have been called anything else.
  private(set) var formerNames: [Int: [FormerName]] = [:]
  private var numbers: ObjectNumbers
  private var optimizers: [Int] = []
  private var groups: [Int] = []
  private var problems: [CheckpointError] = []
  private var doubts: [(problem: CheckpointError, objects: [AnyObject])] = []

  /// Walks over what belongs to an object.
  ///
  /// - Parameters:
  ///   - root: Where to begin.
  ///   - attached: What belongs to the root besides, behind what it registers itself.
  ///   - nodeCount: How many nodes there will be, as far as somebody knows.
  /// - Throws: One error with every problem of registration: `invalidArgument` for values that could
  ///   not be restored, `duplicateName` for two things of one name; each names type and property.
  package init(
    root: any Checkpointable, attached: [(name: String, object: any Checkpointable)] = [],
    nodeCount: Int = 0
  ) throws(CheckpointError) {
    nodes.reserveCapacity(nodeCount)
    numbers = ObjectNumbers(count: nodeCount)
    edges.reserveCapacity(listCount: nodeCount, nodeCount)
    nodes.append(Node(object: root, identity: .object, way: .root))
    _ = numbers.insert(ObjectIdentifier(root), 0)
    var registrar = DependencyRegistrar(of: root)
    var kinds = ObjectKinds()
    var next = 0
    while next < nodes.count {
      if nodes[next].value == nil {  // else it is known to be a variable
        let kind = kinds.kind(of: nodes[next].object)
        if kind.contains(.optimizer) { optimizers.append(next) }
        register(next, kind, attached: next == 0 ? attached : [], &registrar)
      }
      edges.endList()
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
    _ number: Int, _ kind: ObjectKind, attached: [(name: String, object: any Checkpointable)],
    _ registrar: inout DependencyRegistrar
  ) {
    let object = nodes[number].object
    guard !kind.contains(.actor) else { return refuseActor(number) }
    registrar.begin(isPlace(number) ? type(of: holder(of: number)) : type(of: object))
    object.registerDependencies(in: &registrar)
    if kind.contains(.subclass) { registrar.checkOwnProperties(of: object) }
    for item in attached { registrar.track(item.object, as: item.name) }
    let isAmbiguous = kind.intersection(.values).rawValue.nonzeroBitCount > 1
    registrar.finishValue(Self.value(of: object, kind), isAmbiguous: isAmbiguous)
    nodes[number].value = registrar.value
    if kind.contains(.group) { groups.append(number) }
    registrar.finish()
    let first = edges.elements.count
    if !registrar.entries.isEmpty {
      let entries = registrar.entries.span  // looked at in place: copies would count references
      for entry in entries.indices { add(entries[entry], to: number) }
    }
    if !registrar.formerNames.isEmpty { noteFormerNames(&registrar, of: number, from: first) }
    if !registrar.problems.isEmpty { note(registrar.problems, of: number) }
  }

  private mutating func noteFormerNames(
    _ registrar: inout DependencyRegistrar, of number: Int, from first: Int
  ) {
    var former: [FormerName] = []
    for (name, others) in registrar.formerNames {
      let children = edges.elements[first...]
      // Without such a child, nothing has the present name now.
      guard let child = children.first(where: { $0.name.hasSameBytes(as: name) }) else { continue }
      for other in others {
        let known = former.first { $0.name.hasSameBytes(as: other) }
        if let known, known.child.name.hasSameBytes(as: child.name) { continue }  // said twice
        if known != nil || children.contains(where: { $0.name.hasSameBytes(as: other) }) {
          registrar.refuse(
            [name],
            "its former name '\(other)' is a name of something else too, and the values under it could be "
              + "meant for both")
        }
        former.append(FormerName(name: other, child: child))
      }
    }
    formerNames[number] = former
  }

  private mutating func note(_ found: [DependencyRegistrar.Problem], of number: Int) {
    let owner = path(of: number)
    for problem in found {
      let place = (owner.isEmpty ? [] : [owner]) + problem.path
      let error = problem.error.located(key: place.joined(separator: "/"))
      if let objects = problem.objects {
        doubts.append((error, objects))
      } else {
        problems.append(error)
      }
    }
  }

  // The compiler lets an actor pass only if it registers by hand, in a nonisolated method.
  private mutating func refuseActor(_ number: Int) {
    let error = CheckpointError(
      .invalidArgument,
      "\(type(of: nodes[number].object)) is an actor, whose properties nobody else may read; hold them "
        + "in a final class that is Checkpointable")
    problems.append(error.located(key: path(of: number)))
  }

  // The value of a variable, a state or a group; it has one even if a superclass does the registering.
  private static func value(of object: any Checkpointable, _ kind: ObjectKind) -> NodeValue? {
    if kind.contains(.variable), let variable = object as? any TensorVariable {
      return .variable(variable)
    }
    if kind.contains(.state), let object = object as? any StateRepresentable {
      return .state(StateVariable(object))
    }
    if kind.contains(.group), let group = object as? any TensorGroup {
      return .attributes(NodeAttributes(group))
    }
    return nil
  }

  // Adds an edge; and the node that it leads to, unless it is there.
  private mutating func add(_ entry: DependencyRegistrar.Entry, to parent: Int) {
    let known: Int? =
      switch entry.identity {
      case .object: numbers.insert(ObjectIdentifier(entry.object), nodes.count)
      case .foreign(let object): numbers.insert(ObjectIdentifier(object), nodes.count)
      case .place: nil
      }
    edges.append(ObjectGraph.Child(name: entry.name, node: known ?? nodes.count))
    guard known == nil else { return }
    let way = Way.child(of: parent, edge: edges.elements.count - 1)
    let node = Node(object: entry.object, identity: entry.identity, value: entry.value, way: way)
    nodes.append(node)
  }

  // MARK: Looking

  /// What a node depends on.
  package func children(of number: Int) -> ArraySlice<ObjectGraph.Child> { edges[number] }

  /// The child of a node that has a name, or had it before.
  ///
  /// - Returns: The child, and its rank among those that have or had the name: 0 for its present one.
  package func child(named name: String, of number: Int) -> (node: Int, rank: Int)? {
    let present = children(of: number).first { $0.name.hasSameBytes(as: name) }
    if let present { return (present.node, 0) }
    let former = formerNames[number] ?? []
    let rank = former.firstIndex { $0.name.hasSameBytes(as: name) }
    return rank.map { (former[$0].child.node, $0 + 1) }
  }

  /// The node that is an object; places have no object of their own.
  package func number(of object: ObjectIdentifier) -> Int? { numbers[object] }

  /// The same, for an object that another walk found as the node `hint`.
  func number(of object: ObjectIdentifier, near hint: Int) -> Int? {
    nodes.indices.contains(hint) && nodes[hint].isObject(object) ? hint : numbers[object]
  }

  /// Whether a node is a place, such as an array, and no object.
  package func isPlace(_ number: Int) -> Bool {
    if case .place = nodes[number].identity { true } else { false }
  }

  /// The object that holds a node, if that is a place; else itself.
  package func holder(of number: Int) -> AnyObject {
    var current = number
    while case .place = nodes[current].identity, case .child(let parent, _) = nodes[current].way {
      current = parent
    }
    if case .foreign(let object) = nodes[current].identity { return object }
    return nodes[current].object
  }

  /// What tells a node from others, also in a later walk.
  package func identity(of number: Int) -> NodeIdentity {
    guard isPlace(number) else { return NodeIdentity(ObjectIdentifier(holder(of: number))) }
    var edges: [Int] = []
    var current = number
    while case .place = nodes[current].identity,
      case .child(let parent, let edge) = nodes[current].way
    {
      edges.append(edge)
      current = parent
    }
    let names = edges.reversed().lazy.map { self.edges.elements[$0].name }
    return NodeIdentity(ObjectIdentifier(holder(of: current)), place: names)
  }

  // MARK: Values of a moment

  /// Asks objects of several tensors for them, all at once.
  ///
  /// - Throws: What the objects throw, with the key.
  package mutating func takeGroups() throws(CheckpointError) {
    for number in groups {
      guard case .attributes(let attributes) = nodes[number].value else { continue }
      do throws(CheckpointError) {
        nodes[number].value = .attributes(try attributes.taken())
      } catch {
        throw error.located(key: key(of: number, attribute: attributes.prefix ?? "").description)
      }
    }
  }

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
      var node = Node(object: absent, identity: .place, way: nodes[number].way)
      if let value = nodes[number].value {
        do throws(CheckpointError) {
          node.value = try value.replacingVariables(by: copy)
        } catch {
          throw error.located(key: key(of: number, attribute: value.attribute).description)
        }
      }
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
      slots.begin(optimizer)
      for name in provider.slotNames {
        for variable in variables {
          addSlotVariable(name, of: variable, optimizer: optimizer, provider)
        }
      }
    }
  }

  private func isVariable(_ node: Int) -> Bool { nodes[node].value?.isVariable == true }

  private mutating func addSlotVariable(
    _ name: String, of variable: Int, optimizer: Int, _ provider: any SlotVariableProvider
  ) {
    guard let original = nodes[variable].value?.variable else { return }
    guard let slot = provider.slotVariable(name, of: original) else { return }
    let number = nodes.count
    guard numbers.insert(ObjectIdentifier(slot), number) == nil else {
      problems.append(
        CheckpointError(
          .invalidArgument,
          "\(type(of: provider)): the slot variable '\(name)' of '\(path(of: variable))' is "
            + "registered as a dependency too; it is stored as one or the other"))
      return
    }
    let way = Way.slot(of: optimizer, index: slots.elements.count)
    nodes.append(Node(object: slot, identity: .object, value: .variable(slot), way: way))
    slots.append(ObjectGraph.SlotVariable(original: variable, slotName: name, node: number))
  }
}
