/// A cursor over JSON: the caller says what has to come, and everything else is an error with its
/// place.
///
/// Strings are bytes: names are compared byte by byte. Numbers are integers that are not negative;
/// values that nobody asks for are passed over, whatever they are.
/// Source: RFC 8259.
package struct JSONScanner: ~Escapable {
  package let bytes: Span<UInt8>
  /// How many bytes have been passed: in `0...bytes.count`, always.
  package internal(set) var position = 0
  private let subject: StaticString

  /// Begins at the start of a text, all of which has to be UTF-8.
  ///
  /// - Parameters:
  ///   - bytes: The text.
  ///   - subject: What messages call it: `the header ends`.
  /// - Throws: `corrupt` for a text that is not UTF-8.
  @_lifetime(copy bytes)
  package init(_ bytes: Span<UInt8>, subject: StaticString) throws(CheckpointError) {
    if let place = bytes.firstInvalidText {
      throw CheckpointError(.corrupt, "the \(subject) is not UTF-8", offset: UInt64(place))
    }
    self.bytes = bytes
    self.subject = subject
  }

  /// The next byte; `nil` at the end.
  package var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// Passes over one byte, if it is the next one.
  @_lifetime(self: copy self)
  package mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1  // a byte was there
    return true
  }

  /// Passes over white space.
  @_lifetime(self: copy self)
  package mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1  // a byte was there
    }
  }

  /// Reads one of the characters that structure a text, and the white space around it.
  @_lifetime(self: copy self)
  package mutating func expect(_ character: Unicode.Scalar) throws(CheckpointError) {
    skipSpace()
    guard skip(character) else { throw unexpected("'\(character)'") }
    skipSpace()
  }

  /// Whether another member or element follows; passes over what separates or ends them.
  @_lifetime(self: copy self)
  package mutating func hasNext(isFirst: Bool, end: Unicode.Scalar) throws(CheckpointError) -> Bool
  {
    skipSpace()
    if skip(end) { return false }
    if !isFirst { try expect(",") }
    return true
  }

  /// Reads an object: `body` reads each member, name and value.
  @_lifetime(self: copy self)
  package mutating func forEachMember(
    _ body: (inout JSONScanner) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try expect("{")
    var isFirst = true
    while try hasNext(isFirst: isFirst, end: "}") {
      isFirst = false
      try body(&self)
    }
  }

  /// Reads the name of a member, and the colon behind it.
  @_lifetime(self: copy self)
  package mutating func readName() throws(CheckpointError) -> String {
    let name = try readString()
    try expect(":")
    return name
  }

  /// Reads the name of a member, as UTF-8, and the colon behind it.
  @_lifetime(self: copy self)
  package mutating func readNameBytes() throws(CheckpointError) -> [UInt8] {
    let name = try readStringBytes()
    try expect(":")
    return name
  }

  /// Passes over the name of a member, and the colon behind it.
  @_lifetime(self: copy self)
  package mutating func skipName() throws(CheckpointError) {
    try skipString()
    try expect(":")
  }

  /// Reads an integer that is not negative.
  @_lifetime(self: copy self)
  package mutating func readInteger() throws(CheckpointError) -> UInt64 {
    let start = position
    var value: UInt64 = 0
    while let byte = next, let digit = Self.digit(byte) {
      guard let product = value.multiplied(by: 10), let sum = product.adding(digit) else {
        throw CheckpointError(.corrupt, "a number of more than 64 bits", offset: UInt64(start))
      }
      value = sum
      position += 1  // a byte was there
    }
    let hasLeadingZero = position - start > 1 && bytes[start] == UInt8(ascii: "0")
    guard position > start, !hasLeadingZero, !continuesNumber else {
      throw CheckpointError(
        .corrupt, "a number has to be an integer, not negative, in its shortest form",
        offset: UInt64(start))
    }
    return value
  }

  private var continuesNumber: Bool {
    guard let next else { return false }
    return ".eE".utf8.contains(next)
  }

  /// The value of a decimal digit.
  static func digit(_ byte: UInt8) -> UInt64? {
    let digit = byte &- UInt8(ascii: "0")
    return digit < 10 ? UInt64(digit) : nil
  }

  /// Reads a list of integers, at most `limit` of them.
  @_lifetime(self: copy self)
  package mutating func readIntegers(atMost limit: Int) throws(CheckpointError) -> [UInt64] {
    let start = position
    var values: [UInt64] = []
    try forEachInteger { value throws(CheckpointError) in
      guard values.count < limit else {
        throw CheckpointError(
          .corrupt, "a list of more than \(limit) numbers", offset: UInt64(start))
      }
      values.append(value)
    }
    return values
  }

  /// Reads a list of integers, and calls `body` with each.
  @_lifetime(self: copy self)
  package mutating func forEachInteger(_ body: (UInt64) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    try expect("[")
    var isFirst = true
    while try hasNext(isFirst: isFirst, end: "]") {
      isFirst = false
      try body(readInteger())
    }
  }

  /// The error of a text that goes on otherwise than it has to.
  package func unexpected(_ expected: String) -> CheckpointError {
    let found =
      switch next {
      case nil: "the \(subject) ends"
      case let byte? where byte > 0x20 && byte < 0x7F: "found '\(Unicode.Scalar(byte))'"
      case let byte?: "found the byte 0x\(byte.hexadecimal)"
      }
    return CheckpointError(.corrupt, "expected \(expected), \(found)", offset: UInt64(position))
  }
}
