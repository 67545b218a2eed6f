import CheckpointIO

extension Span<UInt8> {
  /// A key for an error message: its text in quotes, or its bytes if it is not plain text; of a
  /// long key only the start.
  package var keyText: String {
    let shown = extracting(..<Swift.min(count, 100))
    let more = shown.count < count ? "… (\(count) bytes)" : ""
    if let text = String(validating: shown), Self.isPlain(shown) { return "'\(text)'\(more)" }
    return Self.hex(shown) + more
  }

  private static func isPlain(_ bytes: Span<UInt8>) -> Bool {
    for index in bytes.indices where bytes[index] < 0x20 || bytes[index] == 0x7F { return false }
    return true
  }

  /// The bytes as pairs of digits, as in `00 77 ff`.
  static func hex(_ bytes: Span<UInt8>) -> String {
    var parts: [String] = []
    for index in bytes.indices {
      let digits = String(bytes[index], radix: 16)
      parts.append(digits.count == 1 ? "0\(digits)" : digits)
    }
    return parts.joined(separator: " ")
  }
}
