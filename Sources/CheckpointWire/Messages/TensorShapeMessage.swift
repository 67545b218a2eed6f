package import CheckpointIO
package import CheckpointTensors

// TensorShapeProto: 2 dim, repeated { 1 size int64, 2 name string }; 3 unknown_rank bool.
// Source: tensorflow/core/framework/tensor_shape.proto.

extension TensorShape {
  /// How many bytes the message takes.
  package var messageByteCount: Int {
    (0..<rank).reduce(0) { $0 + 2 + Self.dimensionByteCount(self[$1]) }
  }

  // A dimension's message is at most 11 bytes long: its length takes one.
  private static func dimensionByteCount(_ dimension: Int) -> Int {
    dimension == 0 ? 0 : 1 + ByteWriter.varintLength(UInt64(dimension))
  }

  /// Writes the message's fields.
  package func write(to writer: inout ByteWriter) {
    for axis in 0..<rank {
      writer.write(2, messageOf: Self.dimensionByteCount(self[axis]))
      writer.write(1, varint: UInt64(self[axis]))
    }
  }

  /// Reads the dimensions of a message behind those that are there: messages merge.
  ///
  /// - Throws: `corrupt` for a shape that no tensor can have.
  package mutating func append(message bytes: Span<UInt8>) throws(CheckpointError) {
    var fields = WireReader(bytes)
    while fields.take(.bytes(2)) { try append(stored: Self.readDimension(fields.readBytes())) }
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(2): try append(stored: Self.readDimension(fields.readBytes()))
      case .varint(3) where try fields.readBool():
        throw CheckpointError(.corrupt, "a stored tensor has no shape of unknown rank")
      case .varint(3): break
      default: try fields.skip(tag)
      }
    }
  }

  private static func readDimension(_ bytes: Span<UInt8>) throws(CheckpointError) -> Int {
    var size: Int64 = 0
    var fields = WireReader(bytes)
    if fields.take(.varint(1)) { size = try fields.readInt64() }
    while let tag = try fields.nextTag() {
      switch tag {
      case .varint(1): size = try fields.readInt64()
      default: try fields.skip(tag)
      }
    }
    return Int(size)  // 64 bits on every platform of this package
  }
}
