import CheckpointMapping
import CheckpointTensors

/// A checkpoint that is converted: of a million tensors, each keeps a reference to it.
final class ConversionSource: Sendable {
  /// Who reads it.
  let reader: any TensorReader

  init(_ reader: any TensorReader) { self.reader = reader }
}

/// A checkpoint that is converted through a mapping.
struct MappedConversionSource {
  /// The mapping, over the checkpoint.
  let mapping: MappedReader
  /// The checkpoint: it may give a tensor in pieces, if the mapping gives that another name only.
  let stored: ConversionSource
  /// What the mapping makes of it.
  let mapped: ConversionSource

  init(_ mapping: MappedReader) {
    self.mapping = mapping
    stored = ConversionSource(mapping.reader)
    mapped = ConversionSource(mapping)
  }
}
