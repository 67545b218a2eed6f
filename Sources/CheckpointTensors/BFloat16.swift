/// A brain floating-point number: the upper half of a `Float`, with its range and 8 bits of
/// precision.
///
/// It stores and converts; arithmetic is done in `Float`.
/// Source of the format: tensorflow/core/framework/bfloat16.h; rounding to nearest even, as there.
public struct BFloat16: Hashable, Sendable, BitwiseCopyable, TensorScalar, CustomStringConvertible {
  /// `bfloat16`.
  public static var dtype: DType { .bfloat16 }

  /// The upper 16 bits of the `Float`.
  public var bitPattern: UInt16

  /// Creates a number from its bits.
  public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  /// Creates the nearest number; a tie goes to the even one.
  public init(_ value: Float) {
    let bits = value.bitPattern
    if value.isNaN {
      bitPattern = UInt16(truncatingIfNeeded: bits &>> 16) | 0x0040  // a quiet NaN stays one
    } else {
      let even = (bits &>> 16) & 1
      bitPattern = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ even) &>> 16)
    }
  }

  /// The number as text: `1.5`.
  public var description: String { Float(self).description }

  /// Whether two numbers are equal as numbers: a NaN equals nothing, zeros equal each other.
  public static func == (left: BFloat16, right: BFloat16) -> Bool { Float(left) == Float(right) }

  /// Hashes the number.
  public func hash(into hasher: inout Hasher) { hasher.combine(Float(self)) }
}

extension Float {
  /// Creates the same number: every ``BFloat16`` is a `Float`.
  public init(_ value: BFloat16) { self.init(bitPattern: UInt32(value.bitPattern) &<< 16) }
}
