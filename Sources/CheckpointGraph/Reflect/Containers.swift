import CheckpointTensors

// Arrays, dictionaries and tuples become nodes whose children are the elements that hold values.
//
// Source: tensorflow/python/trackable/data_structures.py, `List`, `_DictWrapper`, `_TupleWrapper`.

/// A collection whose elements are dependencies.
protocol DependencyContainer {
  /// The node of the collection.
  func dependency(_ reflection: inout Reflection) -> FoundDependency
}

extension Array: DependencyContainer {
  // Elements without values are skipped, but keep their index.
  func dependency(_ reflection: inout Reflection) -> FoundDependency {
    guard count > 0 else { return .container(.empty) }
    if let type = Element.self as? any PlainVariable.Type {
      return Reflection.variables(self, type)
    }
    if let type = Element.self as? any Checkpointable.Type {
      return Reflection.objects(self, type)
    }
    if Element.self is any TensorScalar.Type { return .container(.empty) }
    return reflection.list(self)
  }
}

extension ArraySlice: DependencyContainer {
  // Named by their place in the slice, wherever it stands in its array.
  func dependency(_ reflection: inout Reflection) -> FoundDependency {
    reflection.list(self)
  }
}

extension ContiguousArray: DependencyContainer {
  func dependency(_ reflection: inout Reflection) -> FoundDependency {
    reflection.list(self)
  }
}

@available(macOS 26, iOS 26, tvOS 26, watchOS 26, visionOS 26, *)
extension InlineArray: DependencyContainer {
  func dependency(_ reflection: inout Reflection) -> FoundDependency {
    reflection.list(indices.lazy.map { self[$0] })
  }
}

extension Dictionary: DependencyContainer {
  // In byte order of the keys: a Swift dictionary has no order of its own.
  func dependency(_ reflection: inout Reflection) -> FoundDependency {
    let found = reflection.dictionary(self, isSorted: true)
    if Key.self is any Checkpointable.Type { reflection.noteKeys(keys) }
    return found
  }
}

extension KeyValuePairs: DependencyContainer {
  // In their own order, as TensorFlow keeps the order of insertion.
  func dependency(_ reflection: inout Reflection) -> FoundDependency {
    reflection.dictionary(self, isSorted: false)
  }
}

extension Set: DependencyContainer {
  func dependency(_ reflection: inout Reflection) -> FoundDependency {
    reflection.unordered(self)
  }
}

extension Reflection {
  // Lists often have many layers or variables, all of one type. It is found out once, and not for each: that would
  // take most of the time.
  fileprivate static func variables<Element, Variable: PlainVariable>(
    _ elements: [Element], _: Variable.Type
  ) -> FoundDependency {
    // `Variable` is `Element`: the caller has checked it, and the compiler cannot know.
    numbered(unsafe unsafeBitCast(elements, to: [Variable].self)) { name, variable in
      let value = NodeValue.variable(variable)
      return DependencyRegistrar.Entry(
        name: name, object: variable, identity: .object, value: value)
    }
  }

  fileprivate static func objects<Element, Object: Checkpointable>(
    _ elements: [Element], _: Object.Type
  ) -> FoundDependency {
    // `Object` is `Element`, as above.
    numbered(unsafe unsafeBitCast(elements, to: [Object].self)) { name, object in
      DependencyRegistrar.Entry(name: name, object: object, identity: .object)
    }
  }

  private static func numbered<Object: Checkpointable>(
    _ objects: [Object], _ entry: (String, Object) -> DependencyRegistrar.Entry
  ) -> FoundDependency {
    let entries = objects.indices.map { entry(String($0), objects[$0]) }
    return .container(ContainerNode(list: entries))
  }

  /// The elements of a collection that has an order, named by their place.
  mutating func list(_ elements: some Sequence) -> FoundDependency {
    var named: [(name: String, value: FoundDependency)] = []
    for (index, element) in elements.enumerated() {
      let dependency = look(at: String(index)) { $0.dependency(in: element) }
      if case .nothing = dependency { continue }
      named.append((String(index), dependency))
    }
    return .container(ContainerNode(named))
  }

  fileprivate mutating func dictionary<Key, Value>(
    _ pairs: some Sequence<(key: Key, value: Value)>, isSorted: Bool
  ) -> FoundDependency {
    var named: [(name: String, value: FoundDependency)] = []
    for (key, value) in pairs {
      let name = key as? String
      let dependency = look(at: name ?? "\(key)") { $0.dependency(in: value) }
      if case .nothing = dependency { continue }
      guard let name else {
        guard dependency.holdsValues else { continue }
        note(ForgottenValue(reason: .keyed("Dictionary")))
        return .nothing
      }
      named.append((name, dependency))
    }
    if isSorted { named.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } }
    return .container(ContainerNode(named))
  }

  // Objects that are keys have no name; mostly they stand somewhere else as well.
  fileprivate mutating func noteKeys(_ keys: some Sequence) {
    let objects = keys.compactMap { $0 as? any Checkpointable }
    guard !objects.isEmpty else { return }
    note(
      "the keys of a dictionary are not followed; hold the objects in an array", holding: objects)
  }

  /// The elements of a collection without an order, which cannot be named.
  mutating func unordered<Elements: Sequence>(_ elements: Elements) -> FoundDependency {
    for element in elements {
      let dependency = look(at: "*") { $0.dependency(in: element) }
      guard dependency.holdsValues else { continue }
      note(ForgottenValue(reason: .unordered("\(Elements.self)")))
      break
    }
    return .nothing
  }

  /// The elements of a collection of somebody else's: by their place, if that is a place.
  mutating func elements<Elements: Collection>(of collection: Elements) -> FoundDependency {
    switch StoredType.of(Elements.Element.self) {
    case .configuration, .forgotten: return .nothing
    case .lists, .open, .followed: break
    }
    guard !(collection is any LazySequenceProtocol) else { return .nothing }
    guard collection is any BidirectionalCollection else { return unordered(collection) }
    guard case .container(let node) = list(collection), !node.isEmpty else { return .nothing }
    return .container(node)
  }
}
