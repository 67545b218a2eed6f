import CheckpointStore
import CheckpointIO
import CheckpointTensors

/// The checkpoints that a saver knows of, and those that it has still to delete.
///
/// Only what stands in here is ever deleted; no state file gets anything in by itself.
struct SaverHistory {
  // When the saver was made, and when the first period of a policy begins, in seconds since 1970.
  private let start: Double
  private var since: Double
  /// The checkpoints that stay, oldest first.
  private(set) var checkpoints: [RetentionPolicy.SavedCheckpoint] = []
  /// The checkpoints that are to go, and are still there as far as is known.
  private(set) var condemned: [RetentionPolicy.SavedCheckpoint] = []

  init(since start: Double) { (self.start, since) = (start, start) }

  /// Replaces everything.
  ///
  /// The periods in which the first ones were kept for good go on.
  mutating func set(_ checkpoints: [RetentionPolicy.SavedCheckpoint]) {
    self.checkpoints = []
    condemned = []
    for checkpoint in checkpoints { append(checkpoint) }
    since = min(start, checkpoints.first(where: \.isPreserved)?.time ?? start)
  }

  /// Adds the newest; one of the same path was overwritten, and is no other any more.
  mutating func append(_ checkpoint: RetentionPolicy.SavedCheckpoint) {
    checkpoints.removeAll { $0.path.utf8.elementsEqual(checkpoint.path.utf8) }
    condemned.removeAll { $0.path.utf8.elementsEqual(checkpoint.path.utf8) }
    checkpoints.append(checkpoint)
  }

  /// Decides what has to go in one directory.
  ///
  /// - Returns: The paths that a state file has to list: those that stay until others are saved.
  mutating func retire(in directory: String, by policy: RetentionPolicy) -> [String] {
    let plan = policy.plan(
      for: checkpoints.filter { $0.lies(in: directory) }, since: since, resumed: start)
    let removed = Set(plan.removed.map { TensorKey($0.path) })
    let preserved = Set(plan.decisions.filter(\.isPreserved).map { TensorKey($0.checkpoint.path) })
    condemned += plan.removed
    checkpoints.removeAll { removed.contains(TensorKey($0.path)) }
    for index in checkpoints.indices where preserved.contains(TensorKey(checkpoints[index].path)) {
      checkpoints[index].isPreserved = true  // whoever it is handed on to
    }
    return plan.decisions.filter(\.isActive).map(\.checkpoint.path)
  }

  /// Deletes what has to go in one directory.
  ///
  /// A path may lead to a checkpoint that stays under another one (`./run/m-1`, or by a link): such a
  /// one stays.
  ///
  /// - Returns: What was deleted, and what could not be; the latter is tried again the next time.
  mutating func sweep(in directory: String, _ settings: Saver.Settings, _ files: FileOptions) -> (
    deleted: [String], failures: [CheckpointError]
  ) {
    guard condemned.contains(where: { $0.lies(in: directory) }) else { return ([], []) }
    var (left, deleted, failures) = (
      [RetentionPolicy.SavedCheckpoint](), [String](), [CheckpointError]()
    )
    for checkpoint in condemned {
      guard checkpoint.lies(in: directory) else {
        left.append(checkpoint)
        continue
      }
      do throws(CheckpointError) {
        guard try !isKept(checkpoint, files.fileSystem) else { continue }
        let wasFile = try CommittedFiles(of: checkpoint.path, files.fileSystem)?.isIndex == false
        try CheckpointDirectory.Files(
          of: checkpoint.path, metaSuffix: settings.metaGraphSuffix, options: files
        ).remove()
        if wasFile { try checkGone(checkpoint.path, files.fileSystem) }
        deleted.append(checkpoint.path)
      } catch {
        left.append(checkpoint)
        failures.append(error.located(file: checkpoint.path))
      }
    }
    condemned = left
    return (deleted, failures)
  }

  // A file that is no checkpoint any more by its looks is not removed.
  private func checkGone(_ path: String, _ fileSystem: any FileSystem) throws(CheckpointError) {
    guard try CommittedFiles(of: path, fileSystem) != nil else { return }
    throw CheckpointError(
      .notACheckpoint,
      "this is no checkpoint, or a damaged one, and is left alone; remove it yourself "
        + "if it is of no use", file: path)
  }

  private func isKept(_ checkpoint: RetentionPolicy.SavedCheckpoint, _ fileSystem: any FileSystem)
    throws(CheckpointError) -> Bool
  {
    guard let identity = try checkpoint.identity(in: fileSystem) else { return false }
    for other in checkpoints where try other.identity(in: fileSystem) == identity { return true }
    return false
  }
}

extension RetentionPolicy.SavedCheckpoint {
  // Compares the text of the path alone; the last component has to be a name.
  fileprivate func lies(in directory: String) -> Bool {
    let place = Path(path)
    return place.directory.utf8.elementsEqual(directory.utf8)
      && !["", ".", ".."].contains(place.name)
  }

  // The identity of its index, its file or its first part; `nil` if there is no such file.
  fileprivate func identity(in fileSystem: any FileSystem) throws(CheckpointError) -> [UInt64]? {
    let file = try CommittedFiles(of: path, fileSystem)?.present.first
    return file.flatMap { $0.status.identity.isEmpty ? nil : $0.status.identity }
  }
}
