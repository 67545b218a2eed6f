// The text form of protobuf as Python prints it, byte by byte: `name: value`, a line each.
// Source: google/protobuf/text_format.py and text_encoding.py, `CEscape`.

/// A growing text of fields: what this writes, ``TextFormatReader`` reads.
package struct TextFormatWriter {
  /// The text so far, in UTF-8.
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// Writes a text field, also if it is empty.
  package mutating func write(_ name: String, string: String) {
    bytes.append(contentsOf: "\(name): \"".utf8)
    for byte in string.utf8 { append(escaping: byte) }
    bytes.append(contentsOf: "\"\n".utf8)
  }

  /// Writes a number field, also if it is 0.
  package mutating func write(_ name: String, double: Double) {
    bytes.append(contentsOf: "\(name): \(double.textFormat)\n".utf8)
  }

  // Bytes above 0x7F belong to characters that are written as they are.
  private mutating func append(escaping byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
    case UInt8(ascii: "\r"): bytes.append(contentsOf: "\\r".utf8)
    case UInt8(ascii: "\t"): bytes.append(contentsOf: "\\t".utf8)
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"):
      bytes += [UInt8(ascii: "\\"), byte]
    case 0..<0x20, 0x7F: bytes.append(contentsOf: Self.octalEscape(of: byte).utf8)
    default: bytes.append(byte)
    }
  }

  private static func octalEscape(of byte: UInt8) -> String {
    let digits = String(byte, radix: 8)
    return "\\" + String(repeating: "0", count: 3 - digits.count) + digits  // 0x7F has three
  }
}

extension Double {
  /// The number as Python prints it: the fewest digits that stand for it and no other.
  ///
  /// From 0.0001 on and below 10¹⁶ all digits are written, with at least one after the point;
  /// other numbers have an exponent of at least two digits.
  package var textFormat: String {
    guard !isNaN else { return "nan" }
    let sign = self.sign == .minus ? "-" : ""
    guard isFinite else { return sign + "inf" }
    guard magnitude != 0 else { return sign + "0.0" }
    // Swift writes these in the same way, and times are such numbers.
    if (0.0001..<0x1p53).contains(magnitude) { return description }
    let (digits, exponent) = shortestDigits
    let isPlain = (-4..<16).contains(exponent)
    return sign
      + (isPlain
        ? Self.plain(digits, exponent: exponent) : Self.scientific(digits, exponent: exponent))
  }

  // The digits without zeros at either end, and the power of ten of the first one. Swift's
  // description has the same digits as Python's, but does not always put the point there.
  private var shortestDigits: (digits: String, exponent: Int) {
    let parts = magnitude.description.split(separator: "e")
    let halves = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let whole = halves[0].drop { $0 == "0" }
    let fraction = halves.count > 1 ? halves[1] : ""
    let zeros = whole.isEmpty ? fraction.prefix { $0 == "0" }.count : 0
    var digits = String(whole + fraction.dropFirst(zeros))
    while digits.count > 1, digits.last == "0" { digits.removeLast() }
    let shift = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    return (digits, shift + (whole.isEmpty ? -zeros : whole.count) - 1)
  }

  private static func plain(_ digits: String, exponent: Int) -> String {
    guard exponent >= 0 else {
      return "0." + String(repeating: "0", count: -exponent - 1) + digits
    }
    let whole = digits.prefix(exponent + 1)
    let padding = String(repeating: "0", count: exponent + 1 - whole.count)
    let fraction = digits.dropFirst(exponent + 1)
    return "\(whole)\(padding).\(fraction.isEmpty ? "0" : fraction)"
  }

  private static func scientific(_ digits: String, exponent: Int) -> String {
    let fraction = digits.count > 1 ? ".\(digits.dropFirst())" : ""
    let power = String(exponent.magnitude)
    let padding = power.count < 2 ? "0" : ""
    return "\(digits.prefix(1))\(fraction)e\(exponent < 0 ? "-" : "+")\(padding)\(power)"
  }
}
