import CheckpointIO

/// The name under which a tensor is stored: any bytes, compared byte by byte.
///
/// Swift compares strings by meaning (a composed é equals a decomposed one); checkpoints do not, and
/// some names in old files are no UTF-8 at all.
///
///     let key: TensorKey = "dense/kernel"
public struct TensorKey: Hashable, Comparable, Sendable {
  /// The bytes.
  public let bytes: [UInt8]

  /// Creates a key from bytes.
  public init(bytes: [UInt8]) { self.bytes = bytes }

  /// Creates a key from the UTF-8 of a string.
  public init(_ name: String) { bytes = Array(name.utf8) }

  /// Creates a key by copying bytes.
  package init(copying span: Span<UInt8>) { bytes = Array(copying: span) }

  /// The key as text, if it is UTF-8.
  public var string: String? { String(validating: bytes, as: UTF8.self) }

  /// Whether all bytes are the same.
  public static func == (left: TensorKey, right: TensorKey) -> Bool {
    left.bytes.span.matches(right.bytes.span)
  }

  /// Hashes the bytes, several at a time: `Array` hashes each for itself.
  public func hash(into hasher: inout Hasher) {
    // They are read only, and not kept.
    unsafe bytes.withUnsafeBytes { bytes in unsafe hasher.combine(bytes: bytes) }
    hasher.combine(bytes.count)
  }

  /// Byte order: a key that is the beginning of another comes first.
  public static func < (left: TensorKey, right: TensorKey) -> Bool {
    left.bytes.span.precedes(right.bytes.span)
  }
}

extension TensorKey: ExpressibleByStringLiteral, CustomStringConvertible {
  /// Creates a key from the UTF-8 of a literal.
  public init(stringLiteral name: String) { self.init(name) }

  /// The text, or, if it is not UTF-8, its ASCII with other bytes as `\xff`.
  public var description: String {
    string ?? bytes.map { Self.escaped($0) }.joined()
  }

  private static func escaped(_ byte: UInt8) -> String {
    guard byte < 0x20 || byte >= 0x7F else { return String(Unicode.Scalar(byte)) }
    return "\\x" + byte.hexadecimal
  }
}
