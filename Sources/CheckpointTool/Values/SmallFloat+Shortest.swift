import CheckpointTensors

extension SmallFloat {
  /// A short decimal number that lies nearer to the value of `bits` than to any other value; `nil` for
  /// infinities and NaN.
  ///
  /// Formats of a byte have so few values that the shortest would say little: 448 would be 450. Theirs
  /// have six digits, if need be.
  func shortest(_ bits: UInt16) -> DecimalNumber? {
    let value = value(bits)
    guard let exact = DecimalNumber(value.description) else { return nil }
    let (_, exponent, mantissa) = fields(bits)
    // Below a power of two, values lie twice as close.
    let gap = spacing(exponent) / (mantissa == 0 && exponent > 1 ? 2 : 1)
    let shortest = exponentBits + mantissaBits < 8 ? 6 : 1
    for count in shortest..<max(shortest, exact.digits.count) {
      let candidate = exact.rounded(significantDigits: count)
      let number = Double(candidate.scientific(fractionDigits: 0)) ?? .infinity
      if abs(number - value) < gap / 2 { return candidate }
    }
    return exact
  }
}
