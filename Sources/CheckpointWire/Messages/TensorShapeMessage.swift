package import CheckpointIO
package import CheckpointTensors

// TensorShapeProto: 2 dim, repeated { 1 size int64, 2 name string }; 3 unknown_rank bool.
// Source: tensorflow/core/framework/tensor_shape.proto.

extension TensorShape {
  /// How many bytes the message takes.
  package var messageByteCount: Int {
    dimensions.reduce(0) { $0 + 2 + Self.dimensionByteCount($1) }
  }

  // A dimension's message is at most 11 bytes long: its length takes one.
  private static func dimensionByteCount(_ dimension: Int) -> Int {
    dimension == 0 ? 0 : 1 + ByteWriter.varintLength(UInt64(dimension))
  }

  /// Writes the message's fields.
  package func write(to writer: inout ByteWriter) {
    for dimension in dimensions {
      writer.write(2, messageOf: Self.dimensionByteCount(dimension))
      writer.write(1, varint: UInt64(dimension))
    }
  }

  /// Reads the dimensions of a message behind those of an earlier one: messages merge.
  package static func read(
    _ bytes: Span<UInt8>,
    into dimensions: inout [Int]
  ) throws(CheckpointError) {
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(2): dimensions.append(try readDimension(fields.readBytes()))
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
    while let tag = try fields.nextTag() {
      switch tag {
      case .varint(1): size = try fields.readInt64()
      default: try fields.skip(tag)
      }
    }
    return Int(size)  // 64 bits on every platform of this package
  }
}
