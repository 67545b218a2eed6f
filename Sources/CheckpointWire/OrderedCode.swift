package import CheckpointIO
package import CheckpointTensors

// Ordered code: numbers and strings as bytes whose order is the order of the values.
//
//   num(v), unsigned    one byte k = how many follow (0…8), then v big-endian without leading zeros
//   str(s)              00 as 00 ff, ff as ff 00, others as they are; then 00 01
//   snum(v), signed     n bytes (1…10) of two's complement, big-endian, whose first bits are
//                       flipped so that they tell n: see `write(ordered:)`
//
// Source: tensorflow/core/lib/strings/ordered_code.cc.

extension ByteWriter {
  /// Writes an unsigned number.
  package mutating func write(orderedUnsigned value: UInt64) {
    let count = 8 - value.leadingZeroBitCount / 8
    write(byte: UInt8(count))
    for place in (0..<count).reversed() {
      write(byte: UInt8(truncatingIfNeeded: value >> (8 * UInt64(place))))
    }
  }

  /// Writes a string.
  package mutating func write(orderedString string: [UInt8]) {
    for byte in string {
      write(byte: byte)
      if byte == 0x00 { write(byte: 0xFF) }
      if byte == 0xFF { write(byte: 0x00) }
    }
    write(byte: 0x00)
    write(byte: 0x01)
  }

  /// Writes a signed number.
  package mutating func write(ordered value: Int64) {
    let magnitude = value < 0 ? ~value : value
    let count = (64 - magnitude.leadingZeroBitCount) / 7 + 1
    let start = self.count
    for place in (0..<count).reversed() {
      // Beyond 8 bytes, the sign goes on.
      write(byte: UInt8(truncatingIfNeeded: place < 8 ? value >> (8 * Int64(place)) : value >> 63))
    }
    // The first `count` bits are flipped: 1…10 of them, in two bytes.
    let mask = UInt16(truncatingIfNeeded: 0xFFFF << (16 - count))
    bytes[start] ^= UInt8(truncatingIfNeeded: mask >> 8)
    if count > 1 { bytes[start + 1] ^= UInt8(truncatingIfNeeded: mask) }
  }
}

extension TensorKey {
  /// The key under which one slice of a tensor is stored; a full extent counts as 0 with length -1.
  ///
  /// Source: tensorflow/core/util/saved_tensor_slice_util.cc, `EncodeTensorNameSlice`.
  package func sliceKey(_ slice: TensorSlice) -> TensorKey {
    var writer = ByteWriter(capacity: bytes.count + 8 + 4 * slice.extents.count)
    writer.write(orderedUnsigned: 0)
    writer.write(orderedString: bytes)
    writer.write(orderedUnsigned: UInt64(slice.extents.count))
    for extent in slice.extents {
      switch extent {
      case .full:
        writer.write(ordered: 0)
        writer.write(ordered: -1)
      case .range(let start, let length):
        writer.write(ordered: Int64(start))
        writer.write(ordered: Int64(length))
      }
    }
    return TensorKey(bytes: writer.bytes)
  }
}
