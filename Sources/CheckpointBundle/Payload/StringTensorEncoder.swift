import CheckpointIO

// Elements of variable length. A string tensor's payload:
//
//   varint length of each element
//   4 bytes: masked CRC of the lengths, each as a fixed 4-byte number, or 8 bytes above 2^32 - 1
//   the elements' bytes, one after the other
//
// The entry's checksum goes on from there: over the 4 stored bytes, then over the elements.
//
// A variant tensor's payload, for each element:
//
//   varint length, the bytes, 4 bytes: masked CRC so far
//
// where the CRC goes over the length as a fixed 8-byte number, the bytes, and the 4 stored bytes,
// on and on; the entry's checksum is where it ends.
//
// Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, `WriteStringTensor`,
// `WriteVariantTensor`, `ReadStringTensor`, `ReadVariantTensor`.

/// Bytes to be written, in order, and the checksum their entry gets.
struct StringTensorEncoder {
  /// What stands before the elements of a string tensor.
  private(set) var head = ByteWriter()
  private(set) var checksum = CRC32C()

  /// Prepares a string tensor: `head`, then the elements as they are.
  init(strings elements: [[UInt8]]) {
    for element in elements {
      head.write(varint: UInt64(element.count))
      checksum.update(
        lengthOfElement: UInt64(element.count), isVariant: false, isBigEndian: false)
    }
    var stored = ByteWriter(capacity: 4)
    stored.write(checksum.masked)
    head.write(stored.bytes)
    checksum.update(stored.bytes)
    for element in elements { checksum.update(element) }
  }

  /// Prepares a variant tensor: `head` is everything.
  init(variants elements: [[UInt8]]) {
    for element in elements {
      head.write(varint: UInt64(element.count))
      head.write(element)
      checksum.update(
        lengthOfElement: UInt64(element.count), isVariant: true, isBigEndian: false)
      checksum.update(element)
      var stored = ByteWriter(capacity: 4)
      stored.write(checksum.masked)
      head.write(stored.bytes)
      checksum.update(stored.bytes)
    }
  }
}
