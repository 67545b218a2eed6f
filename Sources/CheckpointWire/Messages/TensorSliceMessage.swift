package import CheckpointIO
package import CheckpointTensors

// TensorSliceProto: 1 extent, repeated { 1 start int64, 2 length int64 in a oneof }.
// An extent without a length, or with the length -1 from 0 on, is the full dimension.
// Source: tensorflow/core/framework/tensor_slice.proto.

extension TensorSlice {
  /// How many bytes the message takes.
  package var messageByteCount: Int {
    extents.reduce(0) { $0 + 2 + Self.byteCount(of: $1) }
  }

  // An extent's message is at most 22 bytes long: its length takes one.
  private static func byteCount(of extent: Extent) -> Int {
    guard case .range(let start, let length) = extent else { return 0 }
    let startByteCount = start == 0 ? 0 : 1 + ByteWriter.varintLength(bits(start))
    return startByteCount + 1 + ByteWriter.varintLength(bits(length))
  }

  private static func bits(_ number: Int) -> UInt64 { UInt64(bitPattern: Int64(number)) }

  /// Writes the message's fields.
  package func write(to writer: inout ByteWriter) {
    for extent in extents {
      writer.write(1, messageOf: Self.byteCount(of: extent))
      guard case .range(let start, let length) = extent else { continue }
      writer.write(1, signed: Int64(start))
      writer.write(varint: UInt64(WireTag.varint(2).rawValue))  // in a oneof: written even if 0
      writer.write(varint: Self.bits(length))
    }
  }

  /// Reads a message.
  package init(message bytes: Span<UInt8>) throws(CheckpointError) {
    var extents: [Extent] = []
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(1): extents.append(try Self.readExtent(fields.readBytes()))
      default: try fields.skip(tag)
      }
    }
    self.init(extents)
  }

  private static func readExtent(_ bytes: Span<UInt8>) throws(CheckpointError) -> Extent {
    var start: Int64 = 0
    var length: Int64?
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .varint(1): start = try fields.readInt64()
      case .varint(2): length = try fields.readInt64()
      default: try fields.skip(tag)
      }
    }
    guard let length, !(start == 0 && length == -1) else { return .full }
    guard start >= 0, length >= 1 else {
      throw CheckpointError(.corrupt, "no slice has the extent \(start),\(length)")
    }
    return .range(start: Int(start), length: Int(length))
  }
}
