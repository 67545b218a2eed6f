package import CheckpointIO
package import CheckpointTensors
package import CheckpointWire

// The records of a V1 checkpoint. Field numbers, and what TensorFlow writes:
//
//   SavedTensorSlices      1 meta SavedTensorSliceMeta     in the record of the empty key
//                          2 data SavedSlice               in every other record
//   SavedTensorSliceMeta   1 tensor, repeated SavedSliceMeta
//                          2 versions VersionDef
//   SavedSliceMeta         1 name string
//                          2 shape TensorShapeProto        of the whole tensor; always written
//                          3 type DataType
//                          4 slice, repeated TensorSliceProto
//   SavedSlice             1 name string
//                          2 slice TensorSliceProto        always written
//                          3 data TensorProto              always written; see `TensorValueList`
//
// Names are read as any bytes; TensorFlow reads no file with a name that is not UTF-8.
// Source: tensorflow/core/util/saved_tensor_slice.proto.

/// What a V1 file says of one of its tensors: SavedSliceMeta.
package struct SavedSliceMeta: Hashable, Sendable {
  /// The tensor's name.
  package var key: TensorKey
  /// Its dtype, and its whole shape.
  package var spec: TensorSpec
  /// The slices that are in the file.
  package var slices: [TensorSlice]

  package init(key: TensorKey, spec: TensorSpec, slices: [TensorSlice]) {
    self.key = key
    self.spec = spec
    self.slices = slices
  }

  /// Reads a message.
  ///
  /// - Throws: `corrupt` for a dtype, a shape or a slice that no tensor has.
  package init(message bytes: Span<UInt8>) throws(CheckpointError) {
    var name: [UInt8] = []
    do throws(CheckpointError) {
      var shape = TensorShape.scalar
      var type: Int32 = 0
      slices = []
      var fields = WireReader(bytes)
      while let tag = try fields.nextTag() {
        switch tag {
        case .bytes(1): name = Array(copying: try fields.readBytes())
        case .bytes(2): try shape.append(message: fields.readBytes())
        case .varint(3): type = try fields.readInt32()
        case .bytes(4): slices.append(try TensorSlice(message: fields.readBytes()))
        default: try fields.skip(tag)
        }
      }
      spec = TensorSpec(try DType(stored: type), shape)
      key = TensorKey(bytes: name)
    } catch {
      throw name.isEmpty ? error : error.located(key: TensorKey(bytes: name).description)
    }
  }

  /// The message.
  package var message: [UInt8] {
    var writer = ByteWriter(capacity: key.bytes.count + 64)
    if !key.bytes.isEmpty { writer.write(1, message: key.bytes) }
    writer.write(2, messageOf: spec.shape.messageByteCount)
    spec.shape.write(to: &writer)
    writer.write(3, signed: Int64(spec.dtype.rawValue))
    for slice in slices { writer.write(4, message: slice.message) }
    return writer.bytes
  }
}

/// What a V1 file says of all its tensors: SavedTensorSliceMeta.
package struct SavedTensorSliceMeta: Hashable, Sendable {
  /// The tensors, in the order in which they were first added.
  package var tensors: [SavedSliceMeta]
  /// Who may read the file.
  package var version: VersionMessage

  package init(tensors: [SavedSliceMeta], version: VersionMessage = .current) {
    self.tensors = tensors
    self.version = version
  }

  /// Reads the record of the empty key; `nil` if it is none of a V1 checkpoint.
  ///
  /// - Throws: `corrupt` if it is damaged; `unsupported` if a later version is needed to read it.
  package init?(record: Span<UInt8>) throws(CheckpointError) {
    self.init(tensors: [], version: VersionMessage())
    var isFound = false
    var fields = WireReader(record)
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(1):
        isFound = true
        try merge(fields.readBytes())
      default: try fields.skip(tag)
      }
    }
    guard isFound else { return nil }
    try version.checkReadable()
  }

  private mutating func merge(_ bytes: Span<UInt8>) throws(CheckpointError) {
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(1): tensors.append(try SavedSliceMeta(message: fields.readBytes()))
      case .bytes(2): try version.merge(fields.readBytes())
      default: try fields.skip(tag)
      }
    }
  }

  /// The record of the empty key.
  package var record: [UInt8] {
    var meta = ByteWriter(capacity: 64 * tensors.count + 8)
    for tensor in tensors { meta.write(1, message: tensor.message) }
    var versions = ByteWriter(capacity: 4)
    version.write(to: &versions)
    meta.write(2, message: versions.bytes)
    var record = ByteWriter(capacity: meta.count + 11)
    record.write(1, message: meta.bytes)
    return record.bytes
  }
}

extension TensorSlice {
  /// The message.
  fileprivate var message: [UInt8] {
    var writer = ByteWriter(capacity: 8 * extents.count)
    write(to: &writer)
    return writer.bytes
  }
}

/// The record of one slice: a SavedTensorSlices with a SavedSlice in it.
package struct SavedSliceRecord: Hashable, Sendable {
  /// The tensor's name.
  package var key: TensorKey
  /// The slice.
  package var slice: TensorSlice

  package init(key: TensorKey, slice: TensorSlice) {
    self.key = key
    self.slice = slice
  }

  /// Reads what a record says of itself; its values are read by ``forEachTensor(in:_:)``.
  package init(record: Span<UInt8>) throws(CheckpointError) {
    var name: [UInt8] = []
    var extents: [TensorSlice.Extent] = []
    try Self.forEachSlice(in: record) { message throws(CheckpointError) in
      var fields = WireReader(message)
      while let tag = try fields.nextTag() {
        switch tag {
        case .bytes(1): name = Array(copying: try fields.readBytes())
        case .bytes(2): extents += try TensorSlice(message: fields.readBytes()).extents
        default: try fields.skip(tag)
        }
      }
    }
    self.init(key: TensorKey(bytes: name), slice: TensorSlice(extents))
  }

  /// Calls `body` with the TensorProto of a record: with each of its parts, if it is in several.
  package static func forEachTensor(
    in record: Span<UInt8>, _ body: (Span<UInt8>) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try forEachSlice(in: record) { message throws(CheckpointError) in
      var fields = WireReader(message)
      while let tag = try fields.nextTag() {
        switch tag {
        case .bytes(3): try body(fields.readBytes())
        default: try fields.skip(tag)
        }
      }
    }
  }

  private static func forEachSlice(
    in record: Span<UInt8>, _ body: (Span<UInt8>) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var fields = WireReader(record)
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(2): try body(fields.readBytes())
      default: try fields.skip(tag)
      }
    }
  }

  /// The bytes of a SavedSlice up to its values, which take `byteCount` bytes.
  private func head(valuesByteCount byteCount: Int) -> [UInt8] {
    var writer = ByteWriter(capacity: headByteCount + 12)
    writer.write(namedSlice)
    writer.write(3, messageOf: byteCount)
    return writer.bytes
  }

  private var namedSlice: [UInt8] {
    var writer = ByteWriter(capacity: key.bytes.count + 32)
    if !key.bytes.isEmpty { writer.write(1, message: key.bytes) }
    writer.write(2, message: slice.message)
    return writer.bytes
  }

  /// How many bytes name and slice take in a SavedSlice.
  package var headByteCount: Int { namedSlice.count }

  /// The record of a slice, with its values.
  ///
  /// - Parameters:
  ///   - valuesByteCount: How many bytes the TensorProto takes.
  ///   - writeValues: Writes the TensorProto.
  /// - Returns: The SavedTensorSlices.
  /// - Throws: What `writeValues` throws.
  package func record(
    valuesByteCount: Int, _ writeValues: (inout ByteWriter) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> [UInt8] {
    let head = head(valuesByteCount: valuesByteCount)
    let byteCount = head.count + valuesByteCount
    var writer = ByteWriter(capacity: byteCount + 11)
    writer.write(2, messageOf: byteCount)
    writer.write(head)
    try writeValues(&writer)
    return writer.bytes
  }
}
