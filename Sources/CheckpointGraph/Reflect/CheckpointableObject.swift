/// A base for classes that have subclasses: the stored properties of all of them are found.
///
///     class Module: CheckpointableObject {
///       var isTraining = true
///     }
///
///     final class Dense: Module {
///       let kernel = Variable<Float>(repeating: 0, shape: [784, 10])  // found
///     }
///
///     final class Scale: Module {
///       var factor: Float = 1
///
///       override func registerDependencies(in registrar: inout DependencyRegistrar) {
///         super.registerDependencies(in: &registrar)  // the stored properties
///         registrar.variable("factor", of: self, \.factor)
///       }
///     }
///
/// Source: tensorflow/python/trackable/autotrackable.py, `AutoTrackable`.
open class CheckpointableObject: Checkpointable {
  /// Creates an object to which nothing belongs yet.
  public init() {}

  /// Registers the stored properties, those of superclasses first.
  ///
  /// A subclass that registers other things overrides this; without `super` only what it names
  /// belongs to the object.
  open func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.trackProperties(of: self)
  }
}
