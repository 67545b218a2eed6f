import CheckpointStore
import CheckpointMapping
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import Synchronization

/// A checkpoint as a name-based saver reads it: by its keys, by full names if it is object-based,
/// and through a mapping if one is given.
struct NamedSource: Sendable {
  /// What is read.
  let reader: any TensorReader
  /// Whether names are looked for among the full names of saved variables.
  let usesFullNames: Bool
  private let path: String

  /// Looks at a checkpoint for the sake of some names.
  init(_ checkpoint: any TensorReader, _ names: [TensorKey], _ mapping: KeyMapping?)
    throws(CheckpointError)
  {
    var reader: any TensorReader = checkpoint
    var usesFullNames = false
    if let graph = try checkpoint.savedGraph() {
      var directKeys: Set<TensorKey> = []
      if mapping == nil {
        let stored = try checkpoint.batch(of: names.map { TensorRequest($0) })
        directKeys = Set(names.indices.filter { stored.spec(at: $0) != nil }.map { names[$0] })
      }
      if mapping != nil || directKeys.count < names.count {
        let named = FullNameReader(checkpoint, graph, directKeys: directKeys)
        usesFullNames =
          mapping != nil
          || names.contains { named.keys[$0] != nil && !directKeys.contains($0) }
        reader = named
      }
    }
    if let mapping { reader = try MappedReader(reader, mapping) }
    self.reader = reader
    self.usesFullNames = usesFullNames
    path = checkpoint.path
  }

  private static let warned = Mutex<Set<String>>([])

  /// Says, once a checkpoint, that names stand for objects there.
  func warn() {
    guard Self.warned.withLock({ $0.insert(path).inserted }) else { return }
    CheckpointWarnings.warn(
      "\(path) is object-based; the variables were found by their full names. "
        + "Restore it with Checkpoint, whose matching does not depend on names")
  }
}
