import CheckpointIO
import CheckpointTensors

extension JSONValue {
  /// The members that name a tensor: what is shown for its key and, if that is not UTF-8, its bytes.
  static func name(_ key: TensorKey) -> [Member] {
    let shown: Member = ("name", .string(key.description))
    return key.string == nil ? [shown, ("name_base64", .base64(key.bytes))] : [shown]
  }

  /// The same for bytes that are a name.
  static func name(of bytes: [UInt8]) -> [Member] { name(TensorKey(bytes: bytes)) }

  /// A distance of numbers: `"inf"` if it is infinite, `null` if there is none.
  static func distance(_ distance: Double?) -> JSONValue {
    guard let distance else { return .null }
    return distance.isFinite ? .raw("\(distance)") : .string("inf")
  }
}
