package import CheckpointIO
package import CheckpointWire

/// BundleHeaderProto: 1 num_shards int32, 2 endianness enum, 3 version message.
///
/// Source: tensorflow/core/protobuf/tensor_bundle.proto.
package struct BundleHeader: Hashable, Sendable {
  /// How many data files there are, by their names.
  package var shardCount: Int
  /// Whether numbers in the data files are big-endian.
  package var isBigEndian = false
  /// The versions that wrote it and may read it.
  package var version = VersionMessage.current

  package init(shardCount: Int) { self.shardCount = shardCount }

  /// The message.
  package var message: [UInt8] {
    var writer = ByteWriter(capacity: 16)
    writer.write(1, varint: UInt64(shardCount))
    writer.write(2, varint: isBigEndian ? 1 : 0)
    var versionFields = ByteWriter(capacity: 8)
    version.write(to: &versionFields)
    writer.write(3, message: versionFields.bytes)
    return writer.bytes
  }

  /// Reads a message, and checks that this library may read such a bundle.
  package init(message bytes: Span<UInt8>) throws(CheckpointError) {
    var shards: Int32 = 0
    version = VersionMessage()
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .varint(1): shards = try fields.readInt32()
      case .varint(2): isBigEndian = try fields.readInt32() == 1
      case .bytes(3): try version.merge(fields.readBytes())
      default: try fields.skip(tag)
      }
    }
    guard shards >= 1 else {
      throw CheckpointError(.corrupt, "the header says that there are \(shards) data files")
    }
    shardCount = Int(shards)
    try version.checkReadable()
  }
}
