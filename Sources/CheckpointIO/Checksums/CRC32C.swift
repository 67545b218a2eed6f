import CChecksums

/// A running CRC-32C (Castagnoli) checksum.
///
/// Files store it masked, so that a checksum of bytes that hold checksums stays useful.
/// Source: RFC 3720 appendix B.4 (the polynomial), leveldb, `util/crc32c.h` (the mask).
@frozen
public struct CRC32C: Hashable, Sendable {
  /// The checksum of the bytes so far.
  public var value: UInt32 = 0

  /// Creates the checksum of no bytes.
  @inlinable
  public init() {}

  /// Creates the checksum with a known value, to be continued.
  @inlinable
  public init(value: UInt32) { self.value = value }

  /// Creates the checksum of `bytes`.
  public init(of bytes: RawSpan) {
    update(bytes)
  }

  /// Continues with more bytes.
  public mutating func update(_ bytes: RawSpan) {
    value = unsafe bytes.withUnsafeBytes {
      unsafe ck_crc32c_extend(value, $0.baseAddress, $0.count)
    }
  }

  /// Continues with bytes whose own checksum is known: the checksum of both one after the other.
  ///
  /// Takes time logarithmic in `count`, so that parts can be checksummed by several threads.
  public mutating func append(_ next: CRC32C, count: UInt64) {
    value = ck_crc32c_combine(value, next.value, count)
  }

  /// The form that files store.
  @inlinable
  public var masked: UInt32 { ((value &>> 15) | (value &<< 17)) &+ 0xA282_EAD8 }

  /// The checksum whose stored form is `masked`.
  @inlinable
  public init(unmasking masked: UInt32) {
    let rotated = masked &- 0xA282_EAD8
    value = (rotated &>> 17) | (rotated &<< 15)
  }
}
