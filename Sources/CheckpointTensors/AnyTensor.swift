public import CheckpointIO

/// A tensor whose element type is known at run time only: what readers give and writers take.
///
/// Every dtype can be held this way, also those that have no Swift type, such as `float8_e4m3fn`.
/// Copies share memory.
///
///     let tensor = try AnyTensor(TensorSpec(.float32, [2]), bytes: numbers.span.bytes)
///     let words = try AnyTensor(TensorSpec(.string, [2]), strings: ["one", "two"].map { Array($0.utf8) })
///     if let bytes = tensor.bytes { print(bytes.byteCount) }  // 8
public struct AnyTensor: Sendable {
  /// The dtype and the shape.
  public let spec: TensorSpec
  /// The elements.
  package let contents: TensorContents

  /// Creates a tensor from its elements.
  ///
  /// - Throws: `mismatch` if the elements are not as many, or not of the kind, that `spec` says.
  package init(_ spec: TensorSpec, _ contents: TensorContents) throws(CheckpointError) {
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

  /// Creates a tensor of new memory that is filled with fixed-width elements.
  ///
  /// - Parameters:
  ///   - spec: The dtype and the shape.
  ///   - fill: Writes the elements: row-major, in this machine's byte order.
  /// - Throws: `mismatch` for elements without fixed width, and for more than memory can hold; `io` if the
  ///   system has not so much memory; what `fill` throws.
  public init(
    _ spec: TensorSpec, fillingBytes fill: (inout MutableRawSpan) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    guard let byteCount = spec.byteCount else {
      throw CheckpointError(.mismatch, "a tensor \(spec) cannot be held in memory as bytes")
    }
    let storage = try TensorStorage(allocating: byteCount)
    try storage.withMutableBytes(fill)
    try self.init(spec, .bytes(storage))
  }

  /// Creates a tensor of elements of any length: byte strings, or serialized variants.
  ///
  /// - Throws: `mismatch` if there are too few or too many, or if `spec` is of elements of fixed width.
  public init(_ spec: TensorSpec, strings: [[UInt8]]) throws(CheckpointError) {
    try self.init(spec, .strings(strings))
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
    contents = Scalar.form.contents(storage, shape.elementCount)
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
    return try Scalar.form.storage(contents, spec.shape.elementCount)
  }

  /// The same elements in another shape.
  ///
  /// - Throws: `mismatch` if that has another number of elements.
  public func reshaped(to shape: TensorShape) throws(CheckpointError) -> AnyTensor {
    try AnyTensor(TensorSpec(spec.dtype, shape), contents)
  }

  /// The fixed-width elements, row-major, in this machine's byte order; `nil` for strings.
  public var bytes: RawSpan? {
    @_lifetime(borrow self)
    get {
      guard case .bytes(let storage) = contents else { return nil }
      // The storage lives as long as the tensor that holds it.
      return unsafe _overrideLifetime(storage.bytes, borrowing: self)
    }
  }

  /// The memory of fixed-width elements; `nil` for strings.
  package var storage: TensorStorage? {
    if case .bytes(let storage) = contents { storage } else { nil }
  }

  /// The elements of variable length; `nil` for numbers.
  public var strings: [[UInt8]]? {
    if case .strings(let elements) = contents { elements } else { nil }
  }
}
