// The text form of protobuf, as far as the `checkpoint` state file needs it: fields of text and
// of numbers, single or repeated. What messages in messages add has a file of its own.
//
//   file   = (field [',' | ';'])*
//   field  = name ':' (value | '[' [value (',' value)*] ']')       a list only if it is repeated
//   value  = text+ | number                                   adjacent texts are one, as in C
//   text   = '"' … '"' | "'" … "'"                            escapes, see the text's own file
//   number = sign? (digits ['.' digits] [exponent] | inf | infinity | nan) ['f']
//
// White space and comments, from '#' to the end of the line, may stand between any two of them.
// No field of the state file is a message, so nothing nests and nothing recurses.
// Source: protobuf.dev/reference/protobuf/textformat-spec; what is accepted is what
// google/protobuf/text_format.py accepts, which TensorFlow reads state files with; and a byte order mark in
// front, which editors of Windows put there and TensorFlow refuses.

package import CheckpointIO

/// A cursor over the fields of a text message: a name, then its value.
///
///     var fields = try TextFormatReader(bytes)
///     while let name = try fields.nextField() {
///       switch name {
///       case "model_checkpoint_path": path = try fields.readString()
///       default: throw fields.unknownField(name)
///       }
///     }
package struct TextFormatReader: ~Escapable {
  /// The longest text that is read, in bytes: thousands of long paths fit.
  package static let byteCountLimit: UInt64 = 16 << 20

  let bytes: Span<UInt8>
  var position = 0  // in 0...bytes.count, always
  private var fieldStart = 0
  private var isAtFirstField = true

  /// Creates a reader at the start of a text, which it borrows; behind its byte order mark, if it has one.
  ///
  /// - Throws: `limitExceeded` for a text longer than `limit`; `corrupt` if it is not UTF-8.
  @_lifetime(copy bytes)
  package init(_ bytes: Span<UInt8>, limit: UInt64 = byteCountLimit) throws(CheckpointError) {
    try Self.check(UInt64(bytes.count), limit)
    if let place = bytes.firstInvalidText {
      throw .textFormat("the text is not UTF-8 here", at: place)
    }
    self.bytes = bytes
    position = bytes.end(of: "\u{FEFF}", from: 0) ?? 0
  }

  /// Checks the length of a text before it is read.
  ///
  /// - Throws: `limitExceeded` if it is longer than ``byteCountLimit``.
  package static func checkByteCount(_ byteCount: UInt64) throws(CheckpointError) {
    try check(byteCount, byteCountLimit)
  }

  private static func check(_ byteCount: UInt64, _ limit: UInt64) throws(CheckpointError) {
    guard byteCount <= limit else {
      throw CheckpointError(
        .limitExceeded, "a text of \(byteCount) bytes, more than the limit of \(limit)")
    }
  }

  /// Reads up to the next field's value, and returns the field's name; `nil` at the end.
  @_lifetime(self: copy self)
  package mutating func nextField() throws(CheckpointError) -> String? {
    if !isAtFirstField, !skip(",") { _ = skip(";") }
    isAtFirstField = false
    skipSpace()
    guard position < bytes.count else { return nil }
    fieldStart = position
    let name = try readName()
    guard skip(":") else { throw unexpected("':' after '\(name)'") }
    return name
  }

  /// The error for a field that the message does not have.
  package func unknownField(_ name: String) -> CheckpointError {
    .textFormat("there is no field '\(name)'", at: fieldStart)
  }

  /// Reads the value of a repeated text field: one value, or a list.
  @_lifetime(self: copy self)
  package mutating func readStrings(into values: inout [String]) throws(CheckpointError) {
    guard skip("[") else { return values.append(try readString()) }
    guard !skip("]") else { return }
    repeat { values.append(try readString()) } while try continuesList()
  }

  /// Reads the value of a repeated number field: one value, or a list.
  @_lifetime(self: copy self)
  package mutating func readDoubles(into values: inout [Double]) throws(CheckpointError) {
    guard skip("[") else { return values.append(try readDouble()) }
    guard !skip("]") else { return }
    repeat { values.append(try readDouble()) } while try continuesList()
  }

  /// Whether a list goes on behind an element; the comma, or the bracket, is passed over.
  @_lifetime(self: copy self)
  mutating func continuesList() throws(CheckpointError) -> Bool {
    if skip("]") { return false }
    guard skip(",") else { throw unexpected("',' or ']'") }
    return true
  }

  @_lifetime(self: copy self)
  private mutating func readName() throws(CheckpointError) -> String {
    let word = readWord { $0.isLetter || $0.isDigit }
    guard !word.isEmpty else { throw unexpected("a field's name") }
    return word
  }
}

// The steps of every parser of this file: each moves forward or stays where it is.
extension TextFormatReader {
  /// The next byte, if there is one.
  var nextByte: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// Passes over white space and comments.
  @_lifetime(self: copy self)
  mutating func skipSpace() {
    var isInComment = false
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\n"): isInComment = false
      case UInt8(ascii: "#"): isInComment = true
      case UInt8(ascii: " "), 0x09...0x0D: break
      default: guard isInComment else { return }
      }
      position &+= 1  // at most `bytes.count`
    }
  }

  /// Passes over a symbol and the white space before it; stays before the symbol if it is another.
  @_lifetime(self: copy self)
  mutating func skip(_ symbol: Unicode.Scalar) -> Bool {
    skipSpace()
    guard nextByte == UInt8(ascii: symbol) else { return false }
    position &+= 1  // at most `bytes.count`
    return true
  }

  /// Reads bytes for as long as they belong to a word; only the first 2048 of them matter.
  @_lifetime(self: copy self)
  mutating func readWord(of belongs: (UInt8) -> Bool) -> String {
    var word: [UInt8] = []
    while let byte = nextByte, belongs(byte), word.count < 2048 {
      word.append(byte)
      position &+= 1  // at most `bytes.count`
    }
    return String(decoding: word, as: UTF8.self)
  }

  /// The error for something else than what has to stand here.
  func unexpected(_ expected: String) -> CheckpointError {
    let found =
      switch nextByte {
      case nil: "the text ends"
      case let byte? where (0x20...0x7E).contains(byte): "found '\(Unicode.Scalar(byte))'"
      case let byte?: "found the byte 0x\(String(byte, radix: 16))"
      }
    return .textFormat("expected \(expected), \(found)", at: position)
  }
}

extension UInt8 {
  /// Whether this is an ASCII letter or an underscore.
  var isLetter: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    default: self == UInt8(ascii: "_")
    }
  }

  /// Whether this is an ASCII digit.
  var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}

extension CheckpointError {
  /// An error in a text at a byte.
  static func textFormat(_ message: String, at offset: Int) -> CheckpointError {
    CheckpointError(.corrupt, message, offset: UInt64(offset))  // positions are not negative
  }
}
