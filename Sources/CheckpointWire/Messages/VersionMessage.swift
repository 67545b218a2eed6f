package import CheckpointIO

/// VersionDef: 1 producer, 2 min_consumer, 3 bad_consumers, all int32.
///
/// Source: tensorflow/core/framework/versions.proto; the rules: core/framework/versions.cc.
package struct VersionMessage: Hashable, Sendable {
  /// The version that wrote the file.
  package var producer: Int32 = 0
  /// The oldest version that may read it.
  package var minConsumer: Int32 = 0
  /// Versions that must not read it.
  package var badConsumers: [Int32] = []

  /// The version of this library's files, which is TensorFlow's.
  package static let current = VersionMessage(producer: 1)

  package init(producer: Int32 = 0) { self.producer = producer }

  /// Writes the message's fields.
  package func write(to writer: inout ByteWriter) {
    writer.write(1, signed: Int64(producer))
    writer.write(2, signed: Int64(minConsumer))
    guard !badConsumers.isEmpty else { return }
    var packed = ByteWriter()
    for version in badConsumers { packed.write(varint: UInt64(bitPattern: Int64(version))) }
    writer.write(3, message: packed.bytes)
  }

  /// Reads a message on top of an earlier one.
  package mutating func merge(_ bytes: Span<UInt8>) throws(CheckpointError) {
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .varint(1): producer = try fields.readInt32()
      case .varint(2): minConsumer = try fields.readInt32()
      case .varint(3): badConsumers.append(try fields.readInt32())
      case .bytes(3): try mergePacked(fields.readBytes())
      default: try fields.skip(tag)
      }
    }
  }

  private mutating func mergePacked(_ bytes: Span<UInt8>) throws(CheckpointError) {
    var reader = ByteReader(bytes)
    while !reader.isAtEnd {
      badConsumers.append(Int32(truncatingIfNeeded: try reader.readVarint()))
    }
  }

  /// Checks that this library may read files of this version.
  ///
  /// - Throws: `unsupported` if the file says that a newer program is needed; `corrupt` for a
  ///   version that no program has.
  package func checkReadable() throws(CheckpointError) {
    let reading = Self.current.producer
    guard producer >= 0 else {
      throw CheckpointError(.corrupt, "the producer version \(producer) is no version")
    }
    guard minConsumer <= reading, !badConsumers.contains(reading) else {
      throw CheckpointError(
        .unsupported,
        """
        the file (version \(producer)) asks for a reader of version \(minConsumer) or later that \
        is none of \(badConsumers); this one is of version \(reading)
        """)
    }
  }
}
