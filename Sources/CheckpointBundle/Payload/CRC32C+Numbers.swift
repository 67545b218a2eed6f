import CheckpointIO

extension CRC32C {
  /// Continues with bytes.
  mutating func update(_ bytes: [UInt8]) { unsafe update(bytes.span.bytes) }

  /// Continues with the length of an element.
  ///
  /// Lengths count as numbers of the machine that wrote the file; those of variants have 8 bytes.
  mutating func update(lengthOfElement length: UInt64, isVariant: Bool, isBigEndian: Bool) {
    if !isVariant, let short = UInt32(exactly: length) {
      update(fixed: isBigEndian ? short.bigEndian : short.littleEndian)
    } else {
      update(fixed: isBigEndian ? length.bigEndian : length.littleEndian)
    }
  }

  /// Continues with the bytes of a number, as they lie in memory.
  mutating func update<Number: FixedWidthInteger & BitwiseCopyable>(fixed: Number) {
    let number = CollectionOfOne(fixed)
    let bytes = unsafe number.span.bytes  // an integer has no padding
    update(bytes)
  }
}
