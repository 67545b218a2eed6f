/// JSON being written, with strings escaped as the reference implementation of safetensors does it:
/// only what has to be.
package struct JSONText {
  /// What has been written.
  package private(set) var bytes: [UInt8] = []

  /// Begins an empty text.
  package init() {}

  /// Appends text as it is.
  package mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// Appends a string of UTF-8, between quotation marks.
  package mutating func append(string utf8: some Sequence<UInt8>) {
    append("\"")
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case 0x08: append("\\b")
      case 0x09: append("\\t")
      case 0x0A: append("\\n")
      case 0x0C: append("\\f")
      case 0x0D: append("\\r")
      case 0x00..<0x20: append("\\u00\(byte.hexadecimal)")
      default: bytes.append(byte)
      }
    }
    append("\"")
  }
}
