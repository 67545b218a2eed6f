public import CheckpointTensors

/// Takes down the fields of a struct: see ``CheckpointableValue/registerFields(in:)``.
public struct FieldRegistrar<Root> {
  typealias Made = (object: any Checkpointable, identity: DependencyRegistrar.Entry.Identity)

  var fields: [(name: String, make: (ValuePlace<Root>) -> Made)] = []
  /// Where the registered fields are in the struct, in bytes.
  private(set) var bytes: [Range<Int>] = []
  /// The names of those of which that is not known: computed ones, and those with observers.
  private(set) var unplaced: Set<String> = []
  /// The fields that are left out.
  private(set) var excluded: Set<String> = []

  init() {}

  /// Registers a field that holds a tensor, or any storable value.
  public mutating func tensor<Value: TensorStorable>(
    _ name: String, _ field: WritableKeyPath<Root, Value>
  ) {
    add(name, field) { PlaceVariable($0) }
  }

  /// Registers a field that holds a number or a string, as a tensor without dimensions.
  public mutating func scalar<Value: TensorScalar>(
    _ name: String, _ field: WritableKeyPath<Root, Value>
  ) {
    add(name, field) { PlaceVariable($0.asTensor) }
  }

  /// Registers a field that holds an array of tensors, named by their index.
  public mutating func tensors<Value: TensorStorable>(
    _ name: String, _ field: WritableKeyPath<Root, [Value]>
  ) {
    add(name, field) { Self.list($0) { PlaceVariable($0) } }
  }

  /// Registers a field that holds another struct with fields.
  public mutating func value<Value: CheckpointableValue>(
    _ name: String, _ field: WritableKeyPath<Root, Value>
  ) {
    add(name, field) { ValueNode($0) }
  }

  /// Registers a field that holds an array of structs with fields, named by their index.
  public mutating func values<Value: CheckpointableValue>(
    _ name: String, _ field: WritableKeyPath<Root, [Value]>
  ) {
    add(name, field) { Self.list($0) { ValueNode($0) } }
  }

  /// Registers a field that holds a variable, or another object.
  public mutating func object<Object: Checkpointable>(
    _ name: String, _ field: KeyPath<Root, Object>
  ) {
    note(name, field)
    fields.append((name, { ($0.get()[keyPath: field], .object) }))
  }

  /// Leaves out fields that hold values, which would be an error otherwise.
  ///
  /// - Parameter names: What the fields are called in the struct.
  public mutating func exclude(_ names: String...) { excluded.formUnion(names) }

  private mutating func add<Value>(
    _ name: String, _ field: WritableKeyPath<Root, Value>,
    _ make: @escaping (ValuePlace<Value>) -> any Checkpointable
  ) {
    note(name, field)
    fields.append((name, { (make($0.part(field)), .place) }))
  }

  private mutating func note<Value>(_ name: String, _ field: KeyPath<Root, Value>) {
    if let offset = MemoryLayout<Root>.offset(of: field) {
      bytes.append(offset..<(offset + MemoryLayout<Value>.size))
    } else {
      unplaced.insert(name)
    }
  }

  private static func list<Element>(
    _ place: ValuePlace<[Element]>, _ make: (ValuePlace<Element>) -> any Checkpointable
  ) -> any Checkpointable {
    ContainerNode(
      list: place.get().indices.map { index in
        DependencyRegistrar.Entry(
          name: String(index), object: make(place.part(\.[index])), identity: .place)
      })
  }
}
