/// How the floating-point numbers of a tensor are printed so that their points stand under each
/// other: as numpy does.
///
/// At most 8 digits after the point, as few as tell the numbers apart; powers of ten if the numbers
/// are very large, very small, or of very different size.
/// Source: numpy/core/arrayprint.py, `FloatingFormat`.
struct NumberColumn {
  /// A number, or the word for what is none.
  enum Value {
    /// The shortest digits that stand for the number in its own format, and those of the `Double`
    /// that it is equal to: for rounding, and for going on where the shortest end.
    case number(DecimalNumber, exact: DecimalNumber)
    case word(String)

    /// Prepares a number, by the description of its own format.
    init(_ value: Double, shortest: String) {
      self.init(value, shortest: DecimalNumber(shortest))
    }

    /// Prepares a number, by its shortest digits.
    init(_ value: Double, shortest: DecimalNumber?) {
      if let shortest, let exact = DecimalNumber(value.description) {
        self = .number(shortest, exact: exact)
      } else {
        self = .word(value.isNaN ? "nan" : (value < 0 ? "-inf" : "inf"))
      }
    }
  }

  private var largest = -Double.infinity
  private var smallest = Double.infinity
  private var integerWidth = 0
  private var fractionWidth = 0
  private var wordWidth = 0
  private var exponentFraction = 0
  private var signWidth = 0
  private var exponentDigits = 2
  private let showsPlus: Bool

  /// Creates a column; its positive numbers have a sign if they are to show it.
  init(showsPlus: Bool = false) { self.showsPlus = showsPlus }

  /// Takes a number into account: first all of them, then ``text(_:)``.
  mutating func measure(_ value: Value) {
    switch value {
    case .word(let word):
      wordWidth = max(wordWidth, signed(word).count)
    case .number(let shortest, let exact):
      measureMagnitude(exact)
      measureWidths(shortest, exact)
    }
  }

  private mutating func measureMagnitude(_ number: DecimalNumber) {
    guard !number.isZero else { return }
    let magnitude = abs(Double(number.scientific(fractionDigits: 0)) ?? 0)
    largest = max(largest, magnitude)
    smallest = min(smallest, magnitude)
  }

  private mutating func measureWidths(_ shortest: DecimalNumber, _ exact: DecimalNumber) {
    let text = Self.positional(shortest, exact)
    integerWidth = max(integerWidth, signed(text.integer).count)
    fractionWidth = max(fractionWidth, text.fraction.count)
    let digits = shortest.rounded(significantDigits: Self.precision + 1).digits.count
    exponentFraction = max(exponentFraction, digits - 1)
    exponentDigits = max(exponentDigits, String(abs(exact.exponent)).count)
    signWidth = max(signWidth, exact.isNegative || showsPlus ? 1 : 0)
  }

  private static func positional(_ shortest: DecimalNumber, _ exact: DecimalNumber) -> (
    integer: String, fraction: String
  ) {
    let isShort = shortest.fractionDigitCount <= precision
    return (isShort ? shortest : exact.rounded(fractionDigits: precision)).positional
  }

  /// A number as wide as all others.
  func text(_ value: Value) -> String {
    switch value {
    case .word(let word):
      return signed(word).paddedLeft(to: width)
    case .number(_, let exact) where usesExponents:
      let rounded = exact.rounded(significantDigits: exponentFraction + 1)
      let text = rounded.scientific(
        fractionDigits: exponentFraction, exponentDigits: exponentDigits)
      return signed(text).paddedLeft(to: width)
    case .number(let shortest, let exact):
      let text = Self.positional(shortest, exact)
      return "\(signed(text.integer)).".paddedLeft(to: width - fractionWidth)
        + text.fraction.paddedRight(to: fractionWidth)
    }
  }

  private func signed(_ text: String) -> String {
    showsPlus && text.first != "-" ? "+\(text)" : text
  }

  private var usesExponents: Bool {
    largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1000
  }

  /// How wide every text is.
  var width: Int {
    guard usesExponents else { return max(wordWidth, integerWidth + 1 + fractionWidth) }
    // A digit, a point, digits, the letter e, a sign, digits.
    return max(wordWidth, signWidth + 2 + exponentFraction + 2 + exponentDigits)
  }

  private static let precision = 8
}
