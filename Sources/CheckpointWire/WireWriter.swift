public import CheckpointIO

// Writing fields: the caller keeps their order; a value equal to its default is left out where
// TensorFlow leaves it out.

extension ByteWriter {
  /// Writes a varint field, unless it is 0.
  @inlinable
  public mutating func write(_ number: UInt32, varint value: UInt64) {
    guard value != 0 else { return }
    write(varint: UInt64(WireTag.varint(number).rawValue))
    write(varint: value)
  }

  /// Writes a signed varint field, unless it is 0; a negative number takes ten bytes.
  @inlinable
  public mutating func write(_ number: UInt32, signed value: Int64) {
    write(number, varint: UInt64(bitPattern: value))
  }

  /// Writes a four-byte field, unless it is 0.
  @inlinable
  public mutating func write(_ number: UInt32, fixed32 value: UInt32) {
    guard value != 0 else { return }
    write(varint: UInt64(WireTag.fixed32(number).rawValue))
    write(value)
  }

  /// Writes a string or a message, also if it is empty.
  package mutating func write(_ number: UInt32, message bytes: [UInt8]) {
    write(number, messageOf: bytes.count)
    write(bytes)
  }

  /// Writes a string, unless it is empty.
  package mutating func write(_ number: UInt32, string: String) {
    var string = string
    guard !string.isEmpty else { return }
    string.withUTF8 { utf8 in
      write(number, messageOf: utf8.count)
      unsafe bytes.append(contentsOf: utf8)
    }
  }

  /// Begins a string or a message of `byteCount` bytes, which the caller writes next.
  @inlinable
  public mutating func write(_ number: UInt32, messageOf byteCount: Int) {
    write(varint: UInt64(WireTag.bytes(number).rawValue))
    write(varint: UInt64(byteCount))
  }
}
