package import CheckpointIO

/// The dimensions of a tensor, outermost first; a scalar has none.
///
///     let shape: TensorShape = [784, 10]
///     print(shape.elementCount)  // 7840
///
/// Source of the limits: tensorflow/core/framework/tensor_shape.h (254 dimensions, 2^63 - 1
/// elements).
public struct TensorShape: Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  // Every entry of every checkpoint has a shape: up to four dimensions of 32 bits lie in the shape
  // itself, so that a copy counts no reference. All others lie in an array.
  @usableFromInline var few = FewDimensions()
  @usableFromInline var many: [Int]?
  /// The number of elements: the product of the dimensions, 1 for a scalar.
  public private(set) var elementCount = 1
  @usableFromInline var fewCount: UInt8 = 0

  /// The shape of a tensor of one element.
  public static let scalar = TensorShape()

  private init() {}

  /// Creates a shape.
  ///
  /// - Precondition: At most 254 dimensions, none negative, and fewer than 2^63 elements.
  public init(_ dimensions: [Int]) {
    let fits = dimensions.allSatisfy { append($0) }
    precondition(fits, "no tensor can have the shape \(dimensions)")
  }

  /// Creates a shape.
  ///
  /// - Precondition: As for ``init(_:)``.
  public init(arrayLiteral dimensions: Int...) { self.init(dimensions) }

  /// Creates a shape from the numbers in a file.
  ///
  /// - Throws: `corrupt` for dimensions that no tensor can have.
  package init(stored dimensions: [Int]) throws(CheckpointError) {
    for dimension in dimensions { try append(stored: dimension) }
  }

  /// The length of each dimension; none is negative.
  public var dimensions: [Int] { many ?? (0..<rank).map { Int(few[$0]) } }

  /// The number of dimensions.
  @inlinable
  public var rank: Int { many?.count ?? Int(fewCount) }

  /// The length of one dimension.
  ///
  /// - Precondition: There is one of this number.
  @inlinable
  public subscript(axis: Int) -> Int {
    if let many { return many[axis] }
    guard axis >= 0, axis < rank else { refuse(axis) }
    return Int(few[axis])
  }

  @usableFromInline
  func refuse(_ axis: Int) -> Never { preconditionFailure("dimension \(axis) of \(rank)") }

  /// The dimensions in brackets: `[784, 10]`.
  public var description: String {
    "[\(dimensions.map(String.init).joined(separator: ", "))]"
  }

  /// Adds an inner dimension found in a file.
  ///
  /// - Throws: `corrupt` if no tensor can have such a shape.
  package mutating func append(stored dimension: Int) throws(CheckpointError) {
    guard append(dimension) else {
      let shown = (dimensions.prefix(7) + [dimension]).map(String.init).joined(separator: ", ")
      let more = rank > 7 ? ", … \(rank + 1) dimensions" : ""
      throw CheckpointError(.corrupt, "no tensor can have the shape [\(shown)\(more)]")
    }
  }

  private static let largestRank = 254

  // TensorFlow multiplies from the left and refuses an overflow even if a zero follows.
  private mutating func append(_ dimension: Int) -> Bool {
    let (product, overflow) = elementCount.multipliedReportingOverflow(by: dimension)
    guard dimension >= 0, !overflow, rank < Self.largestRank else { return false }
    elementCount = product
    if many == nil, fewCount < 4, let small = UInt32(exactly: dimension) {
      few[Int(fewCount)] = small
      fewCount += 1
    } else {
      many = dimensions + [dimension]
      fewCount = 0
    }
    return true
  }
}

/// Four numbers.
@usableFromInline
struct FewDimensions: Sendable {
  @usableFromInline var first: UInt32 = 0
  @usableFromInline var second: UInt32 = 0
  @usableFromInline var third: UInt32 = 0
  @usableFromInline var fourth: UInt32 = 0

  @inlinable
  subscript(axis: Int) -> UInt32 {
    get {
      switch axis {
      case 0: first
      case 1: second
      case 2: third
      default: fourth
      }
    }
    set {
      switch axis {
      case 0: first = newValue
      case 1: second = newValue
      case 2: third = newValue
      default: fourth = newValue
      }
    }
  }
}

extension TensorShape: Hashable {
  /// Whether all dimensions are the same.
  public static func == (left: TensorShape, right: TensorShape) -> Bool {
    guard left.elementCount == right.elementCount, left.rank == right.rank else { return false }
    return (0..<left.rank).allSatisfy { left[$0] == right[$0] }
  }

  /// Hashes the dimensions.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(rank)
    for axis in 0..<rank { hasher.combine(self[axis]) }
  }
}

/// What a tensor is, without its values.
///
/// Source of the word: `tf.TensorSpec`.
public struct TensorSpec: Hashable, Sendable, CustomStringConvertible {
  /// The dimensions.
  public var shape: TensorShape
  /// The type of the elements.
  public var dtype: DType

  /// Creates a specification.
  public init(_ dtype: DType, _ shape: TensorShape) {
    self.dtype = dtype
    self.shape = shape
  }

  /// The dtype and the dimensions: `float32[784, 10]`.
  public var description: String { dtype.name + shape.description }

  /// How many bytes the elements take; `nil` if that varies, or is more than memory can hold.
  public var byteCount: Int? {
    guard let width = dtype.byteWidth else { return nil }
    let (product, overflow) = shape.elementCount.multipliedReportingOverflow(by: width)
    return overflow ? nil : product
  }

  /// Checks that there is room for the elements, which take `byteCount` bytes, and for no more.
  ///
  /// - Throws: `mismatch` if there is not.
  package func checkRoom(_ byteCount: Int, _ room: Int) throws(CheckpointError) {
    guard byteCount == room else {
      throw CheckpointError(
        .mismatch, "\(self) takes \(byteCount) bytes, there is room for \(room)")
    }
  }
}
