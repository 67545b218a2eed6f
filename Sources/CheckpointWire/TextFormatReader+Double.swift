package import CheckpointIO

// Numbers: a sign, then decimal digits with point and exponent, or a word for infinity or for not
// a number in any case; an 'f' may follow, as in C. A leading zero is octal in C and refused.

extension TextFormatReader {
  /// Reads a number.
  @_lifetime(self: copy self)
  package mutating func readDouble() throws(CheckpointError) -> Double {
    skipSpace()
    let start = position
    let word = readWord { $0.isLetter || $0.isDigit || Self.isNumberSymbol($0) }
    guard !word.isEmpty else { throw unexpected("a number") }
    guard let value = Double(textFormat: word) else {
      throw .textFormat("'\(word.prefix(40))' is no number", at: start)
    }
    return value
  }

  private static func isNumberSymbol(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ".") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
  }
}

extension Double {
  /// The number that a word stands for.
  init?(textFormat word: String) {
    var digits = word.lowercased()
    let isNegative = digits.hasPrefix("-")
    if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
    guard let magnitude = Self.magnitude(of: digits) else { return nil }
    self = isNegative ? -magnitude : magnitude
  }

  private static func magnitude(of word: String) -> Double? {
    switch word {
    case "inf", "inff", "infinity", "infinityf": return .infinity
    case "nan", "nanf": return .nan
    default:
      guard isDecimal(word) else { return nil }
      return Double(word.hasSuffix("f") ? word.dropLast() : word[...])  // too large: infinity
    }
  }

  // Swift's own parser also reads hexadecimal numbers.
  private static func isDecimal(_ word: String) -> Bool {
    var rest = word.utf8[...]
    let hasLeadingZero = rest.first == UInt8(ascii: "0")
    let whole = skipDigits(&rest)
    guard !(hasLeadingZero && whole > 1) else { return false }
    let fraction = skip(".", in: &rest) ? skipDigits(&rest) : 0
    guard whole > 0 || fraction > 0 else { return false }
    if skip("e", in: &rest) {
      if !skip("-", in: &rest) { _ = skip("+", in: &rest) }
      guard skipDigits(&rest) > 0 else { return false }
    }
    _ = skip("f", in: &rest)
    return rest.isEmpty
  }

  private static func skipDigits(_ rest: inout Substring.UTF8View) -> Int {
    let digits = rest.prefix { $0.isDigit }
    rest = rest[digits.endIndex...]
    return digits.count
  }

  private static func skip(_ symbol: Unicode.Scalar, in rest: inout Substring.UTF8View) -> Bool {
    guard rest.first == UInt8(ascii: symbol) else { return false }
    rest.removeFirst()
    return true
  }
}
