package import CheckpointIO
package import CheckpointTensors
import CheckpointWire

/// BundleEntryProto: 1 dtype enum, 2 shape message, 3 shard_id int32, 4 offset int64, 5 size int64,
/// 6 crc32c fixed32 (masked), 7 slices, repeated message.
///
/// Source: tensorflow/core/protobuf/tensor_bundle.proto.
package struct BundleEntry: Hashable, Sendable {
  /// The dtype and the shape of the tensor, or of the slice.
  package var spec: TensorSpec
  /// The payload's masked checksum.
  package var maskedCRC: UInt32
  /// The data file, counted from 0.
  package var shard: Int
  /// Where the payload is in that file.
  package var range: ByteRange
  /// The parts it is stored in; if there are any, the entry has no payload of its own.
  package var slices: [TensorSlice]

  package init(
    spec: TensorSpec, shard: Int, range: ByteRange, maskedCRC: UInt32, slices: [TensorSlice] = []
  ) {
    self.spec = spec
    self.shard = shard
    self.range = range
    self.maskedCRC = maskedCRC
    self.slices = slices
  }

  /// The entry of a tensor that is stored in parts.
  ///
  /// - Parameters:
  ///   - spec: The dtype and the shape of the whole tensor.
  ///   - shard: The data file of the first part. TensorFlow notes it; it means nothing.
  ///   - slices: The parts.
  package init(partitioned spec: TensorSpec, shard: Int, slices: [TensorSlice]) {
    let nothing = ByteRange(offset: 0, count: 0)
    self.init(spec: spec, shard: shard, range: nothing, maskedCRC: 0, slices: slices)
  }

  /// Writes the message's fields.
  package func write(to writer: inout ByteWriter) {
    writer.write(1, varint: UInt64(spec.dtype.rawValue))
    writer.write(2, messageOf: spec.shape.messageByteCount)
    spec.shape.write(to: &writer)
    writer.write(3, varint: UInt64(shard))
    writer.write(4, varint: range.offset)
    writer.write(5, varint: range.count)
    writer.write(6, fixed32: maskedCRC)
    for slice in slices {
      writer.write(7, messageOf: slice.messageByteCount)
      slice.write(to: &writer)
    }
  }

  /// Whether a message is that of a tensor that is stored in parts.
  static func isPartitioned(_ message: Span<UInt8>) throws(CheckpointError) -> Bool {
    var fields = WireReader(message)
    while let tag = try fields.nextTag() {
      if tag == .bytes(7) { return true }
      try fields.skip(tag)
    }
    return false
  }

  /// Reads a message; everything that can be judged from it alone is checked.
  package init(message bytes: Span<UInt8>) throws(CheckpointError) {
    var dtype: Int32 = 0
    var shape = TensorShape.scalar
    var shard: Int32 = 0
    var (offset, size): (Int64, Int64) = (0, 0)
    maskedCRC = 0
    slices = []
    var fields = WireReader(bytes)
    if fields.take(.varint(1)) { dtype = try fields.readInt32() }
    if fields.take(.bytes(2)) { try shape.append(message: fields.readBytes()) }
    if fields.take(.varint(4)) { offset = try fields.readInt64() }
    if fields.take(.varint(5)) { size = try fields.readInt64() }
    if fields.take(.fixed32(6)) { maskedCRC = try fields.readFixed32() }
    while let tag = try fields.nextTag() {
      switch tag {
      case .varint(1): dtype = try fields.readInt32()
      case .bytes(2): try shape.append(message: fields.readBytes())
      case .varint(3): shard = try fields.readInt32()
      case .varint(4): offset = try fields.readInt64()
      case .varint(5): size = try fields.readInt64()
      case .fixed32(6): maskedCRC = try fields.readFixed32()
      case .bytes(7): slices.append(try TensorSlice(message: fields.readBytes()))
      default: try fields.skip(tag)
      }
    }
    spec = TensorSpec(try DType(stored: dtype), shape)
    guard shard >= 0, offset >= 0, size >= 0 else {
      throw CheckpointError(
        .corrupt, "no tensor lies in data file \(shard) at byte \(offset) with \(size) bytes")
    }
    self.shard = Int(shard)
    range = ByteRange(offset: UInt64(offset), count: UInt64(size))
    try checkSize()
  }

  // The payload's size follows from dtype and shape, or is bounded by them.
  private func checkSize() throws(CheckpointError) {
    guard slices.isEmpty else { return }
    guard spec.dtype.byteWidth != nil else { return try checkVariableSize() }
    guard let expected = spec.byteCount else {
      throw CheckpointError(.corrupt, "a tensor \(spec) is larger than any memory")
    }
    guard range.count == UInt64(expected) else {
      throw CheckpointError(
        .corrupt, "a tensor \(spec) takes \(expected) bytes, the index says \(range.count)")
    }
  }

  // Every element takes a length of a byte or more.
  private func checkVariableSize() throws(CheckpointError) {
    guard range.count >= UInt64(spec.shape.elementCount) else {
      throw CheckpointError(
        .corrupt,
        "\(spec.shape.elementCount) elements of \(spec.dtype.name) do not fit into "
          + "\(range.count) bytes")
    }
  }
}
