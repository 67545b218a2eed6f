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
    package let identity: NodeIdentity
    /// The object that holds it, if it is a place; else itself.
    package let holder: AnyObject
    /// Its value, if it has one.
    package internal(set) var value: NodeValue?
    /// What it depends on.
    package internal(set) var children: [ObjectGraph.Child] = []
    /// The variables it keeps for others.
    package internal(set) var slotVariables: [ObjectGraph.SlotVariable] = []
    /// How it was reached first.
    let way: Way
  }

  /// How a node was reached first.
  enum Way {
    case root
    /// By an edge.
    case child(of: Int, name: String)
    /// As the slot variable of a variable.
    case slot(_ name: String, of: Int, optimizer: Int)
  }

  /// The nodes; the first is the root.
  package private(set) var nodes: [Node] = []
  private var numbers: [ObjectIdentifier: Int] = [:]
  private var problems: [CheckpointError] = []
  private var doubts: [(problem: CheckpointError, objects: [AnyObject])] = []
  private var pathCache: [Int: String] = [:]

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
    add(root, .root, identity: .init(ObjectIdentifier(root)), holder: root)
    var next = 0
    while next < nodes.count {
      register(next, attached: next == 0 ? attached : [])
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

  private mutating func add(
    _ object: any Checkpointable,
    _ way: Way,
    identity: NodeIdentity,
    holder: AnyObject
  ) {
    if identity.place.isEmpty { numbers[identity.object] = nodes.count }
    nodes.append(Node(object: object, identity: identity, holder: holder, way: way))
  }

  // Asks one object what belongs to it.
  private mutating func register(
    _ number: Int,
    attached: [(name: String, object: any Checkpointable)]
  ) {
    let node = nodes[number]
    var registrar = DependencyRegistrar(of: node.object)
    node.object.registerDependencies(in: &registrar)
    for item in attached { registrar.track(item.object, as: item.name) }
    problems += registrar.problems
    doubts += registrar.doubts
    nodes[number].value = registrar.value
    var children: [ObjectGraph.Child] = []
    children.reserveCapacity(registrar.entries.count)
    for entry in registrar.entries {
      children.append(ObjectGraph.Child(name: entry.name, node: self.number(of: entry, in: number)))
    }
    nodes[number].children = uniqueChildren(children, of: node)
  }

  private mutating func number(of entry: DependencyRegistrar.Entry, in parent: Int) -> Int {
    let (node, way) = (nodes[parent], Way.child(of: parent, name: entry.name))
    switch entry.identity {
    case .object(let object):
      if let known = numbers[ObjectIdentifier(object)] { return known }
      add(entry.object, way, identity: NodeIdentity(ObjectIdentifier(object)), holder: object)
    case .place:
      add(entry.object, way, identity: node.identity.place(entry.name), holder: node.holder)
    }
    return nodes.count - 1
  }

  // The same object twice under one name is one child; two objects are an error.
  private mutating func uniqueChildren(
    _ children: [ObjectGraph.Child],
    of node: Node
  ) -> [ObjectGraph.Child] {
    var known: [TensorKey: Int] = [:]
    return children.filter { child in
      guard let other = known.updateValue(child.node, forKey: TensorKey(child.name)) else {
        return true
      }
      if other != child.node {
        let types = "\(type(of: nodes[other].object)) and \(type(of: nodes[child.node].object))"
        problems.append(
          CheckpointError(
            .duplicateName,
            "\(type(of: node.object)): two things have the name '\(child.name)', \(types)"
          )
        )
      }
      return false
    }
  }

  // MARK: Slot variables

  private mutating func addSlotVariables() {
    let optimizers = nodes.indices.filter { nodes[$0].object is any SlotVariableProvider }
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
    nodes[node].value?.attribute == CheckpointKey.variableValue
  }

  private mutating func addSlotVariable(
    _ name: String,
    of variable: Int,
    optimizer: Int,
    _ provider: any SlotVariableProvider
  ) {
    guard let original = nodes[variable].value?.variable else { return }
    guard let slot = provider.slotVariable(name, of: original) else { return }
    guard numbers[ObjectIdentifier(slot)] == nil else {
      problems.append(
        CheckpointError(
          .invalidArgument,
          "\(type(of: provider)): the slot variable '\(name)' of '\(path(of: variable))' is "
            + "registered as a dependency too; it is stored as one or the other"
        )
      )
      return
    }
    let number = nodes.count
    let way = Way.slot(name, of: variable, optimizer: optimizer)
    add(slot, way, identity: NodeIdentity(ObjectIdentifier(slot)), holder: slot)
    nodes[number].value = NodeValue(CheckpointKey.variableValue, slot)
    nodes[optimizer].slotVariables.append(
      ObjectGraph.SlotVariable(original: variable, slotName: name, node: number)
    )
  }

  // MARK: Paths

  /// The way to a node in the form that keys have; empty for the root.
  package mutating func path(of number: Int) -> String {
    if let known = pathCache[number] { return known }
    switch nodes[number].way {
    case .root: return ""
    case .slot(let name, let variable, let optimizer):
      return CheckpointKey.slotPath(
        variable: path(of: variable),
        optimizer: path(of: optimizer),
        slotName: name
      )
    case .child: return pathOfChild(number)
    }
  }

  // Up to the first node whose path is known: a chain may be deeper than the call stack.
  private mutating func pathOfChild(_ number: Int) -> String {
    var names: [String] = []
    var current = number
    while case .child(let parent, let name) = nodes[current].way {
      names.append(CheckpointKey.escape(name))
      current = parent
      guard let known = pathCache[current] else { continue }
      names.append(known)
      break
    }
    let path = names.reversed().joined(separator: "/")
    // The long paths of a chain would take memory that grows with the square of its length.
    if path.utf8.count <= 512, !nodes[number].children.isEmpty { pathCache[number] = path }
    return path
  }
}
