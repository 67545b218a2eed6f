public import CheckpointIO
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

/// A variable: a tensor that training changes, with a name if it needs one.
///
///     let step = Variable<Int64>(0, name: "global_step")
///     let kernel = Variable<Float>(repeating: 0, shape: [784, 10], name: "dense/kernel")
///     step.scalar += 1
///
/// Not safe for use by several threads at once.
public final class Variable<Scalar: TensorScalar>: TensorVariable {
  /// The value; a checkpoint restores into the dtype and shape that it has at that time.
  public var value: Tensor<Scalar>
  /// The variable's own name.
  public let name: String?
  /// The label of the device that it belongs to, such as `gpu:0`; any text will do.
  public var device: String?

  /// Creates a variable that holds `value`.
  public init(_ value: Tensor<Scalar>, name: String? = nil) {
    self.value = value
    self.name = name
  }

  /// Creates a variable that holds a scalar.
  public convenience init(_ scalar: Scalar, name: String? = nil) {
    self.init(Tensor(scalar), name: name)
  }

  /// Creates a variable that holds a tensor of one dimension.
  public convenience init(_ scalars: [Scalar], name: String? = nil) {
    self.init(Tensor(scalars), name: name)
  }

  /// Creates a variable that holds a tensor of equal elements.
  public convenience init(repeating scalar: Scalar, shape: TensorShape, name: String? = nil) {
    self.init(Tensor(repeating: scalar, shape: shape), name: name)
  }

  /// The element of a variable that has just one.
  ///
  /// - Precondition: There is exactly one.
  public var scalar: Scalar {
    get { value.scalar }
    set { value.scalar = newValue }
  }

  /// Calls `body` with the elements.
  public func withScalars<Result>(_ body: (Span<Scalar>) throws -> Result) rethrows -> Result {
    try value.withScalars(body)
  }

  /// Calls `body` with the elements, to be changed in place; snapshots and copies keep theirs.
  public func withMutableScalars<Result>(_ body: (inout MutableSpan<Scalar>) throws -> Result)
    rethrows -> Result
  {
    try value.withMutableScalars(body)
  }

  /// The dimensions of the value.
  public var shape: TensorShape { value.shape }

  // Savers ask many variables of whatever type. The parts of the value are looked at in their places: a
  // copy of it, and its methods, would take its type's description, which is looked up at run time.

  /// The dtype and the shape of the value.
  public var tensorSpec: TensorSpec { TensorSpec(Scalar.dtype, value.shape) }

  /// Calls `body` with the elements of fixed width.
  public func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    try Scalar.contents(of: value.storage, count: value.shape.elementCount)
      .withBytes(of: Scalar.dtype, body)
  }

  /// Fills the value's memory.
  public func fillTensorBytes(_ fill: (inout MutableRawSpan) throws(CheckpointError) -> Void)
    throws(CheckpointError) -> Bool
  {
    try TensorStorage.fill(&value.storage, of: Scalar.dtype, fill)
  }

  /// Takes the tensor as its value.
  public func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    value.storage = try tensor.storage(of: Scalar.self)
    value.shape = tensor.spec.shape
  }

  /// The value, sharing its memory.
  public func tensorSnapshot() -> AnyTensor {
    AnyTensor(of: Scalar.self, value.shape, value.storage)
  }
}

/// A variable made of any storable value: an array type of another library, an ``AnyTensor``.
public final class TensorBox<Value: TensorStorable>: TensorVariable {
  /// The value.
  public var value: Value
  /// The variable's own name.
  public let name: String?
  /// The label of the device that it belongs to, such as `gpu:0`; any text will do.
  public var device: String?

  /// Creates a variable that holds `value`.
  public init(_ value: Value, name: String? = nil) {
    self.value = value
    self.name = name
  }

  /// The dtype and the shape of the value.
  public var tensorSpec: TensorSpec { value.tensorSpec }

  /// Calls `body` with the elements of fixed width.
  public func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    try value.withTensorBytes(body)
  }

  /// Hands the bytes to the value.
  public func fillTensorBytes(_ fill: (inout MutableRawSpan) throws(CheckpointError) -> Void)
    throws(CheckpointError) -> Bool
  {
    try value.fillTensorBytes(fill)
  }

  /// Hands the tensor to the value.
  public func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    try value.setTensor(tensor)
  }

  /// The value as it is now.
  public func tensorSnapshot() throws(CheckpointError) -> AnyTensor { try value.tensorSnapshot() }
}
