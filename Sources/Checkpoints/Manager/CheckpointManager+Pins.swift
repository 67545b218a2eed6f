import CheckpointStore
public import CheckpointIO

extension CheckpointManager {
  /// Keeps a checkpoint, whatever the policy says.
  ///
  /// - Parameter path: Its prefix. If the checkpoint is not managed yet, it is managed from now on,
  ///   and may be deleted once it is unpinned.
  /// - Throws: `notFound` if the directory has no such checkpoint; `busy` if another manager is at work
  ///   there for seconds; `io` if the system fails.
  public func pin(_ path: String) throws(CheckpointError) {
    try update(path, adopts: true) { $0.isPinned = true }
  }

  /// Leaves a checkpoint to the policy again, so that the next save may delete it.
  ///
  /// - Parameter path: Its prefix.
  /// - Throws: `notFound` if it is not managed; `busy` if another manager is at work there for seconds;
  ///   `io` if the system fails.
  public func unpin(_ path: String) throws(CheckpointError) {
    try update(path) { $0.isPinned = false }
  }

  /// Adds metrics to a checkpoint that is saved already, for example those of an evaluation.
  ///
  /// - Parameters:
  ///   - metrics: The values by name. Other metrics of the checkpoint stay.
  ///   - path: The checkpoint's prefix.
  /// - Throws: As ``unpin(_:)``.
  public func record(_ metrics: [String: Double], for path: String) throws(CheckpointError) {
    try update(path) { $0.metrics.merge(metrics) { $1 } }
  }

  /// Notes that checkpoints are damaged: they do not count as the latest any more.
  func noteDamage(of paths: [String]) throws(CheckpointError) {
    let managed = Set(checkpoints.map { FileName($0.path) })
    for path in paths where managed.contains(FileName(path)) {
      do throws(CheckpointError) {
        try update(path) { $0.isDamaged = true }
      } catch  where error.code == .notFound {
        continue  // another manager has deleted it
      }
    }
  }

  private func update(
    _ path: String, adopts: Bool = false, _ change: (inout CheckpointHistory.Entry) -> Void
  ) throws(CheckpointError) {
    let path = try PathText.path(path)
    try keeper.change { found, lock throws(CheckpointError) in
      if adopts { found.adopt(path) }
      let place = keeper.place
      let name = place.name(ofPath: path)
      guard let index = found.history.checkpoints.firstIndex(where: { $0.name == name }) else {
        throw CheckpointError(
          .notFound,
          "the manager of '\(place.naming.stem)' in '\(directory)' has no such checkpoint",
          file: path)
      }
      change(&found.history.checkpoints[index])
      try place.write(found.history, lock: lock)
      try keeper.writeState(
        &found, latest: found.newest, keeper.plan(for: found), lock)
    }
  }
}
