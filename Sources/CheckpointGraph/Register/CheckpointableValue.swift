public import CheckpointTensors

/// A struct whose fields a checkpoint saves and restores: it registers them by key path, and is held
/// in ``Tracked``.
///
///     struct Perceptron: CheckpointableValue {
///       var weight: Tensor<Float>
///       var layers: [Layer]
///       static func registerFields(in fields: inout FieldRegistrar<Self>) {
///         fields.tensor("weight", \.weight)
///         fields.values("layers", \.layers)
///       }
///     }
///     let model = Tracked(Perceptron(…))  // model.value is the struct
public protocol CheckpointableValue {
  /// Says which fields belong to the checkpoint, and under which names.
  static func registerFields(in fields: inout FieldRegistrar<Self>)
}

/// Takes down the fields of a struct: see ``CheckpointableValue/registerFields(in:)``.
public struct FieldRegistrar<Root> {
  var fields: [(name: String, make: (ValuePlace<Root>) -> any Checkpointable)] = []

  init() {}

  /// Registers a field that holds a tensor, or any storable value.
  public mutating func tensor<Value: TensorStorable>(
    _ name: String,
    _ field: WritableKeyPath<Root, Value>
  ) {
    fields.append((name, { PlaceVariable($0.part(field)) }))
  }

  /// Registers a field that holds a number or a string, as a tensor without dimensions.
  public mutating func scalar<Value: TensorScalar>(
    _ name: String,
    _ field: WritableKeyPath<Root, Value>
  ) {
    fields.append((name, { PlaceVariable($0.part(field).asTensor) }))
  }

  /// Registers a field that holds an array of tensors, named by their index.
  public mutating func tensors<Value: TensorStorable>(
    _ name: String,
    _ field: WritableKeyPath<Root, [Value]>
  ) {
    fields.append((name, { Self.list($0.part(field)) { PlaceVariable($0) } }))
  }

  /// Registers a field that holds another struct with fields.
  public mutating func value<Value: CheckpointableValue>(
    _ name: String,
    _ field: WritableKeyPath<Root, Value>
  ) {
    fields.append((name, { ValueNode($0.part(field)) }))
  }

  /// Registers a field that holds an array of structs with fields, named by their index.
  public mutating func values<Value: CheckpointableValue>(
    _ name: String,
    _ field: WritableKeyPath<Root, [Value]>
  ) {
    fields.append((name, { Self.list($0.part(field)) { ValueNode($0) } }))
  }

  private static func list<Element>(
    _ place: ValuePlace<[Element]>,
    _ make: (ValuePlace<Element>) -> any Checkpointable
  ) -> any Checkpointable {
    ContainerNode(
      list: place.get().indices.map { index in
        DependencyRegistrar.Entry(
          name: String(index),
          object: make(place.part(\.[index])),
          identity: .place
        )
      }
    )
  }
}

/// Holds a struct with registered fields, so that a checkpoint can save and restore it.
public final class Tracked<Value: CheckpointableValue>: Checkpointable {
  /// The struct.
  public var value: Value

  /// Holds a struct.
  public init(_ value: Value) { self.value = value }

  /// Registers the fields.
  public func registerDependencies(in registrar: inout DependencyRegistrar) {
    ValueNode(ValuePlace(self, \.value)).registerDependencies(in: &registrar)
  }
}

/// The node of a struct within another one.
final class ValueNode<Value: CheckpointableValue>: Checkpointable {
  private let place: ValuePlace<Value>

  init(_ place: ValuePlace<Value>) { self.place = place }

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    var fields = FieldRegistrar<Value>()
    Value.registerFields(in: &fields)
    for field in fields.fields { registrar.add(field.name, field.make(place), .place) }
  }
}
