import CheckpointIO
import CheckpointWire

/// SaverDef: 1 filename_tensor_name, 2 save_tensor_name, 3 restore_op_name, all strings;
/// 4 max_to_keep int32, 5 sharded bool, 6 keep_checkpoint_every_n_hours float, 7 version enum.
///
/// Source: tensorflow/core/protobuf/saver.proto.
struct SaverMessage: Hashable, Sendable {
  /// The tensor that takes the prefix.
  var filenameTensorName = ""
  /// The tensor that saves when it is evaluated.
  var saveTensorName = ""
  /// The operation that restores.
  var restoreOpName = ""
  /// How many checkpoints are kept; 0 for all.
  var maxToKeep: Int32 = 0
  /// Whether each device's variables go to a data file of their own.
  var isSharded = false
  /// One checkpoint in so many hours is kept for ever.
  var keepCheckpointEveryNHours: Float = 0
  /// The format's number: 0 and 1 for V1, 2 for V2.
  var version: Int32 = 0

  init() {}

  /// Reads a message.
  init(message bytes: Span<UInt8>) throws(CheckpointError) { try merge(bytes) }

  /// Reads a message on top of an earlier one.
  mutating func merge(_ bytes: Span<UInt8>) throws(CheckpointError) {
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(1): filenameTensorName = try fields.readString()
      case .bytes(2): saveTensorName = try fields.readString()
      case .bytes(3): restoreOpName = try fields.readString()
      case .varint(4): maxToKeep = try fields.readInt32()
      case .varint(5): isSharded = try fields.readBool()
      case .fixed32(6):
        keepCheckpointEveryNHours = Float(bitPattern: try fields.readFixed32())
      case .varint(7): version = try fields.readInt32()
      default: try fields.skip(tag)
      }
    }
  }

  /// The message.
  var message: [UInt8] {
    var writer = ByteWriter(capacity: 64)
    writer.write(1, string: filenameTensorName)
    writer.write(2, string: saveTensorName)
    writer.write(3, string: restoreOpName)
    writer.write(4, signed: Int64(maxToKeep))
    writer.write(5, varint: isSharded ? 1 : 0)
    writer.write(6, fixed32: keepCheckpointEveryNHours.bitPattern)
    writer.write(7, signed: Int64(version))
    return writer.bytes
  }
}
