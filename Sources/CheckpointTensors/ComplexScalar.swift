/// A complex number as files hold it: the real part, then the imaginary part.
///
/// It stores; arithmetic is left to numerical libraries.
@frozen
public struct ComplexScalar<Part: BinaryFloatingPoint & BitwiseCopyable & Sendable>:
  Hashable, Sendable, BitwiseCopyable
{
  /// The real part.
  public var real: Part
  /// The imaginary part.
  public var imaginary: Part

  /// Creates a number from its parts.
  @inlinable
  public init(_ real: Part, _ imaginary: Part = 0) {
    self.real = real
    self.imaginary = imaginary
  }
}

/// A complex number of two `Float`.
public typealias Complex64 = ComplexScalar<Float>
/// A complex number of two `Double`.
public typealias Complex128 = ComplexScalar<Double>

extension ComplexScalar: TensorScalar {
  /// `complex64` for two `Float`, `complex128` for two `Double`.
  ///
  /// - Precondition: The parts are of one of these types: files know no others.
  public static var dtype: DType {
    switch Part.self {
    case is Float.Type: .complex64
    case is Double.Type: .complex128
    default: preconditionFailure("no dtype is a pair of \(Part.self)")
    }
  }
}
