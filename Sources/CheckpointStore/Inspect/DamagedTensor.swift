package import CheckpointIO
package import CheckpointTensors

/// A tensor that cannot be read in one of two checkpoints, though both have it, of one dtype and shape.
package struct DamagedTensor: Sendable {
  /// The name of the tensor.
  package let key: TensorKey
  /// The dtype and the shape.
  package let spec: TensorSpec
  /// What is wrong with it.
  package let error: CheckpointError
}
