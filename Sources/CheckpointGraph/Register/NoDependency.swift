/// A stored property that is not part of the checkpoint: a cache, a reference to an owner.
///
///     final class Decoder: Checkpointable {
///       let embedding: Variable<Float>
///       @NoDependency var encoder: Encoder?
///     }
///
/// Of a type whose values never matter, ``ExcludedFromCheckpoints`` says so once.
/// Source: tensorflow/python/trackable/data_structures.py, `NoDependency`.
@propertyWrapper
public struct NoDependency<Value>: ExcludedFromCheckpoints {
  /// The value.
  public var wrappedValue: Value

  /// Creates the property.
  public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
}
