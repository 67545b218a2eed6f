import CheckpointTensors

/// A checkpoint that is converted: of a million tensors, each keeps a reference to it.
final class ConversionSource: Sendable {
  /// Who reads it.
  let reader: any TensorReader

  init(_ reader: any TensorReader) { self.reader = reader }
}
