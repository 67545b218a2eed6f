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
  /// Whether a checkpoint can be saved where another one stands; else that is `unsupported`.
  package let replaces: Bool
  /// Whether a key may be empty; else that is `invalidArgument`.
  package let takesEmptyKeys: Bool

  package init(
    takesParts: Bool = true, replaces: Bool = true, takesEmptyKeys: Bool = false,
    make: @escaping @Sendable (String, TensorModel) throws(Failure) -> any TensorWriter,
    open: @escaping @Sendable (String) throws(Failure) -> any TensorReader
  ) {
    (self.takesParts, self.replaces, self.make, self.open) = (takesParts, replaces, make, open)
    self.takesEmptyKeys = takesEmptyKeys
  }
}
