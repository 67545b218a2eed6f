/// How the floating-point numbers of a tensor are printed so that their points stand under each
/// other: as numpy does.
///
/// At most 8 digits after the point, as few as tell the numbers apart; powers of ten if the numbers
/// are very large, very small, or of very different size.
/// Source: numpy/core/arrayprint.py, `FloatingFormat`.
struct NumberColumn {
  /// A number, or the word for what is none.
  enum Value {
    case number(DecimalNumber)
    case word(String)

    init(_ number: DecimalNumber?, else word: @autoclosure () -> String) {
      self = number.map { .number($0) } ?? .word(word())
    }
  }

  private var largest = -Double.infinity
  private var smallest = Double.infinity
  private var integerWidth = 0
  private var fractionWidth = 0
  private var wordWidth = 0
  private var exponentFraction = 0
  private var exponentWidth = 0
  /// Whether there is a number with a minus sign.
  private(set) var hasSign = false

  /// Takes a number into account: first all of them, then ``text(_:)``.
  mutating func measure(_ value: Value) {
    switch value {
    case .word(let word):
      wordWidth = max(wordWidth, word.count)
    case .number(let number):
      hasSign = hasSign || number.isNegative
      measureMagnitude(number)
      measureWidths(number)
    }
  }

  private mutating func measureMagnitude(_ number: DecimalNumber) {
    guard !number.isZero else { return }
    let magnitude = abs(Double(number.scientific(fractionDigits: 0)) ?? 0)
    largest = max(largest, magnitude)
    smallest = min(smallest, magnitude)
  }

  private mutating func measureWidths(_ number: DecimalNumber) {
    let text = number.rounded(fractionDigits: Self.precision).positional
    integerWidth = max(integerWidth, text.integer.count)
    fractionWidth = max(fractionWidth, text.fraction.count)
    let rounded = number.rounded(significantDigits: Self.precision + 1)
    let fractionDigits = max(0, rounded.digits.count - 1)
    exponentFraction = max(exponentFraction, fractionDigits)
    let length = rounded.scientific(fractionDigits: fractionDigits).count
    exponentWidth = max(exponentWidth, length - fractionDigits)
  }

  /// A number as wide as all others.
  func text(_ value: Value) -> String {
    switch value {
    case .word(let word):
      return word.paddedLeft(to: width)
    case .number(let number) where usesExponents:
      return number.rounded(significantDigits: Self.precision + 1)
        .scientific(fractionDigits: exponentFraction).paddedLeft(to: width)
    case .number(let number):
      let text = number.rounded(fractionDigits: Self.precision).positional
      return "\(text.integer).".paddedLeft(to: width - fractionWidth)
        + text.fraction.paddedRight(to: fractionWidth)
    }
  }

  private var usesExponents: Bool {
    largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1000
  }

  /// How wide every text is.
  var width: Int {
    max(
      wordWidth,
      usesExponents ? exponentWidth + exponentFraction : integerWidth + 1 + fractionWidth
    )
  }

  private static let precision = 8
}
