package import CheckpointIO

// Texts: in single or double quotes, on one line, with these escapes:
//
//   \a \b \f \n \r \t \v \\ \' \"      as in C
//   \o \oo \ooo                        a byte in octal, at most \377
//   \xh \xhh                           a byte in hexadecimal
//   \uhhhh \Uhhhhhhhh                  a character of Unicode, as UTF-8
//
// The bytes of a value, all its texts together, have to be UTF-8. Other escapes are refused:
// protobuf's parsers do not agree on what they mean, and a path should have one meaning.

extension TextFormatReader {
  /// Reads a text value: one or more adjacent texts.
  @_lifetime(self: copy self)
  package mutating func readString() throws(CheckpointError) -> String {
    skipSpace()
    let start = position
    guard let string = String(validating: try readBytes(), as: UTF8.self) else {
      throw .textFormat("the escapes of this text make no UTF-8", at: start)
    }
    return string
  }

  /// Reads a value of bytes: one or more adjacent texts, whose escapes may make any.
  @_lifetime(self: copy self)
  mutating func readBytes() throws(CheckpointError) -> [UInt8] {
    skipSpace()
    guard isAtQuote else { throw unexpected("a text in quotes") }
    var bytes: [UInt8] = []
    repeat {
      try readLiteral(into: &bytes)
      skipSpace()
    } while isAtQuote
    return bytes
  }

  /// Passes over one or more adjacent texts, whose escapes are not looked at.
  @_lifetime(self: copy self)
  mutating func skipTexts() throws(CheckpointError) {
    repeat {
      let (start, quote) = (position, nextByte)
      var isEscaped = false
      position &+= 1  // the quote
      while let byte = nextByte, byte != UInt8(ascii: "\n"), isEscaped || byte != quote {
        isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
        position &+= 1  // at most `bytes.count`
      }
      guard nextByte == quote else {
        throw .textFormat("this text does not end on its line", at: start)
      }
      position &+= 1  // the quote
      skipSpace()
    } while isAtQuote
  }

  private var isAtQuote: Bool {
    nextByte == UInt8(ascii: "\"") || nextByte == UInt8(ascii: "'")
  }

  @_lifetime(self: copy self)
  private mutating func readLiteral(into utf8: inout [UInt8]) throws(CheckpointError) {
    let (start, quote) = (position, nextByte)
    position &+= 1  // the quote
    while let byte = nextByte, byte != UInt8(ascii: "\n") {
      position &+= 1  // at most `bytes.count`
      switch byte {
      case quote: return
      case UInt8(ascii: "\\"): try readEscape(into: &utf8)
      default: utf8.append(byte)
      }
    }
    throw .textFormat("this text does not end on its line", at: start)
  }

  // The backslash has been read.
  @_lifetime(self: copy self)
  private mutating func readEscape(into utf8: inout [UInt8]) throws(CheckpointError) {
    guard let byte = nextByte else { throw unexpected("an escape") }
    if (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(byte) {
      return utf8.append(try readOctal())
    }
    if let meaning = Self.simpleEscapes[byte] {
      position &+= 1  // at most `bytes.count`
      return utf8.append(meaning)
    }
    switch byte {
    case UInt8(ascii: "x"): utf8.append(UInt8(truncatingIfNeeded: try readHex(1...2)))  // 8 bits
    case UInt8(ascii: "u"): utf8.append(contentsOf: try readScalar(digitCount: 4).utf8)
    case UInt8(ascii: "U"): utf8.append(contentsOf: try readScalar(digitCount: 8).utf8)
    default:
      throw .textFormat("this is no escape; a backslash is written '\\\\'", at: position &- 1)
    }
  }

  private static let simpleEscapes: [UInt8: UInt8] = [
    UInt8(ascii: "a"): 0x07, UInt8(ascii: "b"): 0x08, UInt8(ascii: "t"): 0x09,
    UInt8(ascii: "n"): 0x0A, UInt8(ascii: "v"): 0x0B, UInt8(ascii: "f"): 0x0C,
    UInt8(ascii: "r"): 0x0D, UInt8(ascii: "\""): 0x22, UInt8(ascii: "'"): 0x27,
    UInt8(ascii: "\\"): 0x5C,
  ]

  @_lifetime(self: copy self)
  private mutating func readOctal() throws(CheckpointError) -> UInt8 {
    let start = position
    let (value, _) = readDigits(atMost: 3, radix: 8)
    guard let byte = UInt8(exactly: value) else {
      throw .textFormat("an octal escape above \\377", at: start &- 1)
    }
    return byte
  }

  // The next byte is the letter that says how many digits there have to be.
  @_lifetime(self: copy self)
  private mutating func readHex(_ counts: ClosedRange<Int>) throws(CheckpointError) -> UInt32 {
    let start = position
    position &+= 1  // the letter
    let (value, count) = readDigits(atMost: counts.upperBound, radix: 16)
    guard counts.contains(count) else {
      throw .textFormat(
        "the escape needs \(counts.lowerBound) hexadecimal digits, it has \(count)", at: start &- 1)
    }
    return value
  }

  // At most eight digits: the value fits.
  @_lifetime(self: copy self)
  private mutating func readDigits(atMost limit: Int, radix: Int) -> (value: UInt32, count: Int) {
    var (value, count): (UInt32, Int) = (0, 0)
    while count < limit, let byte = nextByte,
      let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < radix
    {
      value = value &* UInt32(radix) &+ UInt32(digit)
      position &+= 1  // at most `bytes.count`
      count += 1
    }
    return (value, count)
  }

  @_lifetime(self: copy self)
  private mutating func readScalar(digitCount: Int) throws(CheckpointError) -> Unicode.Scalar {
    let start = position
    let value = try readHex(digitCount...digitCount)
    guard let scalar = Unicode.Scalar(value) else {
      let number = String(value, radix: 16, uppercase: true)
      throw .textFormat("no character has the number U+\(number)", at: start &- 1)
    }
    return scalar
  }
}
