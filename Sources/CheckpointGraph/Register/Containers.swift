import CheckpointTensors

// Arrays, dictionaries and tuples become nodes whose children are the elements that hold values.
//
// Source: tensorflow/python/trackable/data_structures.py, `List`, `_DictWrapper`, `_TupleWrapper`.

/// The node of an array, dictionary, tuple or struct.
final class ContainerNode: Checkpointable {
  // Of one list: named by their index.
  private let entries: [DependencyRegistrar.Entry]
  private let elements: [(name: String, value: Reflection.Dependency)]

  /// That of every collection without elements: what tells places apart is where they are.
  static var empty: ContainerNode { emptyNode.node }
  private static let emptyNode = Unchanging(node: ContainerNode([]))

  // Nothing of it ever changes.
  private struct Unchanging: @unchecked Sendable { let node: ContainerNode }

  init(list entries: [DependencyRegistrar.Entry]) {
    self.entries = entries
    elements = []
  }

  init(_ elements: [(name: String, value: Reflection.Dependency)]) {
    entries = []
    self.elements = elements
  }

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    if !entries.isEmpty { return registrar.setElements(entries) }
    for element in elements { registrar.add(element.value, as: element.name) }
  }
}

/// A collection whose elements are dependencies.
protocol DependencyContainer {
  /// The node of the collection.
  var dependency: Reflection.Dependency { get }
}

extension Array: DependencyContainer {
  // Elements without values are skipped, but keep their index.
  var dependency: Reflection.Dependency {
    guard count > 0 else { return .container(.empty) }
    if let type = Element.self as? any PlainVariable.Type {
      return Reflection.variables(self, type)
    }
    if let type = Element.self as? any Checkpointable.Type {
      return Reflection.objects(self, type)
    }
    return Reflection.list(self)
  }
}

extension ContiguousArray: DependencyContainer {
  var dependency: Reflection.Dependency { Reflection.list(self) }
}

extension Dictionary: DependencyContainer {
  // In byte order of the keys: a Swift dictionary has no order of its own.
  var dependency: Reflection.Dependency {
    let pairs = map { (name: $0.key as? String, value: $0.value as Any) }
    return Reflection.dictionary(pairs, isSorted: true)
  }
}

extension KeyValuePairs: DependencyContainer {
  // In their own order, as TensorFlow keeps the order of insertion.
  var dependency: Reflection.Dependency {
    let pairs = map { (name: $0.key as? String, value: $0.value as Any) }
    return Reflection.dictionary(pairs, isSorted: false)
  }
}

extension Set: DependencyContainer {
  var dependency: Reflection.Dependency {
    for element in self {
      guard case .nothing = Reflection.dependency(in: element) else {
        return .problem("a set has no order to name its elements by; use an array or a dictionary")
      }
    }
    return .nothing
  }
}

extension Reflection {
  // Many layers or variables in a list are the rule, and a look at each, what it is, takes longest.
  fileprivate static func variables<Element, Variable: PlainVariable>(
    _ elements: [Element],
    _: Variable.Type
  ) -> Dependency {
    // `Variable` is `Element`, which the caller had no other way to say.
    numbered(unsafe unsafeBitCast(elements, to: [Variable].self)) { name, variable in
      let value = NodeValue.variable(variable)
      return DependencyRegistrar.Entry(
        name: name,
        object: variable,
        identity: .object,
        value: value
      )
    }
  }

  fileprivate static func objects<Element, Object: Checkpointable>(
    _ elements: [Element],
    _: Object.Type
  ) -> Dependency {
    // `Object` is `Element`, as above.
    numbered(unsafe unsafeBitCast(elements, to: [Object].self)) { name, object in
      DependencyRegistrar.Entry(name: name, object: object, identity: .object)
    }
  }

  private static func numbered<Object: Checkpointable>(
    _ objects: [Object],
    _ entry: (String, Object) -> DependencyRegistrar.Entry
  ) -> Dependency {
    let entries = objects.indices.map { entry(String($0), objects[$0]) }
    return .container(ContainerNode(list: entries))
  }

  static func list<Element>(_ elements: some RandomAccessCollection<Element>) -> Dependency {
    guard !elements.isEmpty, !(Element.self is any TensorScalar.Type) else {
      return .container(.empty)
    }
    var named: [(name: String, value: Dependency)] = []
    for (index, element) in elements.enumerated() {
      let dependency = dependency(in: element)
      if case .nothing = dependency { continue }
      named.append((String(index), dependency))
    }
    return .container(ContainerNode(named))
  }

  static func dictionary(_ pairs: [(name: String?, value: Any)], isSorted: Bool) -> Dependency {
    var named: [(name: String, value: Dependency)] = []
    for pair in pairs {
      let dependency = dependency(in: pair.value)
      if case .nothing = dependency { continue }
      guard let name = pair.name else {
        return .problem(
          "only a dictionary with string keys can hold variables: keys are names; mark it "
            + "@NoDependency if they are an optimizer's slot variables"
        )
      }
      named.append((name, dependency))
    }
    if isSorted { named.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } }
    return .container(ContainerNode(named))
  }
}
