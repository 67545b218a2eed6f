public import CheckpointIO

/// An array type that can be stored in a checkpoint: one conformance makes somebody else's array, a
/// buffer of a device or an image storable.
///
///     extension Image: TensorStorable {
///       var tensorSpec: TensorSpec { TensorSpec(.uint8, [height, width, 4]) }
///       func withTensorBytes<Result>(
///         _ body: (RawSpan) throws(CheckpointError) -> Result
///       ) throws(CheckpointError) -> Result {
///         try body(pixels.span.bytes)
///       }
///       mutating func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
///         pixels = try Tensor<UInt8>(tensor).array
///       }
///     }
public protocol TensorStorable {
  /// The dtype and the shape it has now.
  var tensorSpec: TensorSpec { get }

  /// Calls `body` with the elements: row-major, densely packed, in this machine's byte order.
  ///
  /// - Throws: What `body` throws; `unsupported` if the elements are not of fixed width.
  func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result

  /// Takes the values of a restored tensor, whose dtype and shape have been compared already.
  ///
  /// - Throws: `mismatch` if it cannot hold such a tensor; it is unchanged then.
  mutating func setTensor(_ tensor: AnyTensor) throws(CheckpointError)

  /// Fills its own memory with the elements of a restored tensor of the same dtype and shape, so that
  /// no second copy is needed.
  ///
  /// - Parameter fill: Writes the elements: row-major, in this machine's byte order. If it throws,
  ///   they are undefined.
  /// - Returns: Whether it could; if not, `fill` has not been called, and the values come by
  ///   ``setTensor(_:)``. The default cannot.
  /// - Throws: What `fill` throws.
  mutating func fillTensorBytes(_ fill: (inout MutableRawSpan) throws(CheckpointError) -> Void)
    throws(CheckpointError) -> Bool

  /// Its values as they are now; they do not change when it does.
  ///
  /// The default copies the elements. A type whose copies share memory until they are written to
  /// gives out its memory instead.
  func tensorSnapshot() throws(CheckpointError) -> AnyTensor
}

extension TensorStorable {
  /// Does nothing.
  public mutating func fillTensorBytes(
    _ fill: (inout MutableRawSpan) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> Bool {
    false
  }

  /// A copy of the elements.
  public func tensorSnapshot() throws(CheckpointError) -> AnyTensor {
    let spec = tensorSpec
    return try withTensorBytes { bytes throws(CheckpointError) in
      try AnyTensor(spec, bytes: bytes)
    }
  }
}

extension AnyTensor: TensorStorable {
  /// The dtype and the shape.
  public var tensorSpec: TensorSpec { spec }

  /// Calls `body` with the elements of fixed width.
  public func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    guard let storage else {
      throw CheckpointError(.unsupported, "\(spec.dtype.name) elements have no fixed width")
    }
    return try storage.read(body)
  }

  /// Becomes the tensor.
  public mutating func setTensor(_ tensor: AnyTensor) { self = tensor }

  /// The tensor itself.
  public func tensorSnapshot() -> AnyTensor { self }
}

extension Tensor: TensorStorable {
  /// The dtype and the shape.
  public var tensorSpec: TensorSpec { TensorSpec(Scalar.dtype, shape) }

  /// Calls `body` with the elements of fixed width.
  public func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    try Scalar.form.contents(storage, shape.elementCount).withBytes(of: Scalar.dtype, body)
  }

  /// Fills the tensor's memory; copies of the tensor keep their values.
  public mutating func fillTensorBytes(
    _ fill: (inout MutableRawSpan) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> Bool {
    try TensorStorage.fill(&storage, of: Scalar.dtype, fill)
  }

  /// Becomes the tensor, whose memory it shares.
  public mutating func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    self = try Tensor(tensor)
  }

  /// The tensor itself, sharing its memory; strings are copied.
  public func tensorSnapshot() -> AnyTensor { AnyTensor(self) }
}
