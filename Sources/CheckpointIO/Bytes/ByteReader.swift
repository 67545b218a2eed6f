/// A cursor over bytes that nobody vouched for: every read is checked and throws; none traps.
///
/// Integers are little-endian and varints base-128, as in protobuf and in sorted tables.
@frozen
public struct ByteReader: ~Escapable {
  @usableFromInline let bytes: Span<UInt8>
  @usableFromInline var consumed = 0  // in 0...bytes.count, always

  /// Creates a reader at the start of `bytes`, which it borrows.
  @inlinable
  @_lifetime(copy bytes)
  public init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  /// How many bytes have been read.
  @inlinable public var offset: Int { consumed }

  /// How many bytes are left.
  @inlinable public var remaining: Int { bytes.count &- consumed }  // not negative, see `consumed`

  /// Whether everything has been read.
  @inlinable public var isAtEnd: Bool { consumed == bytes.count }

  /// The next byte, which is not yet read; `nil` at the end.
  @inlinable
  public func peek() -> UInt8? { consumed < bytes.count ? bytes[consumed] : nil }

  /// Passes over the byte that ``peek()`` has shown.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func skipByte() {
    precondition(consumed < bytes.count)
    consumed &+= 1
  }

  /// Reads one byte.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readByte() throws(CheckpointError) -> UInt8 {
    guard consumed < bytes.count else { throw Self.truncated(1, left: 0, at: consumed) }
    let byte = bytes[consumed]
    consumed &+= 1  // at most `bytes.count`
    return byte
  }

  /// Reads as many bytes as a length field promises, without copying them.
  @inlinable
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  public mutating func readBytes(_ count: UInt64) throws(CheckpointError) -> Span<UInt8> {
    guard count <= UInt64(remaining) else {
      throw Self.truncated(count, left: remaining, at: consumed)
    }
    let start = consumed
    consumed &+= Int(count)  // at most `remaining`: it fits, and stays in range
    return bytes.extracting(start..<consumed)
  }

  /// Reads a fixed 4-byte integer.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readUInt32() throws(CheckpointError) -> UInt32 {
    UInt32(truncatingIfNeeded: try readFixed(4))
  }

  /// Reads a fixed 8-byte integer.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readUInt64() throws(CheckpointError) -> UInt64 { try readFixed(8) }

  @inlinable
  @_lifetime(self: copy self)
  mutating func readFixed(_ count: Int) throws(CheckpointError) -> UInt64 {
    guard count <= remaining else {
      throw Self.truncated(UInt64(count), left: remaining, at: consumed)
    }
    var value: UInt64 = 0
    var place = 0
    while place < count {
      value |= UInt64(bytes[consumed &+ place]) &<< (8 &* UInt64(place))
      place &+= 1
    }
    consumed &+= count
    return value
  }

  /// Reads a varint of at most 10 bytes; longer forms of a value than necessary are accepted.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readVarint() throws(CheckpointError) -> UInt64 {
    let first = try readByte()
    guard first >= 0x80 else { return UInt64(first) }
    return try readLongVarint(after: first)
  }

  @usableFromInline
  @_lifetime(self: copy self)
  mutating func readLongVarint(after first: UInt8) throws(CheckpointError) -> UInt64 {
    let start = consumed &- 1
    var value = UInt64(first & 0x7F)
    var shift: UInt64 = 7
    while shift < 70 {
      let byte = try readByte()
      guard shift < 63 || byte <= 1 else { break }  // only bit 0 of the tenth byte is a bit of 64
      value |= UInt64(byte & 0x7F) &<< shift
      if byte < 0x80 { return value }
      shift &+= 7
    }
    throw CheckpointError(.corrupt, "varint of more than 64 bits", offset: UInt64(start))
  }

  /// Reads a varint that must fit into 32 bits, in at most 5 bytes.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readVarint32() throws(CheckpointError) -> UInt32 {
    let start = consumed
    let value = try readVarint()
    guard let narrow = UInt32(exactly: value), consumed &- start <= 5 else {
      throw Self.wideVarint(value, at: start)
    }
    return narrow
  }

  @usableFromInline @inline(never)  // messages are built only when something is wrong
  static func truncated(_ count: UInt64, left: Int, at offset: Int) -> CheckpointError {
    CheckpointError(.truncated, "\(count) bytes promised, \(left) left", offset: UInt64(offset))
  }

  @usableFromInline @inline(never)
  static func wideVarint(_ value: UInt64, at offset: Int) -> CheckpointError {
    CheckpointError(.corrupt, "varint \(value) of more than 32 bits", offset: UInt64(offset))
  }
}
