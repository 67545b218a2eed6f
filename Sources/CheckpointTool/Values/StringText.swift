import CheckpointIO
import CheckpointWire

/// Elements of string tensors, in quotes.
enum StringText {
  /// The text, with escapes for quotes, for controls, and for bytes that are not UTF-8; the beginning
  /// of a long one, unless it is to be shown whole.
  static func of(_ bytes: [UInt8], isWhole: Bool) -> String {
    guard !isWhole, bytes.count > limit else { return "\"\(escaped(bytes))\"" }
    return "\"\(escaped(beginning(bytes)))\"… (\(bytes.count) bytes)"
  }

  // Characters are not cut in two.
  private static func beginning(_ bytes: [UInt8]) -> [UInt8] {
    var end = limit
    while end > limit - 4, bytes[end] & 0xC0 == 0x80 { end -= 1 }
    return Array(bytes[..<end])
  }

  private static func escaped(_ bytes: [UInt8]) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      return bytes.map { byte in
        (0x20..<0x7F).contains(byte) ? escaped(Unicode.Scalar(byte)) : "\\x\(byte.hexadecimal)"
      }.joined()
    }
    return text.unicodeScalars.map(escaped).joined()
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"": "\\\""
    case "\\": "\\\\"
    case "\n": "\\n"
    case "\t": "\\t"
    case "\r": "\\r"
    default: String(scalar).shown
    }
  }

  private static let limit = 60
}

/// Elements of variant tensors: only the type that they name knows what is in them.
enum VariantText {
  /// The type's name and the number of bytes.
  ///
  /// VariantTensorDataProto: 1 type_name string, 2 metadata bytes, 3 tensors.
  /// Source: tensorflow/core/framework/tensor.proto.
  static func of(_ bytes: [UInt8]) -> String {
    let size = bytes.count.of("byte")
    guard let name = typeName(bytes) else { return "<\(size)>" }
    return "<\(name.shown), \(size)>"
  }

  private static func typeName(_ bytes: [UInt8]) -> String? {
    do throws(CheckpointError) {
      var fields = WireReader(bytes.span)
      while let tag = try fields.nextTag() {
        if tag == .bytes(1) { return try fields.readString() }
        try fields.skip(tag)
      }
      return nil
    } catch {
      return nil
    }
  }
}
