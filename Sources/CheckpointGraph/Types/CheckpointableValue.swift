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
///
/// A field that holds a tensor, or other values that would be forgotten, has to be registered, or
/// left out by ``FieldRegistrar/exclude(_:)``.
public protocol CheckpointableValue {
  /// Says which fields belong to the checkpoint, and under which names.
  static func registerFields(in fields: inout FieldRegistrar<Self>)
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
    for field in fields.fields {
      guard let (object, identity) = field.make(place) else { continue }
      let isEmptyPlace = (object as? ContainerNode)?.isEmpty == true
      registrar.add(field.name, object, identity, isEmptyPlace: isEmptyPlace)
      registrar.note(field.name, formerly: field.formerNames)
    }
    for problem in FieldCheck.problems(of: fields) { registrar.note(problem, of: Value.self) }
  }
}
