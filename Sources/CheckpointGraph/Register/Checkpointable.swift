/// An object whose values a checkpoint saves and restores, with those of the objects it holds.
///
/// Conforming is enough: the stored properties are found, and named by their labels.
///
///     final class Dense: Checkpointable {
///       let kernel: Variable<Float>  // shape [inputs, outputs]
///       let bias: Variable<Float>  // shape [outputs]
///     }
///
/// Variables, other checkpointable objects, and arrays, dictionaries with string keys, optionals and
/// tuples of them are followed. Numbers and strings are not saved: they are no variables; a value
/// that can change belongs into a ``Variable``, or is registered by hand.
///
/// TensorFlow's newer word is trackable.
/// Source: tensorflow/python/trackable/base.py, `Trackable`; autotrackable.py, `AutoTrackable`.
public protocol Checkpointable: AnyObject {
  /// Says what belongs to the object, when other names or other things are wanted than the labels
  /// of the stored properties.
  ///
  ///     func registerDependencies(in registrar: inout DependencyRegistrar) {
  ///       registrar.track(query, as: "q")
  ///       registrar.variable("scale", of: self, \.scale)  // a plain Float or Tensor property
  ///     }
  ///
  /// Called at every save and restore; it must not change the object. The default registers the
  /// stored properties, those of superclasses first.
  func registerDependencies(in registrar: inout DependencyRegistrar)
}

extension Checkpointable {
  /// Registers the stored properties, those of superclasses first.
  public func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.trackProperties(of: self)
  }
}

/// A stored property that is not part of the checkpoint: a cache, a reference to an owner.
///
///     final class Decoder: Checkpointable {
///       let embedding: Variable<Float>
///       @NoDependency var encoder: Encoder?
///     }
///
/// Source: tensorflow/python/trackable/data_structures.py, `NoDependency`.
@propertyWrapper
public struct NoDependency<Value> {
  /// The value.
  public var wrappedValue: Value

  /// Creates the property.
  public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
}

protocol ExcludedFromCheckpoints {}
extension NoDependency: ExcludedFromCheckpoints {}
