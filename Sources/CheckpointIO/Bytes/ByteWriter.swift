/// A growing buffer with the vocabulary of ``ByteReader``: what one writes, the other reads.
@frozen
public struct ByteWriter {
  /// The bytes written so far.
  public var bytes: [UInt8] = []

  /// Creates an empty buffer with room for `capacity` bytes.
  @inlinable
  public init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  /// How many bytes have been written.
  @inlinable public var count: Int { bytes.count }

  /// Appends one byte.
  @inlinable
  public mutating func write(byte: UInt8) { bytes.append(byte) }

  /// Appends bytes.
  @inlinable
  public mutating func write(_ span: Span<UInt8>) {
    unsafe span.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends bytes.
  @inlinable
  public mutating func write(_ array: [UInt8]) { bytes.append(contentsOf: array) }

  /// Appends a fixed 4-byte integer.
  @inlinable
  public mutating func write(_ value: UInt32) {
    for place in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: value &>> (8 &* UInt32(place)))) }
  }

  /// Appends a fixed 8-byte integer.
  @inlinable
  public mutating func write(_ value: UInt64) {
    for place in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value &>> (8 &* UInt64(place)))) }
  }

  /// Appends a varint in its shortest form.
  @inlinable
  public mutating func write(varint value: UInt64) {
    guard value >= 0x80 else { return bytes.append(UInt8(truncatingIfNeeded: value)) }
    writeLong(varint: value)
  }

  @usableFromInline
  mutating func writeLong(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest &>>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// How many bytes the shortest form of a varint takes: 1 to 10.
  @inlinable
  public static func varintLength(_ value: UInt64) -> Int {
    (70 &- (value | 1).leadingZeroBitCount) / 7
  }
}
