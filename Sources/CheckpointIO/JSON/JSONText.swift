/// JSON being written.
package struct JSONText {
  /// Which characters of a string are escaped.
  package enum Escaping {
    /// Only those that have to be, as the reference implementation of safetensors does it.
    case required
    /// Also all other controls, and U+2028 and U+2029, which older JavaScript takes for the end of a line:
    /// for what people may see on a terminal.
    case controls
  }

  /// What has been written.
  package private(set) var bytes: [UInt8] = []
  private let escaping: Escaping

  /// Begins an empty text.
  package init(escaping: Escaping = .required) { self.escaping = escaping }

  /// Begins a text behind bytes that are none of it; only what has to be is escaped.
  ///
  /// - Parameters:
  ///   - prefix: The bytes.
  ///   - capacity: How many bytes memory is asked for, with these.
  package init(after prefix: [UInt8], capacity: Int) {
    escaping = .required
    bytes.reserveCapacity(capacity)
    bytes += prefix
  }

  /// Appends text as it is.
  package mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// Appends a number.
  package mutating func append(_ number: UInt64) {
    var place: UInt64 = 1  // of the first digit; at most the number, so it does not overflow
    while number / place >= 10 { place *= 10 }
    while place > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(number / place % 10))
      place /= 10
    }
  }

  /// Appends a string of UTF-8, between quotation marks.
  package mutating func append(string utf8: some Sequence<UInt8>) {
    append("\"")
    defer { append("\"") }
    // Nearly all names are as plain as this.
    let isPlain = utf8.withContiguousStorageIfAvailable { bytes in
      guard unsafe bytes.allSatisfy(Self.isPlain) else { return false }
      unsafe self.bytes.append(contentsOf: bytes)
      return true
    }
    if isPlain == true { return }
    switch escaping {
    case .required: for byte in utf8 { append(escaping: byte) }
    case .controls:
      for scalar in String(decoding: Array(utf8), as: UTF8.self).unicodeScalars {
        append(escaping: scalar)
      }
    }
  }

  // Whether a byte stands for itself, and is a character.
  private static func isPlain(_ byte: UInt8) -> Bool {
    (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  /// Appends several things with a separator between them.
  package mutating func append<Element>(
    _ elements: some Sequence<Element>, separator: String,
    _ append: (inout JSONText, Element) -> Void
  ) {
    for (index, element) in elements.enumerated() {
      if index > 0 { self.append(separator) }
      append(&self, element)
    }
  }

  private mutating func append(escaping byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): append("\\\"")
    case UInt8(ascii: "\\"): append("\\\\")
    case 0x09: append("\\t")
    case 0x0A: append("\\n")
    case 0x0D: append("\\r")
    case 0x08 where escaping == .required: append("\\b")
    case 0x0C where escaping == .required: append("\\f")
    case 0x00..<0x20: append("\\u00\(byte.hexadecimal)")
    default: bytes.append(byte)
    }
  }

  private mutating func append(escaping scalar: Unicode.Scalar) {
    switch scalar {
    case "\u{7F}"..<"\u{A0}", "\u{2028}", "\u{2029}":
      append("\\u\(UInt16(scalar.value).hexadecimal)")  // all of them are below U+10000
    default:
      for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
        append(escaping: byte)
      }
    }
  }
}
