public import CheckpointGraph

/// A property that restores the object that is assigned to it, even after the restore.
///
///     final class Classifier: Checkpointable {
///       @Dependency var head: Dense?
///     }
///     let status = try Checkpoint(["model": classifier]).restore(from: path)
///     classifier.head = Dense(128, 10)  // has the restored values now
///
/// The object belongs to its owner under the property's name. If the values do not fit, the
/// assignment cannot throw. It gives a warning, and the status of the restore has the error.
@propertyWrapper
public struct Dependency<Value>: DependencyWrapper {
  private var value: Value

  /// Creates the property.
  public init(wrappedValue: Value) { value = wrappedValue }

  /// The value.
  public var wrappedDependency: Any { value }

  /// Not available, since the property has to belong to an object.
  @available(*, unavailable, message: "only a Checkpointable class can have a @Dependency")
  public var wrappedValue: Value {
    get { value }
    set { value = newValue }
  }

  /// The property of an object.
  public static subscript<Owner: Checkpointable>(_enclosingInstance owner: Owner,
    wrapped _: ReferenceWritableKeyPath<Owner, Value>,
    storage storage: ReferenceWritableKeyPath<Owner, Dependency<Value>>
  ) -> Value {
    get { owner[keyPath: storage].value }
    set {
      owner[keyPath: storage].value = newValue
      DeferredRestores.objectChanged(owner)
    }
  }
}
