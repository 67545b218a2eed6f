import CheckpointIO
import CheckpointTensors

extension JSONValue {
  /// The members that name a tensor: what is shown for its key and, if that is not UTF-8, its bytes.
  static func name(_ key: TensorKey) -> [Member] {
    let shown: Member = ("name", .string(key.description))
    return key.string == nil ? [shown, ("name_base64", .base64(key.bytes))] : [shown]
  }
}
