import CheckpointIO
import CheckpointWire

/// VariableDef: 1 variable_name, 2 initializer_name, 3 snapshot_name, strings;
/// 4 save_slice_info_def message, 5 is_resource bool, 6 initial_value_name string, 7 trainable bool,
/// 8 synchronization enum, 9 aggregation enum.
///
/// Source: tensorflow/core/framework/variable.proto.
struct VariableMessage: Hashable, Sendable {
  /// The name of the variable's tensor: `w:0`.
  var variableName = ""
  /// Which part it is, if it is one.
  var sliceInfo: SliceInfoMessage?
  /// Whether it is a resource.
  var isResource = false
  /// Whether it is trained; files before TensorFlow 1.9 do not say.
  var isTrainable = false
  /// How replicas read and write it.
  var synchronization: Int32 = 0
  /// How replicas' values become one.
  var aggregation: Int32 = 0

  /// Reads a message.
  init(message bytes: Span<UInt8>) throws(CheckpointError) {
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(1): variableName = try fields.readString()
      case .bytes(4):
        var info = sliceInfo ?? SliceInfoMessage()
        try info.merge(fields.readBytes())
        sliceInfo = info
      case .varint(5): isResource = try fields.readBool()
      case .varint(7): isTrainable = try fields.readBool()
      case .varint(8): synchronization = try fields.readInt32()
      case .varint(9): aggregation = try fields.readInt32()
      default: try fields.skip(tag)
      }
    }
  }
}

/// SaveSliceInfoDef: 1 full_name string; 2 full_shape, 3 var_offset, 4 var_shape, repeated int64.
///
/// Source: tensorflow/core/framework/variable.proto.
struct SliceInfoMessage: Hashable, Sendable {
  /// The name that all parts are stored under.
  var fullName = ""
  /// The dimensions of the whole.
  var fullShape: [Int] = []
  /// Where the part begins in each dimension.
  var offsets: [Int] = []
  /// The dimensions of the part.
  var shape: [Int] = []

  init() {}

  /// Reads a message on top of an earlier one.
  mutating func merge(_ bytes: Span<UInt8>) throws(CheckpointError) {
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(1): fullName = try fields.readString()
      case .bytes(2): try fields.readPacked(into: &fullShape)
      case .varint(2): fullShape.append(Int(try fields.readInt64()))
      case .bytes(3): try fields.readPacked(into: &offsets)
      case .varint(3): offsets.append(Int(try fields.readInt64()))
      case .bytes(4): try fields.readPacked(into: &shape)
      case .varint(4): shape.append(Int(try fields.readInt64()))
      default: try fields.skip(tag)
      }
    }
  }
}

extension WireReader {
  /// Reads a field of packed `int64`.
  @_lifetime(self: copy self)
  mutating func readPacked(into values: inout [Int]) throws(CheckpointError) {
    var numbers = ByteReader(try readBytes())
    while !numbers.isAtEnd { values.append(Int(truncatingIfNeeded: try numbers.readVarint())) }
  }
}
