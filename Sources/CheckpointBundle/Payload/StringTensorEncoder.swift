import CheckpointIO
import CheckpointTensors

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
      checksum.update(length: UInt64(element.count), isBigEndian: false)
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
      checksum.update(fixed64: UInt64(element.count))
      checksum.update(element)
      var stored = ByteWriter(capacity: 4)
      stored.write(checksum.masked)
      head.write(stored.bytes)
      checksum.update(stored.bytes)
    }
  }
}

/// The elements of a payload, taken apart and checked.
struct StringTensorDecoder {
  let entry: BundleEntry
  let isBigEndian: Bool

  /// The elements of a string or variant tensor.
  ///
  /// - Throws: `corrupt` or `truncated`, with the offset within the payload.
  func elements(of payload: Span<UInt8>) throws(CheckpointError) -> [[UInt8]] {
    entry.spec.dtype == .variant ? try variants(payload) : try strings(payload)
  }

  private func strings(_ payload: Span<UInt8>) throws(CheckpointError) -> [[UInt8]] {
    let count = entry.spec.shape.elementCount
    if count == 0, payload.isEmpty { return [] }  // TensorFlow accepts it
    var reader = ByteReader(payload)
    var checksum = CRC32C()
    var lengths: [UInt64] = []  // the entry's size is at least `count`: bounded by the file
    lengths.reserveCapacity(count)
    var total: UInt64 = 0
    for _ in 0..<count {
      let length = try reader.readVarint()
      lengths.append(length)
      total = total.adding(length) ?? .max
      checksum.update(length: length, isBigEndian: isBigEndian)
    }
    try checkStored(&checksum, &reader, of: "lengths")
    guard total == UInt64(reader.remaining) else {
      throw CheckpointError(
        .corrupt, "the strings' lengths add up to \(total) bytes, there are \(reader.remaining)",
        offset: UInt64(reader.offset))
    }
    var elements: [[UInt8]] = []
    elements.reserveCapacity(count)
    for length in lengths {
      let element = Array(copying: try reader.readBytes(length))
      checksum.update(element)
      elements.append(element)
    }
    try checkEntry(checksum)
    return elements
  }

  private func variants(_ payload: Span<UInt8>) throws(CheckpointError) -> [[UInt8]] {
    guard !isBigEndian else {
      throw CheckpointError(.unsupported, "variant tensors of big-endian files cannot be read")
    }
    var reader = ByteReader(payload)
    var checksum = CRC32C()
    var elements: [[UInt8]] = []
    for _ in 0..<entry.spec.shape.elementCount {
      let length = try reader.readVarint()
      let element = Array(copying: try reader.readBytes(length))
      checksum.update(fixed64: length)
      checksum.update(element)
      try checkStored(&checksum, &reader, of: "an element")
      elements.append(element)
    }
    guard reader.isAtEnd else {
      throw CheckpointError(
        .corrupt, "\(reader.remaining) bytes follow the last variant", offset: UInt64(reader.offset)
      )
    }
    try checkEntry(checksum)
    return elements
  }

  // Four bytes in the payload: the masked checksum so far, which then covers them too.
  @_lifetime(reader: copy reader)
  private func checkStored(_ checksum: inout CRC32C, _ reader: inout ByteReader, of what: String)
    throws(CheckpointError)
  {
    let start = UInt64(reader.offset)
    let stored = Array(copying: try reader.readBytes(4))
    var words = ByteReader(stored.span)
    let word = try words.readUInt32()
    let expected = CRC32C(unmasking: isBigEndian ? word.byteSwapped : word)
    guard checksum == expected else {
      throw CheckpointError(
        .corrupt,
        "the checksum of \(what) is 0x\(checksum.value.hexadecimal), expected 0x\(expected.value.hexadecimal); "
          + "the file is damaged, restore another checkpoint", offset: start)
    }
    checksum.update(stored)
  }

  private func checkEntry(_ checksum: CRC32C) throws(CheckpointError) {
    guard checksum.masked == entry.maskedCRC else {
      var error = PayloadReader.damaged(checksum, entry, file: "")
      error.file = nil
      error.offset = 0
      throw error
    }
  }
}

extension CRC32C {
  fileprivate mutating func update(_ bytes: [UInt8]) { unsafe update(bytes.span.bytes) }

  // Lengths count as numbers of the machine that wrote the file.
  fileprivate mutating func update(length: UInt64, isBigEndian: Bool) {
    var writer = ByteWriter(capacity: 8)
    if let short = UInt32(exactly: length) {
      writer.write(isBigEndian ? short.byteSwapped : short)
    } else {
      writer.write(isBigEndian ? length.byteSwapped : length)
    }
    update(writer.bytes)
  }

  fileprivate mutating func update(fixed64 value: UInt64) {
    var writer = ByteWriter(capacity: 8)
    writer.write(value)
    update(writer.bytes)
  }
}
