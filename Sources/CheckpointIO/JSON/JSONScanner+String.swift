// Strings: everything between quotation marks but control characters; \ begins what stands for
// another character, \u a UTF-16 unit, of which two may make one character.

extension JSONScanner {
  /// Reads a string.
  @_lifetime(self: copy self)
  package mutating func readString() throws(CheckpointError) -> String {
    guard let plain = skipPlainString() else {
      return String(decoding: try readStringBytes(), as: UTF8.self)
    }
    return text(in: plain)
  }

  /// A part of the text.
  package func text(in range: Range<Int>) -> String {
    unsafe bytes.extracting(range).withUnsafeBufferPointer {
      unsafe String(decoding: $0, as: UTF8.self)
    }
  }

  /// Whether two parts of the text are the same.
  package func hasSameBytes(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
    guard one.count == other.count else { return false }
    return (0..<one.count).allSatisfy {  // within both
      bytes[one.lowerBound + $0] == bytes[other.lowerBound + $0]
    }
  }

  /// Reads a string, as UTF-8.
  @_lifetime(self: copy self)
  package mutating func readStringBytes() throws(CheckpointError) -> [UInt8] {
    if let plain = skipPlainString() { return Array(copying: bytes.extracting(plain)) }
    guard skip("\"") else { throw unexpected("a string") }
    var string: [UInt8] = []
    while true {
      let start = position
      skipPlainCharacters()
      string += Array(copying: bytes.extracting(start..<position))
      if skip("\"") { return string }
      guard skip("\\") else { throw unexpected("the end of a string") }
      string.append(contentsOf: try readEscaped())
    }
  }

  /// Passes over a string in which each character stands for itself.
  ///
  /// - Returns: Where its characters are in ``bytes``; `nil` for everything else, and then nothing is passed.
  @_lifetime(self: copy self)
  package mutating func skipPlainString() -> Range<Int>? {
    let start = position
    guard skip("\"") else { return nil }
    skipPlainCharacters()
    let end = position
    guard skip("\"") else {
      position = start
      return nil
    }
    return start + 1..<end
  }

  /// Passes over a string.
  @_lifetime(self: copy self)
  package mutating func skipString() throws(CheckpointError) {
    if skipPlainString() == nil { _ = try readStringBytes() }
  }

  @_lifetime(self: copy self)
  private mutating func skipPlainCharacters() {
    var end = position
    while end < bytes.count, !Self.endsPlainCharacters(bytes[end]) { end += 1 }  // below the count
    position = end
  }

  private static func endsPlainCharacters(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }

  // What follows a backslash.
  @_lifetime(self: copy self)
  private mutating func readEscaped() throws(CheckpointError) -> [UInt8] {
    let start = position - 1  // the backslash
    guard let byte = next else { throw unexpected("a character behind '\\'") }
    position += 1
    switch Unicode.Scalar(byte) {
    case "\"", "\\", "/": return [byte]
    case "b": return [0x08]
    case "f": return [0x0C]
    case "n": return [0x0A]
    case "r": return [0x0D]
    case "t": return [0x09]
    case "u": return Array(String(try readScalar(from: start)).utf8)
    default:
      throw CheckpointError(
        .corrupt, "no character is written as a backslash and the byte 0x\(byte.hexadecimal)",
        offset: UInt64(start))
    }
  }

  // One UTF-16 unit, or two that are a pair.
  @_lifetime(self: copy self)
  private mutating func readScalar(from start: Int) throws(CheckpointError) -> Unicode.Scalar {
    let unit = try readUnit()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard UTF16.isLeadSurrogate(unit), skip("\\"), skip("u") else {
      throw Self.halfPair(at: start)
    }
    let second = try readUnit()
    guard UTF16.isTrailSurrogate(second),
      let scalar = Unicode.Scalar(0x10000 + UInt32(unit - 0xD800) << 10 + UInt32(second - 0xDC00))
    else { throw Self.halfPair(at: start) }
    return scalar
  }

  @_lifetime(self: copy self)
  private mutating func readUnit() throws(CheckpointError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Self.hexadecimalDigit(byte) else {
        throw unexpected("four hexadecimal digits")
      }
      unit = unit << 4 | digit
      position += 1  // a byte was there
    }
    return unit
  }

  private static func hexadecimalDigit(_ byte: UInt8) -> UInt16? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  private static func halfPair(at start: Int) -> CheckpointError {
    CheckpointError(.corrupt, "half of a UTF-16 surrogate pair", offset: UInt64(start))
  }
}
