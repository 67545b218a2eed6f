import CheckpointIO
import CheckpointTensors

/// A stretch of a data file that an entry of the index vouches for.
struct StoredPayload: Sendable {
  /// The key of the tensor.
  var key: TensorKey
  /// Which part of it, if it is stored in parts.
  var slice: TensorSlice?
  let entry: BundleEntry

  /// Whether its length follows from neither dtype nor shape.
  var isVariable: Bool { entry.spec.dtype.byteWidth == nil }

  /// An error with the name of the tensor.
  func located(_ error: CheckpointError) -> CheckpointError {
    var error = error.located(key: key.description)
    if let slice { error.message = "slice \(slice): \(error.message)" }
    return error
  }
}
