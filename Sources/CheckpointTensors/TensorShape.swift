package import CheckpointIO

/// The dimensions of a tensor, outermost first; a scalar has none.
///
///     let shape: TensorShape = [784, 10]
///     print(shape.elementCount)  // 7840
///
/// Source of the limits: tensorflow/core/framework/tensor_shape.h (254 dimensions, 2^63 - 1
/// elements).
public struct TensorShape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// The length of each dimension; none is negative.
  public let dimensions: [Int]
  /// The number of elements: the product of the dimensions, 1 for a scalar.
  public let elementCount: Int

  /// Creates a shape.
  ///
  /// - Precondition: At most 254 dimensions, none negative, and fewer than 2^63 elements.
  public init(_ dimensions: [Int]) {
    guard let count = Self.product(dimensions) else {
      preconditionFailure("no tensor can have the shape \(dimensions)")
    }
    self.dimensions = dimensions
    elementCount = count
  }

  /// Creates a shape.
  ///
  /// - Precondition: As for ``init(_:)``.
  public init(arrayLiteral dimensions: Int...) { self.init(dimensions) }

  /// Creates a shape from the numbers in a file.
  ///
  /// - Throws: `corrupt` for dimensions that no tensor can have.
  package init(stored dimensions: [Int]) throws(CheckpointError) {
    guard let count = Self.product(dimensions) else {
      let shown = dimensions.prefix(8).map(String.init).joined(separator: ", ")
      let more = dimensions.count > 8 ? ", … \(dimensions.count) dimensions" : ""
      throw CheckpointError(.corrupt, "no tensor can have the shape [\(shown)\(more)]")
    }
    self.dimensions = dimensions
    elementCount = count
  }

  /// The shape of a tensor of one element.
  public static let scalar = TensorShape([])

  /// The number of dimensions.
  public var rank: Int { dimensions.count }

  /// The dimensions in brackets: `[784, 10]`.
  public var description: String {
    "[\(dimensions.map(String.init).joined(separator: ", "))]"
  }

  // TensorFlow multiplies from the left and refuses an overflow even if a zero follows.
  private static func product(_ dimensions: [Int]) -> Int? {
    guard dimensions.count <= 254 else { return nil }
    var count = 1
    for dimension in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard dimension >= 0, !overflow else { return nil }
      count = product
    }
    return count
  }
}

/// What a tensor is, without its values.
///
/// Source of the word: `tf.TensorSpec`.
public struct TensorSpec: Hashable, Sendable, CustomStringConvertible {
  /// The type of the elements.
  public var dtype: DType
  /// The dimensions.
  public var shape: TensorShape

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
        .mismatch,
        "\(self) takes \(byteCount) bytes, there is room for \(room)"
      )
    }
  }
}
