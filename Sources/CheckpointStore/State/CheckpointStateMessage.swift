package import CheckpointIO
import CheckpointWire

/// CheckpointState, the message of the `checkpoint` file, in protobuf's text form:
/// 1 model_checkpoint_path string, 2 all_model_checkpoint_paths repeated string,
/// 3 all_model_checkpoint_timestamps repeated double, 4 last_preserved_timestamp double.
///
/// Source: tensorflow/python/training/checkpoint_state.proto.
package struct CheckpointStateMessage: Hashable, Sendable {
  /// The newest checkpoint's path, as the file has it; empty if it has none.
  package var modelCheckpointPath = ""
  /// The paths of all checkpoints that are kept, oldest first, as the file has them.
  package var allModelCheckpointPaths: [String] = []
  /// When each of them was made, in seconds since 1970; empty if nobody knows.
  package var allModelCheckpointTimestamps: [Double] = []
  /// When the last checkpoint was made that is to stay for ever, in seconds since 1970; or 0.
  package var lastPreservedTimestamp = 0.0

  package init() {}

  /// Reads a text; of a field that occurs more than once, and is not repeated, the last counts.
  ///
  /// - Throws: `corrupt` if the text is not UTF-8, is no text form of protobuf, or has a field that
  ///   the message does not have; `limitExceeded` if it is too long. Each with its offset.
  package init(text bytes: Span<UInt8>) throws(CheckpointError) {
    var fields = try TextFormatReader(bytes)
    while let name = try fields.nextField() {
      switch name {
      case "model_checkpoint_path": modelCheckpointPath = try fields.readString()
      case "all_model_checkpoint_paths": try fields.readStrings(into: &allModelCheckpointPaths)
      case "all_model_checkpoint_timestamps":
        try fields.readDoubles(into: &allModelCheckpointTimestamps)
      case "last_preserved_timestamp": lastPreservedTimestamp = try fields.readDouble()
      default: throw fields.unknownField(name)
      }
    }
  }

  /// The text, byte by byte as TensorFlow writes it.
  package var text: [UInt8] {
    var writer = TextFormatWriter()
    if !modelCheckpointPath.isEmpty {
      writer.write("model_checkpoint_path", string: modelCheckpointPath)
    }
    for path in allModelCheckpointPaths {
      writer.write("all_model_checkpoint_paths", string: path)
    }
    for time in allModelCheckpointTimestamps {
      writer.write("all_model_checkpoint_timestamps", double: time)
    }
    if lastPreservedTimestamp.bitPattern != 0 {  // -0 is not the default, only 0 is
      writer.write("last_preserved_timestamp", double: lastPreservedTimestamp)
    }
    return writer.bytes
  }
}
