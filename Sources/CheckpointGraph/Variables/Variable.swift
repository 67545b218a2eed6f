public import CheckpointIO
public import CheckpointTensors

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
    try Scalar.form.contents(value.storage, value.shape.elementCount)
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
