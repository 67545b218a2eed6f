package import CheckpointIO
package import CheckpointTensors

/// A format that checkpoints are written in, and read back from.
package struct WriterSubject: Sendable {
  /// What goes wrong.
  package typealias Failure = CheckpointError
  /// Begins a checkpoint of a model at a path.
  package let make:
    @Sendable (_ path: String, _ model: TensorModel) throws(Failure) -> any TensorWriter
  /// Opens what was written there.
  package let open: @Sendable (_ path: String) throws(Failure) -> any TensorReader
  /// Whether tensors can be written in parts.
  package let takesParts: Bool

  package init(
    takesParts: Bool = true,
    make: @escaping @Sendable (String, TensorModel) throws(Failure) -> any TensorWriter,
    open: @escaping @Sendable (String) throws(Failure) -> any TensorReader
  ) {
    (self.takesParts, self.make, self.open) = (takesParts, make, open)
  }
}
