import CheckpointIO
public import CheckpointTensors

extension MetaGraphSummary {
  /// A tensor, or a part of one, that a saver writes.
  public struct SavedTensor: Hashable, Sendable {
    /// The key in the checkpoint.
    public let key: TensorKey
    /// Which part it is, if the tensor is partitioned.
    public let part: TensorSlice.Part?
    /// The dtype, if the graph says it and it can be saved.
    public let dtype: DType?
    /// The shape of what is saved, of a part that of the part; `nil` if the graph does not know it.
    public let shape: TensorShape?
    /// The node of the graph that gives the values: the variable, as far as it can be traced.
    public let source: String

    /// What the whole tensor is in the checkpoint; `nil` if the graph does not know it.
    public var spec: TensorSpec? {
      guard let dtype, let shape = part?.fullShape ?? shape else { return nil }
      return TensorSpec(dtype, shape)
    }
  }
}
