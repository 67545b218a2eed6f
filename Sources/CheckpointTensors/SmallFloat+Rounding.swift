extension SmallFloat {
  /// The bits of the nearest number of the format; a tie goes to the even one.
  ///
  /// What is too large becomes infinite, or the largest number of a format without infinities. NaN stays
  /// NaN, where there is one.
  package func nearest(_ value: Double) -> UInt16 {
    guard !value.isNaN else { return notANumber }
    let sign = value.sign == .minus ? signBit : 0
    let magnitude = magnitudeBits(of: value.magnitude)
    // The format has no negative zero: these bits are its NaN.
    if special == .negativeZero, magnitude == 0 { return 0 }
    return sign | magnitude
  }

  private func magnitudeBits(of value: Double) -> UInt16 {
    guard value > 0 else { return 0 }
    guard value.isFinite else { return overflow }
    // Of subnormal numbers the exponent field is 0, and they lie as far apart as those of 1.
    let exponent = max(Int(value.exponent) + bias, 1)
    let steps = (value / spacing(exponent)).rounded(.toNearestOrEven)
    let implicit = 1 << mantissaBits
    // The field of the exponent counts the carry of the mantissa: bits in a row are numbers in a row.
    guard steps <= Double(2 * implicit), exponent < 1 << exponentBits else { return overflow }
    let bits = (exponent - 1) << mantissaBits + Int(steps)
    return bits > Int(largest) ? overflow : UInt16(bits)  // `largest` fits
  }

  private var signBit: UInt16 { 1 << UInt16(exponentBits + mantissaBits) }

  private var allOnes: UInt16 { signBit - 1 }

  private var infinity: UInt16 { UInt16(1 << exponentBits - 1) << UInt16(mantissaBits) }

  // The bits of the largest finite number.
  private var largest: UInt16 {
    switch special {
    case .infinities: infinity - 1
    case .allOnes: allOnes - 1
    case .negativeZero, .none: allOnes
    }
  }

  private var overflow: UInt16 { special == .infinities ? infinity : largest }

  private var notANumber: UInt16 {
    switch special {
    case .infinities: infinity | 1 << UInt16(mantissaBits - 1)
    case .allOnes: allOnes
    case .negativeZero: signBit
    case .none: 0
    }
  }
}
