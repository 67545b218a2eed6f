public import CheckpointIO

/// A tensor whose element type is known at run time only: what readers give and writers take.
///
/// Every dtype can be held this way, also those that have no Swift type, such as `float8_e4m3fn`.
/// Copies share memory.
public struct AnyTensor: Sendable {
  /// The dtype and the shape.
  public let spec: TensorSpec
  /// The elements.
  public let contents: TensorContents

  /// Creates a tensor from its elements.
  ///
  /// - Throws: `mismatch` if the elements are not as many, or not of the kind, that `spec` says.
  public init(_ spec: TensorSpec, _ contents: TensorContents) throws(CheckpointError) {
    let fits =
      switch contents {
      case .bytes(let storage): storage.byteCount == spec.byteCount
      case .strings(let elements):
        spec.dtype.byteWidth == nil && elements.count == spec.shape.elementCount
      }
    guard fits else {
      throw CheckpointError(.mismatch, "these are not the contents of a tensor \(spec)")
    }
    self.spec = spec
    self.contents = contents
  }

  /// Creates a tensor by copying fixed-width elements.
  ///
  /// - Throws: `mismatch` if there are too few or too many bytes.
  public init(_ spec: TensorSpec, bytes: RawSpan) throws(CheckpointError) {
    try self.init(spec, .bytes(TensorStorage(copying: bytes)))
  }

  /// Creates a tensor that shares the memory of `tensor`; strings are copied.
  public init<Scalar>(_ tensor: Tensor<Scalar>) {
    self.init(of: Scalar.self, tensor.shape, tensor.storage)
  }

  /// Creates a tensor from the memory of one whose elements are `Scalar`s, as many as `shape` has.
  package init<Scalar: TensorScalar>(
    of type: Scalar.Type, _ shape: TensorShape, _ storage: TensorStorage
  ) {
    spec = TensorSpec(Scalar.dtype, shape)
    contents = Scalar.contents(of: storage, count: shape.elementCount)
  }

  /// The memory of a tensor of the same elements as `Scalar`s.
  ///
  /// - Throws: `mismatch` if the dtype is another, or if an element has no value of this type.
  package func storage<Scalar: TensorScalar>(of type: Scalar.Type) throws(CheckpointError)
    -> TensorStorage
  {
    guard spec.dtype == Scalar.dtype else {
      throw CheckpointError(.mismatch, "the tensor is \(spec.dtype.name), not \(Scalar.dtype.name)")
    }
    return try Scalar.storage(from: contents, count: spec.shape.elementCount)
  }

  /// The same elements in another shape.
  ///
  /// - Throws: `mismatch` if that has another number of elements.
  public func reshaped(to shape: TensorShape) throws(CheckpointError) -> AnyTensor {
    try AnyTensor(TensorSpec(spec.dtype, shape), contents)
  }

  /// The fixed-width elements; `nil` for strings.
  public var storage: TensorStorage? {
    if case .bytes(let storage) = contents { storage } else { nil }
  }

  /// The elements of variable length; `nil` for numbers.
  public var strings: [[UInt8]]? {
    if case .strings(let elements) = contents { elements } else { nil }
  }
}
