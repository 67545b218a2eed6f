/// A floating-point format of at most 16 bits, by the widths of its fields.
///
/// Sources: IEEE 754; Micikevicius and others, FP8 Formats for Deep Learning (2022); for `fnuz`: Noune
/// and others, 8-bit Numerical Formats for Deep Neural Networks (2022); for `float4_e2m1fn`: OCP
/// Microscaling Formats.
package struct SmallFloat: Sendable {
  /// Which bit patterns are not finite numbers.
  enum Special {
    case infinities  // the largest exponent: infinities and NaN
    case allOnes  // all bits but the sign: NaN
    case negativeZero  // only the sign: NaN
    case none
  }

  /// How many bits the exponent has.
  package let exponentBits: Int
  /// How many bits the mantissa has.
  package let mantissaBits: Int
  let bias: Int
  let special: Special

  /// The format of a dtype; `nil` for one that is no such number.
  package init?(_ dtype: DType) {
    switch dtype {
    case .float16: self.init(5, 10, 15, .infinities)
    case .bfloat16: self.init(8, 7, 127, .infinities)
    case .float8E5M2: self.init(5, 2, 15, .infinities)
    case .float8E4M3FN: self.init(4, 3, 7, .allOnes)
    case .float8E4M3FNUZ: self.init(4, 3, 8, .negativeZero)
    case .float8E4M3B11FNUZ: self.init(4, 3, 11, .negativeZero)
    case .float8E5M2FNUZ: self.init(5, 2, 16, .negativeZero)
    case .float4E2M1FN: self.init(2, 1, 1, .none)
    default: return nil
    }
  }

  private init(_ exponentBits: Int, _ mantissaBits: Int, _ bias: Int, _ special: Special) {
    self.exponentBits = exponentBits
    self.mantissaBits = mantissaBits
    self.bias = bias
    self.special = special
  }

  /// The number that bits stand for; bits above the format's own do not count.
  package func value(_ bits: UInt16) -> Double {
    let (isNegative, exponent, mantissa) = fields(bits)
    let largest = 1 << exponentBits - 1
    switch special {
    case .infinities where exponent == largest:
      return mantissa == 0 ? (isNegative ? -.infinity : .infinity) : .nan
    case .allOnes where exponent == largest && mantissa == 1 << mantissaBits - 1:
      return .nan
    case .negativeZero where isNegative && exponent == 0 && mantissa == 0:
      return .nan
    default:
      let implicit = exponent == 0 ? 0 : 1 << mantissaBits
      let magnitude = Double(implicit + mantissa) * spacing(exponent)
      return isNegative ? -magnitude : magnitude
    }
  }

  /// The parts of a number.
  package func fields(_ bits: UInt16) -> (isNegative: Bool, exponent: Int, mantissa: Int) {
    let exponent = Int(bits) >> mantissaBits & (1 << exponentBits - 1)
    let mantissa = Int(bits) & (1 << mantissaBits - 1)
    return (Int(bits) >> (exponentBits + mantissaBits) & 1 == 1, exponent, mantissa)
  }

  /// How far apart values of one exponent lie; subnormal ones as far as the smallest normal ones.
  package func spacing(_ exponent: Int) -> Double {
    Double(sign: .plus, exponent: max(exponent, 1) - bias - mantissaBits, significand: 1)
  }
}
