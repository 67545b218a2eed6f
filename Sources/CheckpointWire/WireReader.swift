public import CheckpointIO

/// A cursor over the fields of a message: a tag, then its value or `skip`.
///
///     var fields = WireReader(bytes)
///     while let tag = try fields.nextTag() {
///       switch tag {
///       case .varint(1): count = Int32(truncatingIfNeeded: try fields.readVarint())
///       default: try fields.skip(tag)
///       }
///     }
@frozen
public struct WireReader: ~Escapable {
  @usableFromInline var reader: ByteReader

  /// Creates a reader at the start of a message, which it borrows.
  @inlinable
  @_lifetime(copy bytes)
  public init(_ bytes: Span<UInt8>) { reader = ByteReader(bytes) }

  /// How many bytes have been read.
  @inlinable
  public var offset: Int { reader.offset }

  /// The next field's tag; `nil` at the end of the message.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func nextTag() throws(CheckpointError) -> WireTag? {
    guard let first = reader.peek() else { return nil }
    let tag = WireTag(rawValue: UInt32(first))
    // Most tags are of one byte, which then is the tag.
    guard first < 0x80, tag.number != 0, tag.wireType != nil else { return try nextLongTag() }
    reader.skipByte()
    return tag
  }

  @usableFromInline
  @_lifetime(self: copy self)
  mutating func nextLongTag() throws(CheckpointError) -> WireTag {
    let start = reader.offset
    let tag = WireTag(rawValue: try reader.readVarint32())
    guard tag.number != 0, tag.wireType != nil else {
      throw CheckpointError(
        .corrupt, "no protobuf field has the tag \(tag.rawValue)", offset: UInt64(start))
    }
    return tag
  }

  /// Takes the next field's tag if it is a certain one, of a byte.
  ///
  /// Writers keep to the order of the fields, so that one knows which comes next; fields in another order
  /// are left to ``nextTag()``.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func take(_ tag: WireTag) -> Bool {
    guard let next = reader.peek(), UInt32(next) == tag.rawValue else { return false }
    reader.skipByte()
    return true
  }

  /// Reads the value of a varint field.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readVarint() throws(CheckpointError) -> UInt64 { try reader.readVarint() }

  /// Reads a varint field of type `int32` or an enumeration: the low 32 bits count.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readInt32() throws(CheckpointError) -> Int32 {
    Int32(truncatingIfNeeded: try reader.readVarint())
  }

  /// Reads a varint field of type `int64`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readInt64() throws(CheckpointError) -> Int64 {
    Int64(truncatingIfNeeded: try reader.readVarint())
  }

  /// Reads a varint field of type `bool`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readBool() throws(CheckpointError) -> Bool { try reader.readVarint() != 0 }

  /// Reads the value of a four-byte field.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readFixed32() throws(CheckpointError) -> UInt32 {
    try reader.readUInt32()
  }

  /// Reads the value of an eight-byte field.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readFixed64() throws(CheckpointError) -> UInt64 {
    try reader.readUInt64()
  }

  /// Reads the bytes of a string, message or packed field, without copying them.
  @inlinable
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  public mutating func readBytes() throws(CheckpointError) -> Span<UInt8> {
    let count = try reader.readVarint()
    return try reader.readBytes(count)
  }

  /// Reads a string field, which has to be UTF-8.
  @_lifetime(self: copy self)
  package mutating func readString() throws(CheckpointError) -> String {
    let start = reader.offset
    guard let text = String(validating: try readBytes()) else { throw Self.noText(at: start) }
    return text
  }

  /// Reads the bytes of a string field, which have to be UTF-8, without copying them.
  @inlinable
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  package mutating func readText() throws(CheckpointError) -> Span<UInt8> {
    let start = reader.offset
    let bytes = try readBytes()
    guard bytes.firstInvalidText == nil else { throw Self.noText(at: start) }
    return bytes
  }

  @usableFromInline @inline(never)
  static func noText(at offset: Int) -> CheckpointError {
    CheckpointError(.corrupt, "a text field is not UTF-8", offset: UInt64(offset))
  }

  /// Passes over a field whose number or wire type is not known.
  @_lifetime(self: copy self)
  package mutating func skip(_ tag: WireTag) throws(CheckpointError) {
    guard tag.wireType == .startGroup else { return try skipValue(tag) }
    var open = [tag.number]  // groups nest; they are counted here, not on the call stack
    while let innermost = open.last {
      guard open.count <= Self.deepestGroup, let next = try nextTag() else {
        throw CheckpointError(.corrupt, "protobuf group \(innermost) does not end")
      }
      switch next.wireType {
      case .startGroup: open.append(next.number)
      case .endGroup where next.number == innermost: open.removeLast()
      default: try skipValue(next)
      }
    }
  }

  @_lifetime(self: copy self)
  private mutating func skipValue(_ tag: WireTag) throws(CheckpointError) {
    switch tag.wireType {
    case .varint: _ = try reader.readVarint()
    case .fixed64: _ = try reader.readUInt64()
    case .fixed32: _ = try reader.readUInt32()
    case .bytes: _ = try readBytes()
    case .startGroup, .endGroup, nil:
      throw CheckpointError(
        .corrupt, "protobuf group \(tag.number) ends where none began",
        offset: UInt64(reader.offset))
    }
  }

  // protobuf's own parsers stop at this depth.
  private static let deepestGroup = 100
}
