import CheckpointIO
import CheckpointStore
import CheckpointTensors
import Checkpoints

/// What a report tells of a checkpoint: its tensors, and what their values are like.
struct ReportedCheckpoint {
  /// Its path.
  let path: String
  /// What the files are: `V2, 2 data files`.
  let form: String
  /// Its tensors, in byte order of the keys.
  let entries: [TensorEntry]
  /// The tree that their names make.
  let tree: LayerTree
  /// The tensors of types that are not read here; they are in no list.
  let unsupported: [TensorKey]
  /// What the tensors are like, or why they cannot be read.
  let results: [TensorKey: Result<TensorStatistics, CheckpointError>]
  /// How many cannot be read.
  let damagedCount: Int

  /// Reads a checkpoint.
  ///
  /// - Throws: What reading throws, unless a tensor is damaged.
  init(_ reader: CheckpointReader) throws(CheckpointError) {
    path = reader.path
    form = "\(reader.format.title), \(reader.shardCount.of("data file"))"
    entries = try reader.entries()
    tree = LayerTree(entries)
    unsupported = reader.unsupportedTensors.map(\.key)
    var run = StatisticsRun(of: entries, in: reader)
    var found: [TensorKey: Result<TensorStatistics, CheckpointError>] = [:]
    try run.forEach { entry, result in found[entry.key] = result }
    (results, damagedCount) = (found, run.damagedCount)
  }

  /// The last part of the path.
  var name: String { Path(path).name }

  /// The statistics of a tensor; `nil` if it cannot be read.
  func statistics(of key: TensorKey) -> TensorStatistics? { try? results[key]?.get() }

  /// The tensors that somebody has to look at: those with NaN or infinities, and those that cannot be read.
  var badEntries: [TensorEntry] { entries.filter { isBad($0.key) } }

  /// Whether a tensor is one of ``badEntries``.
  func isBad(_ key: TensorKey) -> Bool { statistics(of: key)?.hasNonFinite ?? true }
}
