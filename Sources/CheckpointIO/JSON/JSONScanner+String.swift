// Strings: everything between quotation marks but control characters; \ begins what stands for
// another character, \u a UTF-16 unit, of which two may make one character.

extension JSONScanner {
  /// Reads a string, as UTF-8.
  @_lifetime(self: copy self)
  package mutating func readString() throws(CheckpointError) -> [UInt8] {
    guard skip("\"") else { throw unexpected("a string") }
    var string: [UInt8] = []
    while true {
      let start = position
      skipPlainCharacters()
      let plain = bytes.extracting(start..<position)
      unsafe plain.withUnsafeBufferPointer { unsafe string.append(contentsOf: $0) }
      if skip("\"") { return string }
      guard skip("\\") else { throw unexpected("the end of a string") }
      string.append(contentsOf: try readEscaped())
    }
  }

  @_lifetime(self: copy self)
  private mutating func skipPlainCharacters() {
    while let byte = next, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
      position += 1  // a byte was there
    }
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
