package import CheckpointIO

// Messages in the text form, of which some fields are wanted and the others passed over:
//
//   message = (name [':'] value [',' | ';'])*
//   name    = word | '[' … ']'                                of an extension, or of what an Any holds
//   value   = '{' message '}' | '<' message '>' | text+ | number | word | '[' [value (',' value)*] ']'
//
// What is wanted becomes the message's binary form, which everything else reads.

/// What the wanted fields of a message are called in the text form, and what they become.
package struct TextFields: Sendable {
  /// What stands behind a field's name.
  package enum Value: Sendable {
    case bytes
    case integer
    case boolean
    case float
    /// One of some words, or its number; words that are not known here become 0.
    case word([String: UInt64])
    case message(TextFields)
  }

  let fields: [String: (number: UInt32, value: Value)]

  /// Lists the fields.
  package init(_ fields: [String: (number: UInt32, value: Value)]) { self.fields = fields }
}

extension TextFormatReader {
  /// Reads the whole text as a message.
  ///
  /// - Returns: The wanted fields of the message, in protobuf's binary form.
  /// - Throws: `corrupt`, with the offset, if the text is none.
  @_lifetime(self: copy self)
  package mutating func readMessage(_ wanted: TextFields) throws(CheckpointError) -> [UInt8] {
    try readFields(wanted, until: nil)
  }

  // The depth is that of the wanted fields, whatever the text has.
  @_lifetime(self: copy self)
  private mutating func readFields(_ wanted: TextFields, until end: Unicode.Scalar?)
    throws(CheckpointError) -> [UInt8]
  {
    var message = ByteWriter()
    while try !isAtEnd(end) {
      let name = try readFieldName()
      let hasColon = skip(":")
      if let name, let field = wanted.fields[name] {
        try readField(field.number, field.value, hasColon, into: &message)
      } else {
        try skipValue()
      }
      if !skip(",") { _ = skip(";") }
    }
    return message.bytes
  }

  @_lifetime(self: copy self)
  private mutating func isAtEnd(_ end: Unicode.Scalar?) throws(CheckpointError) -> Bool {
    if let end, skip(end) { return true }
    skipSpace()
    guard nextByte == nil else { return false }
    guard let end else { return true }
    throw unexpected("a field's name or '\(end)'")
  }

  // `nil` for the name of an extension, which nobody wants.
  @_lifetime(self: copy self)
  private mutating func readFieldName() throws(CheckpointError) -> String? {
    guard nextByte != UInt8(ascii: "[") else {
      try skipValue()
      return nil
    }
    let name = readWord { $0.isLetter || $0.isDigit }
    guard !name.isEmpty else { throw unexpected("a field's name") }
    return name
  }

  // One value, or a list.
  @_lifetime(self: copy self)
  private mutating func readField(
    _ number: UInt32, _ value: TextFields.Value, _ hasColon: Bool, into message: inout ByteWriter
  ) throws(CheckpointError) {
    if case .message = value {} else if !hasColon { throw unexpected("':' after a field's name") }
    guard skip("[") else { return try readValue(number, value, into: &message) }
    guard !skip("]") else { return }
    repeat { try readValue(number, value, into: &message) } while try continuesList()
  }

  @_lifetime(self: copy self)
  private mutating func readValue(
    _ number: UInt32, _ value: TextFields.Value, into message: inout ByteWriter
  ) throws(CheckpointError) {
    switch value {
    case .bytes: message.write(number, message: try readBytes())
    case .integer: message.append(number, varint: try readInteger())
    case .boolean: message.append(number, varint: try readNumber(of: Self.booleans) ?? 0)
    case .word(let words): message.append(number, varint: try readNumber(of: words) ?? 0)
    case .float:
      message.write(number, fixed32: Float(try readDouble()).bitPattern)
    case .message(let fields):
      let isAngular = skip("<")
      guard isAngular || skip("{") else { throw unexpected("'{'") }
      message.write(number, message: try readFields(fields, until: isAngular ? ">" : "}"))
    }
  }

  private static let booleans: [String: UInt64] = [
    "true": 1, "True": 1, "t": 1, "false": 0, "False": 0, "f": 0,
  ]

  // The number of a word, or the number that stands there; `nil` for another word.
  @_lifetime(self: copy self)
  private mutating func readNumber(of words: [String: UInt64]) throws(CheckpointError) -> UInt64? {
    skipSpace()
    guard let byte = nextByte, byte.isLetter else { return try readInteger() }
    return words[readWord { $0.isLetter || $0.isDigit }]
  }

  // Negative numbers as protobuf has them: in two's complement.
  @_lifetime(self: copy self)
  private mutating func readInteger() throws(CheckpointError) -> UInt64 {
    skipSpace()
    let start = position
    let word = readWord { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") }
    let digits = word.drop { $0 == "-" }.lowercased()
    let sign = word.hasPrefix("-") ? "-" : ""
    let isHexadecimal = digits.hasPrefix("0x")
    let text = sign + (isHexadecimal ? digits.dropFirst(2) : digits[...])
    let radix = isHexadecimal ? 16 : 10
    if let number = Int64(text, radix: radix) { return UInt64(bitPattern: number) }
    guard let number = UInt64(text, radix: radix) else {
      throw .textFormat("'\(word.prefix(40))' is no whole number", at: start)
    }
    return number
  }

  // MARK: What nobody wants

  // Passes over a value, however deep it is: over texts, and over words up to a bracket's end.
  @_lifetime(self: copy self)
  private mutating func skipValue() throws(CheckpointError) {
    skipSpace()
    let start = position
    var open: [UInt8] = []
    repeat {
      skipSpace()
      guard let byte = nextByte else {
        throw .textFormat("the text ends within what begins here", at: start)
      }
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"): try skipTexts()
      case UInt8(ascii: "{"): try enter(UInt8(ascii: "}"), &open)
      case UInt8(ascii: "<"): try enter(UInt8(ascii: ">"), &open)
      case UInt8(ascii: "["): try enter(UInt8(ascii: "]"), &open)
      case UInt8(ascii: "}"), UInt8(ascii: ">"), UInt8(ascii: "]"):
        guard byte == open.popLast() else { throw unexpected("a value") }
        position &+= 1  // at most `bytes.count`
      default:
        if readWord(of: { $0.isLetter || $0.isDigit || Self.isInNumbers($0) }).isEmpty {
          // Signs between words, such as ':' and ','; alone they are no value.
          guard !open.isEmpty else { throw unexpected("a value") }
          position &+= 1  // at most `bytes.count`
        }
      }
    } while !open.isEmpty
  }

  private static func isInNumbers(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ".") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
  }

  @_lifetime(self: copy self)
  private mutating func enter(_ end: UInt8, _ open: inout [UInt8]) throws(CheckpointError) {
    guard open.count < Self.mostLevels else {
      throw CheckpointError(
        .limitExceeded,
        "messages in messages, more than \(Self.mostLevels) deep",
        offset: UInt64(position)  // not negative
      )
    }
    open.append(end)
    position &+= 1  // at most `bytes.count`
  }

  // protobuf's own limit.
  private static let mostLevels = 100
}

extension ByteWriter {
  // Also if it is 0: elements of lists count.
  fileprivate mutating func append(_ number: UInt32, varint value: UInt64) {
    write(varint: UInt64(WireTag.varint(number).rawValue))
    write(varint: value)
  }
}
