public import CheckpointIO

/// A tensor in this machine's memory: a shape, and elements in row-major order.
///
///     var image = Tensor<Float>(repeating: 0, shape: [28, 28])
///     image[3, 4] = 1
///
/// Copies share memory until one of them is written to, so that a snapshot costs nothing.
/// It holds values for checkpoints; it does no arithmetic.
public struct Tensor<Scalar: TensorScalar>: Sendable {
  /// The dimensions.
  public package(set) var shape: TensorShape
  @usableFromInline package var storage: TensorStorage

  /// Creates a tensor from its elements in row-major order.
  ///
  /// - Precondition: There are as many as the shape has.
  public init(shape: TensorShape, scalars: [Scalar]) {
    precondition(
      scalars.count == shape.elementCount, "\(scalars.count) elements for a tensor \(shape)")
    self.shape = shape
    storage = TensorStorage(scalars)
  }

  /// Creates a tensor of one dimension.
  public init(_ scalars: [Scalar]) { self.init(shape: [scalars.count], scalars: scalars) }

  /// Creates a tensor of no dimensions: a scalar.
  public init(_ scalar: Scalar) { self.init(shape: .scalar, scalars: [scalar]) }

  /// Creates a tensor of equal elements.
  @inlinable
  public init(repeating scalar: Scalar, shape: TensorShape) {
    let storage = unsafe TensorStorage(of: Scalar.self, count: shape.elementCount) { memory in
      unsafe memory.initialize(repeating: scalar)
    }
    self.init(shape, storage)
  }

  /// Takes memory that holds as many elements as the shape has.
  @usableFromInline
  init(_ shape: TensorShape, _ storage: TensorStorage) {
    (self.shape, self.storage) = (shape, storage)
  }

  /// Creates a tensor with the elements of `tensor`, whose memory it shares.
  ///
  /// - Throws: `mismatch` if its dtype is another, or if an element has no value of this type.
  public init(_ tensor: AnyTensor) throws(CheckpointError) {
    storage = try tensor.storage(of: Scalar.self)
    shape = tensor.spec.shape
  }

  /// The elements.
  public var scalars: Span<Scalar> {
    @inlinable
    @_lifetime(borrow self)
    get {
      // The storage holds `elementCount` elements of this type: every initializer sees to it.
      let memory = unsafe UnsafeBufferPointer(
        start: storage.start.assumingMemoryBound(to: Scalar.self), count: shape.elementCount)
      return unsafe _overrideLifetime(Span(_unsafeElements: memory), borrowing: self)
    }
  }

  /// The elements, to be changed; copies of the tensor keep theirs.
  public var mutableScalars: MutableSpan<Scalar> {
    @inlinable
    @_lifetime(&self)
    mutating get {
      makeUnique()
      let memory = unsafe UnsafeMutableBufferPointer(
        start: storage.start.assumingMemoryBound(to: Scalar.self), count: shape.elementCount)
      return unsafe _overrideLifetime(MutableSpan(_unsafeElements: memory), mutating: &self)
    }
  }

  /// Calls `body` with the elements.
  @inlinable
  public func withScalars<Result>(_ body: (Span<Scalar>) throws -> Result) rethrows -> Result {
    try body(scalars)
  }

  /// Calls `body` with the elements, to be changed; copies of the tensor keep theirs.
  @inlinable
  public mutating func withMutableScalars<Result>(
    _ body: (inout MutableSpan<Scalar>) throws -> Result
  ) rethrows -> Result {
    var scalars = mutableScalars
    return try body(&scalars)
  }

  /// The elements as an array.
  @inlinable
  public var array: [Scalar] {
    unsafe scalars.withUnsafeBufferPointer { unsafe Array($0) }
  }

  /// The element of a tensor that has just one.
  ///
  /// - Precondition: There is exactly one, in any number of dimensions.
  @inlinable
  public var scalar: Scalar {
    get {
      precondition(shape.elementCount == 1, "a tensor \(shape) has no single element")
      return scalars[0]
    }
    set {
      precondition(shape.elementCount == 1, "a tensor \(shape) has no single element")
      var scalars = mutableScalars
      scalars[0] = newValue
    }
  }

  @usableFromInline
  mutating func replaceStorage() {
    // Numbers are copied as bytes; strings, whose memory is more than its bytes, one by one.
    storage =
      Scalar.dtype.byteWidth == nil ? TensorStorage(array) : TensorStorage(copying: storage.bytes)
  }

  @inlinable
  mutating func makeUnique() {
    if !TensorStorage.isOwned(&storage) { replaceStorage() }
  }
}

extension Tensor: Equatable where Scalar: Equatable {
  /// Whether two tensors have the same shape and equal elements.
  @inlinable
  public static func == (left: Tensor, right: Tensor) -> Bool {
    guard left.shape == right.shape else { return false }
    let one = left.scalars
    let other = right.scalars
    let count = one.count
    var index = 0
    while index < count {
      // Without a way out in the middle, several are compared at a time.
      let end = min(index + 256, count)
      var areEqual = true
      while index < end {
        // Both have `count` elements, since the shapes are the same.
        if unsafe one[unchecked: index] != other[unchecked: index] { areEqual = false }
        index += 1
      }
      guard areEqual else { return false }
    }
    return true
  }
}

extension Tensor: CustomStringConvertible {
  /// The dtype and the shape: `float32[784, 10]`.
  public var description: String { TensorSpec(Scalar.dtype, shape).description }
}
