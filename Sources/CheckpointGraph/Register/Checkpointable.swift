/// An object whose values a checkpoint saves and restores, with those of the objects it holds.
///
/// For a final class, conforming is enough: the stored properties are found, and named by their labels.
///
///     final class Dense: Checkpointable {
///       let kernel: Variable<Float>  // shape [inputs, outputs]
///       let bias: Variable<Float>  // shape [outputs]
///     }
///
/// Variables, other checkpointable objects, and arrays, dictionaries with string keys, optionals and
/// tuples of them are followed. Single numbers and strings are not saved: they are no variables; a
/// value that can change belongs into a ``Variable``, or is registered by hand. Arrays of numbers and
/// other values that would be forgotten are an error when the checkpoint is made.
///
/// A class that is to have subclasses inherits from ``CheckpointableObject``. If it cannot, it writes
/// the method, so that its subclasses override it:
///
///     class Module: Foreign, Checkpointable {
///       func registerDependencies(in registrar: inout DependencyRegistrar) {
///         registrar.trackProperties(of: self)
///       }
///     }
///
/// TensorFlow's newer word is trackable.
/// Source: tensorflow/python/trackable/base.py, `Trackable`; autotrackable.py, `AutoTrackable`.
public protocol Checkpointable: AnyObject {
  /// The class whose stored properties the default ``registerDependencies(in:)`` registers: never to be
  /// chosen.
  ///
  /// It is the class itself only if nothing can inherit from that: a method that a subclass wrote
  /// would not be the protocol's, and nobody would call it.
  associatedtype Registered = Self

  /// Says what belongs to the object, when other names or other things are wanted than the labels
  /// of the stored properties.
  ///
  ///     func registerDependencies(in registrar: inout DependencyRegistrar) {
  ///       registrar.track(query, as: "q")
  ///       registrar.variable("scale", of: self, \.scale)  // a plain Float or Tensor property
  ///     }
  ///
  /// Called at every save and restore; it must not change the object. A final class has a default,
  /// which registers the stored properties, those of superclasses first. A class that is not final
  /// writes the method or inherits it, and its subclasses override it: the compiler sees to that.
  func registerDependencies(in registrar: inout DependencyRegistrar)
}

// For a class that the default does not apply to, the compiler chooses one of these as the witness. They are
// unavailable, so it refuses, with a message that says why.

extension Checkpointable {
  /// Unavailable for a class that can have subclasses: what a subclass registers would be ignored.
  @available(
    *, unavailable,
    message: """
      a class that is not final has to have a method that subclasses can override: make the class \
      final, let it inherit from CheckpointableObject, or write 'func registerDependencies(in \
      registrar: inout DependencyRegistrar) { registrar.trackProperties(of: self) }'
      """
  )
  public func registerDependencies(in registrar: inout DependencyRegistrar) {}
}

extension Checkpointable where Registered == Self, Self: Actor {
  /// Not there for an actor: a checkpoint would read its properties while others change them.
  @available(
    *, unavailable,
    message: """
      an actor cannot be part of a checkpoint, which reads and writes properties from outside: hold \
      them in a final class that is Checkpointable, and save that inside of the actor
      """
  )
  public func registerDependencies(in registrar: inout DependencyRegistrar) {}
}
