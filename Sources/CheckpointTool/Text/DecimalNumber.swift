/// A number by its decimal digits: for rounding and aligning what is printed.
struct DecimalNumber {
  private(set) var isNegative = false
  /// The digits from the first that is not 0 to the last that is not 0; none for zero.
  private(set) var digits: [UInt8] = []
  /// How many of them, or of zeros after them, stand before the point; less than 0 for zeros between
  /// the point and the first.
  private(set) var pointPosition = 0

  /// Takes the description of a floating-point number apart: `-12.5`, `1e-05`, `2.5e+20`.
  ///
  /// - Returns: `nil` for infinities and for what is not a number.
  init?(_ description: String) {
    var sawPoint = false
    var rest = description.utf8[...]
    isNegative = rest.first == UInt8(ascii: "-")
    if isNegative { rest.removeFirst() }
    while let byte = rest.first, byte != UInt8(ascii: "e") {
      rest.removeFirst()
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        digits.append(byte - UInt8(ascii: "0"))
        if !sawPoint { pointPosition += 1 }
      case UInt8(ascii: "."): sawPoint = true
      default: return nil
      }
    }
    if rest.first != nil { pointPosition += Int(String(rest.dropFirst()) ?? "") ?? 0 }
    normalize()
  }

  /// Whether it is 0 or -0.
  var isZero: Bool { digits.isEmpty }

  /// How many digits stand after the point.
  var fractionDigitCount: Int { max(0, digits.count - pointPosition) }

  /// The exponent of the first digit: 0 for numbers from 1 to 10.
  var exponent: Int { isZero ? 0 : pointPosition - 1 }

  /// The nearest number with at most so many digits after the point; a tie goes to the even one.
  func rounded(fractionDigits: Int) -> DecimalNumber {
    rounded(keeping: pointPosition + fractionDigits)
  }

  /// The nearest number with at most so many digits.
  func rounded(significantDigits: Int) -> DecimalNumber { rounded(keeping: significantDigits) }

  /// The digits before the point, with a sign, and those after it, without zeros at the end.
  var positional: (integer: String, fraction: String) {
    let before = digits.prefix(max(0, pointPosition)).map(Self.character).joined()
    let zeros = String(repeating: "0", count: max(0, pointPosition - digits.count))
    let after = digits.dropFirst(max(0, pointPosition)).map(Self.character).joined()
    let integer = before + zeros
    let leading = isZero ? "" : String(repeating: "0", count: max(0, -pointPosition))
    return (sign + (integer.isEmpty ? "0" : integer), leading + after)
  }

  /// The number with one digit before the point, and so many after it: `1.50e-05`.
  func scientific(fractionDigits: Int, exponentDigits: Int = 2) -> String {
    let shown = digits.map(Self.character)
    let fraction = shown.dropFirst().joined()
    let zeros = String(repeating: "0", count: max(0, fractionDigits - fraction.count))
    let power = String(abs(exponent))
    let padding = String(repeating: "0", count: max(0, exponentDigits - power.count))
    return "\(sign)\(shown.first ?? "0").\(fraction)\(zeros)e\(exponent < 0 ? "-" : "+")"
      + padding + power
  }

  private var sign: String { isNegative ? "-" : "" }

  private static func character(_ digit: UInt8) -> String { String(digit) }

  private func rounded(keeping count: Int) -> DecimalNumber {
    guard count < digits.count else { return self }
    var result = self
    guard count >= 0 else {
      result.digits = []
      result.pointPosition = 0
      return result
    }
    result.digits = Array(digits[..<count])
    let rest = digits[count...]  // not empty; its last digit is not 0
    let isTie = rest.first == 5 && rest.count == 1
    let isOdd = (result.digits.last ?? 0) % 2 == 1
    if isTie ? isOdd : (rest.first ?? 0) >= 5 { result.increment() }
    result.normalize()
    return result
  }

  // Adds 1 to the last digit.
  private mutating func increment() {
    var index = digits.count
    while index > 0 {
      index -= 1
      digits[index] += 1
      guard digits[index] == 10 else { return }
      digits[index] = 0
    }
    digits.insert(1, at: 0)
    pointPosition += 1
  }

  private mutating func normalize() {
    while digits.last == 0 { digits.removeLast() }
    let zeros = digits.prefix { $0 == 0 }.count
    digits.removeFirst(zeros)
    pointPosition = digits.isEmpty ? 0 : pointPosition - zeros
  }
}
