public import CheckpointTensors

/// Takes down the fields of a struct: see ``CheckpointableValue/registerFields(in:)``.
public struct FieldRegistrar<Root> {
  /// A field, and how to find what it holds; `nil` while it holds nothing.
  struct Field {
    let name: String
    let formerNames: [String]
    let make: (ValuePlace<Root>) -> DependencyRegistrar.Found?
  }

  private(set) var fields: [Field] = []
  /// Where the registered fields are in the struct, in bytes.
  private(set) var bytes: [Range<Int>] = []
  /// The names of those of which that is not known: computed ones, and those with observers.
  private(set) var unplaced: Set<String> = []
  /// The fields that are left out.
  private(set) var excluded: Set<String> = []

  init() {}

  // MARK: Tensors

  /// Registers a field that holds a tensor, or any storable value.
  ///
  /// - Parameters:
  ///   - name: What it is called in the checkpoint.
  ///   - field: Where it is in the struct.
  ///   - formerNames: What it was called in older checkpoints.
  public mutating func tensor<Value: TensorStorable>(
    _ name: String, _ field: WritableKeyPath<Root, Value>, formerly formerNames: [String] = []
  ) {
    add(name, field, formerNames) { $0.variable }
  }

  /// Registers a field that may hold a tensor; `nil` is not saved, and stays `nil` in a restore.
  ///
  /// - Parameters: As for a field that always holds one.
  public mutating func tensor<Value: TensorStorable>(
    _ name: String, _ field: WritableKeyPath<Root, Value?>, formerly formerNames: [String] = []
  ) {
    add(name, field, formerNames) { Self.wrapped($0) { $0.variable } }
  }

  /// Registers a field that holds an array of tensors, named by their index.
  ///
  /// - Parameters: As for a field that holds one tensor.
  public mutating func tensors<Value: TensorStorable>(
    _ name: String, _ field: WritableKeyPath<Root, [Value]>, formerly formerNames: [String] = []
  ) {
    add(name, field, formerNames) { Self.list($0) { $0.variable } }
  }

  /// Registers a field that holds a dictionary of tensors, named by their keys.
  ///
  /// - Parameters: As for a field that holds one tensor.
  public mutating func tensors<Value: TensorStorable>(
    _ name: String, _ field: WritableKeyPath<Root, [String: Value]>,
    formerly formerNames: [String] = []
  ) {
    add(name, field, formerNames) { Self.dictionary($0) { $0.variable } }
  }

  /// Registers a field that holds a number or a string, as a tensor without dimensions.
  ///
  /// - Parameters: As for a field that holds a tensor.
  public mutating func scalar<Value: TensorScalar>(
    _ name: String, _ field: WritableKeyPath<Root, Value>, formerly formerNames: [String] = []
  ) {
    add(name, field, formerNames) { $0.asTensor.variable }
  }

  /// Registers a field that may hold a number or a string; `nil` is not saved, and stays `nil` in a restore.
  ///
  /// - Parameters: As for a field that holds a tensor.
  public mutating func scalar<Value: TensorScalar>(
    _ name: String, _ field: WritableKeyPath<Root, Value?>, formerly formerNames: [String] = []
  ) {
    add(name, field, formerNames) { Self.wrapped($0) { $0.asTensor.variable } }
  }

  // MARK: Structs

  /// Registers a field that holds another struct with fields.
  ///
  /// - Parameters: As for a field that holds a tensor.
  public mutating func value<Value: CheckpointableValue>(
    _ name: String, _ field: WritableKeyPath<Root, Value>, formerly formerNames: [String] = []
  ) {
    add(name, field, formerNames) { (ValueNode($0), .place) }
  }

  /// Registers a field that may hold another struct with fields; `nil` is not saved, and stays `nil` in a
  /// restore.
  ///
  /// - Parameters: As for a field that holds a tensor.
  public mutating func value<Value: CheckpointableValue>(
    _ name: String, _ field: WritableKeyPath<Root, Value?>, formerly formerNames: [String] = []
  ) {
    add(name, field, formerNames) { Self.wrapped($0) { (ValueNode($0), .place) } }
  }

  /// Registers a field that holds an array of structs with fields, named by their index.
  ///
  /// - Parameters: As for a field that holds a tensor.
  public mutating func values<Value: CheckpointableValue>(
    _ name: String, _ field: WritableKeyPath<Root, [Value]>, formerly formerNames: [String] = []
  ) {
    add(name, field, formerNames) { Self.list($0) { (ValueNode($0), .place) } }
  }

  /// Registers a field that holds a dictionary of structs with fields, named by their keys.
  ///
  /// - Parameters: As for a field that holds a tensor.
  public mutating func values<Value: CheckpointableValue>(
    _ name: String, _ field: WritableKeyPath<Root, [String: Value]>,
    formerly formerNames: [String] = []
  ) {
    add(name, field, formerNames) { Self.dictionary($0) { (ValueNode($0), .place) } }
  }

  // MARK: Objects

  /// Registers a field that holds a variable, or another object.
  ///
  /// - Parameters: As for a field that holds a tensor.
  public mutating func object<Object: Checkpointable>(
    _ name: String, _ field: KeyPath<Root, Object>, formerly formerNames: [String] = []
  ) {
    note(name, field)
    fields.append(
      Field(name: name, formerNames: formerNames) { ($0.get()[keyPath: field], .object) })
  }

  /// Registers a field that may hold a variable, or another object.
  ///
  /// - Parameters: As for a field that holds a tensor.
  public mutating func object<Object: Checkpointable>(
    _ name: String, _ field: KeyPath<Root, Object?>, formerly formerNames: [String] = []
  ) {
    note(name, field)
    fields.append(
      Field(name: name, formerNames: formerNames) { place in
        place.get()[keyPath: field].map { ($0, .object) }
      })
  }

  /// Leaves out fields that hold values, which would be an error otherwise.
  ///
  /// - Parameter names: What the fields are called in the struct.
  public mutating func exclude(_ names: String...) { excluded.formUnion(names) }

  private mutating func add<Value>(
    _ name: String, _ field: WritableKeyPath<Root, Value>, _ formerNames: [String],
    _ make: @escaping (ValuePlace<Value>) -> DependencyRegistrar.Found?
  ) {
    note(name, field)
    fields.append(
      Field(name: name, formerNames: formerNames) { place in make(place.part(field)) })
  }

  private mutating func note<Value>(_ name: String, _ field: KeyPath<Root, Value>) {
    if let offset = MemoryLayout<Root>.offset(of: field) {
      bytes.append(offset..<(offset + MemoryLayout<Value>.size))
    } else {
      unplaced.insert(name)
    }
  }

  private static func wrapped<Value>(
    _ place: ValuePlace<Value?>, _ make: (ValuePlace<Value>) -> DependencyRegistrar.Found
  ) -> DependencyRegistrar.Found? {
    place.wrapped().map(make)
  }

  // In byte order of the keys: a Swift dictionary has no order of its own.
  private static func dictionary<Value>(
    _ place: ValuePlace<[String: Value]>, _ make: (ValuePlace<Value>) -> DependencyRegistrar.Found
  ) -> DependencyRegistrar.Found {
    let keys = place.get().keys.sorted { TensorKey($0) < TensorKey($1) }
    return container(
      keys.compactMap { key in place.part(\.[key]).wrapped().map { (key, make($0)) } })
  }

  private static func list<Element>(
    _ place: ValuePlace<[Element]>, _ make: (ValuePlace<Element>) -> DependencyRegistrar.Found
  ) -> DependencyRegistrar.Found {
    container(place.get().indices.map { (String($0), make(place.part(\.[$0]))) })
  }

  private static func container(_ elements: [(name: String, found: DependencyRegistrar.Found)])
    -> DependencyRegistrar.Found
  {
    let entries = elements.map { name, found in
      DependencyRegistrar.Entry(name: name, object: found.object, identity: found.identity)
    }
    return (ContainerNode(list: entries), .place)
  }
}
