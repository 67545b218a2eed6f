public import CheckpointTensors

/// A place in a program that holds a tensor, known by reference: what savers save, and restore into.
///
/// ``Variable`` is one; ``TensorBox`` makes one of any ``TensorStorable`` value.
public protocol TensorVariable: Checkpointable, TensorStorable {
  /// The variable's own name, if it was given one: what a saver calls it by default.
  var name: String? { get }

  /// The label of the device that it belongs to, if it was given one: a saver can write a data file
  /// for each.
  var device: String? { get }
}

extension TensorVariable {
  /// No name.
  public var name: String? { nil }

  /// No label.
  public var device: String? { nil }
}

extension TensorVariable where Registered == Self {
  /// Registers the value.
  public func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.setValue(.variable(self))
  }
}

extension TensorVariable {
  /// Not there for a class that can have subclasses: what they registered would not be heard.
  @available(
    *, unavailable,
    message: """
      a class that is not final has to have a method that subclasses can override: make the class \
      final, or write 'func registerDependencies(in registrar: inout DependencyRegistrar) {}'; the \
      value is registered all the same
      """
  )
  public func registerDependencies(in registrar: inout DependencyRegistrar) {}
}
