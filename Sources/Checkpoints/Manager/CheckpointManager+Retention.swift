import CheckpointStore
public import CheckpointIO

extension CheckpointManager {
  /// What the policy would do now, without doing it: what stays, what goes, and why.
  ///
  /// - Returns: The plan for all managed checkpoints.
  /// - Throws: `io` if the system fails.
  public func plan() throws(CheckpointError) -> RetentionPolicy.Plan {
    keeper.plan(for: try keeper.look())
  }

  /// Deletes what need not stay, as every save does; for a policy that has changed.
  ///
  /// - Returns: What was deleted, and what could not be.
  /// - Throws: `busy` if another manager is at work there for seconds; `io` if the system fails.
  @discardableResult
  public func sweep() throws(CheckpointError)
    -> (removed: [RetentionPolicy.SavedCheckpoint], problems: [CheckpointError])
  {
    try keeper.change { found, lock throws(CheckpointError) in
      try keeper.sweep(&found, latest: found.newest, lock)
    }
  }
}
