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

/// The keys under which the slices of a tensor are stored; a full extent counts as 0 with length -1.
///
/// Source: tensorflow/core/util/saved_tensor_slice_util.cc, `EncodeTensorNameSlice`.
package struct SliceKeys {
  // What all have in common: the name, which is long as against the rest.
  private let beginning: [UInt8]

  /// The keys of the slices of one tensor.
  package init(of key: TensorKey) {
    var writer = ByteWriter(capacity: key.bytes.count + 8)
    writer.write(orderedUnsigned: 0)
    writer.write(orderedString: key.bytes)
    beginning = writer.bytes
  }

  /// The key of a slice.
  package subscript(slice: TensorSlice) -> TensorKey {
    var writer = ByteWriter(capacity: beginning.count + 2 + 4 * slice.extents.count)
    writer.write(beginning.span)
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

extension TensorKey {
  /// The key under which one slice of a tensor is stored, see ``SliceKeys``.
  package func sliceKey(_ slice: TensorSlice) -> TensorKey { SliceKeys(of: self)[slice] }
}

extension TensorKey {
  /// The tensor and the slice that this key stands for; `nil` if it is no key of a slice.
  package var asSliceKey: (name: TensorKey, slice: TensorSlice)? {
    var reader = OrderedReader(bytes: bytes)
    guard reader.readUnsigned() == 0, let name = reader.readString() else { return nil }
    guard let rank = reader.readUnsigned(), rank <= 254 else { return nil }
    var extents: [TensorSlice.Extent] = []
    for _ in 0..<rank {
      guard let start = reader.readSigned(), let length = reader.readSigned() else { return nil }
      let isFull = start == 0 && length == -1
      extents.append(isFull ? .full : .range(start: start, length: length))
    }
    let key = (name: TensorKey(bytes: name), slice: TensorSlice(extents))
    // One number may be encoded in several ways; TensorFlow writes and looks for one.
    return key.name.sliceKey(key.slice) == self ? key : nil
  }
}

/// Takes ordered code apart, as far as it is some.
private struct OrderedReader {
  let bytes: [UInt8]
  private var position = 0  // in 0...bytes.count, always

  init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func next() -> UInt8? {
    guard position < bytes.count else { return nil }
    position += 1
    return bytes[position - 1]
  }

  mutating func readUnsigned() -> UInt64? {
    guard let count = next(), count <= 8 else { return nil }
    return readBigEndian(Int(count))
  }

  mutating func readString() -> [UInt8]? {
    var string: [UInt8] = []
    while let byte = next() {
      guard byte == 0x00 || byte == 0xFF else {
        string.append(byte)
        continue
      }
      let escape = next()
      if byte == 0x00, escape == 0x01 { return string }
      guard escape == ~byte else { return nil }
      string.append(byte)
    }
    return nil
  }

  // The bits before the first one that differs tell how many bytes there are: up to 10, for 64 bits.
  mutating func readSigned() -> Int? {
    guard position < bytes.count else { return nil }
    let sign: UInt8 = bytes[position] < 0x80 ? 0xFF : 0
    var count = (bytes[position] ^ sign).leadingOneBitCount
    if count == 8, position + 1 < bytes.count {
      count += (bytes[position + 1] ^ sign).leadingOneBitCount
    }
    guard (1...10).contains(count), let value = readBigEndian(count) else { return nil }
    // The first `count` bits are flipped. Of more than 8 bytes, the last 8 are the value: one of these bits, or
    // none, is in them.
    let flippedCount = UInt64(count <= 8 ? count : 10 - count)
    let width = UInt64(8 * min(count, 8))
    let lower = UInt64.max << (width - flippedCount)
    let mask = lower & (UInt64.max >> (64 - width))
    let flipped = Int64(bitPattern: (value ^ mask) << (64 - width))
    return Int(flipped >> Int64(64 - width))
  }

  private mutating func readBigEndian(_ count: Int) -> UInt64? {
    var value: UInt64 = 0
    for _ in 0..<count {
      guard let byte = next() else { return nil }
      value = value << 8 | UInt64(byte)
    }
    return value
  }
}

extension UInt8 {
  fileprivate var leadingOneBitCount: Int { (~self).leadingZeroBitCount }
}
