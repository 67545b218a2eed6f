import CheckpointStore
import CheckpointMapping
import CheckpointGraph
import CheckpointIO
import CheckpointTensors

/// A checkpoint as objects are restored from it: by its graph, or by names if it has none, or if a
/// mapping of names is given.
struct ObjectSource: Sendable {
  /// What is read.
  let reader: any TensorReader
  /// The saved objects; `nil` if names count.
  let graph: SavedGraph?

  init(_ checkpoint: any TensorReader, _ mapping: KeyMapping?) throws(CheckpointError) {
    let graph = try checkpoint.savedGraph()
    guard let mapping else {
      self.graph = graph
      reader = checkpoint
      return
    }
    self.graph = nil
    if let graph {
      reader = try MappedReader(FullNameReader(checkpoint, graph), mapping)
    } else {
      reader = try MappedReader(checkpoint, mapping)
    }
  }
}
