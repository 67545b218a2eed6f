public import CheckpointGraph
public import CheckpointIO
public import CheckpointPlans
public import Foundation

extension CheckpointManager {
  /// Creates a manager of a directory, which need not exist, by its file URL.
  ///
  /// - Parameters:
  ///   - checkpoint: The objects to save and restore.
  ///   - directory: Where their checkpoints are.
  ///   - name: What the checkpoints' names begin with: `ckpt` makes `ckpt-1`.
  ///   - retention: What stays when there are many.
  ///   - saving: When a save is one, and when it is skipped.
  ///   - stepCounter: The variable that counts steps, if they are not passed to
  ///     ``save(step:metrics:force:)``.
  ///   - options: How the files are written.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public convenience init(
    _ checkpoint: Checkpoint, directory: URL, name: String = "ckpt", retention: RetentionPolicy,
    saving: CheckpointManager.SavePolicy = .always, stepCounter: Variable<Int64>? = nil,
    options: SaveOptions? = nil
  ) throws(CheckpointError) {
    try self.init(
      checkpoint, directory: directory.checkpointPath, name: name, retention: retention,
      saving: saving, stepCounter: stepCounter, options: options)
  }

  /// Creates a manager of a directory, which need not exist, by its file URL, for the variables of a
  /// saver.
  ///
  /// - Parameters:
  ///   - saver: The variables to save and restore.
  ///   - directory: Where their checkpoints are.
  ///   - name: What the checkpoints' names begin with: `ckpt` makes `ckpt-1`.
  ///   - retention: What stays when there are many.
  ///   - saving: When a save is one, and when it is skipped.
  ///   - stepCounter: The variable that counts steps, if they are not passed to
  ///     ``save(step:metrics:force:)``.
  ///   - options: How the files are written.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public convenience init(
    _ saver: Saver, directory: URL, name: String = "ckpt", retention: RetentionPolicy,
    saving: CheckpointManager.SavePolicy = .always, stepCounter: Variable<Int64>? = nil,
    options: SaveOptions? = nil
  ) throws(CheckpointError) {
    try self.init(
      saver, directory: directory.checkpointPath, name: name, retention: retention, saving: saving,
      stepCounter: stepCounter, options: options)
  }

  /// Keeps a checkpoint, whatever the policy says: ``pin(_:)`` with a file URL.
  ///
  /// - Parameter url: Its prefix, in the directory as the manager got it.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public func pin(_ url: URL) throws(CheckpointError) { try pin(url.checkpointPath) }

  /// Leaves a checkpoint to the policy again: ``unpin(_:)`` with a file URL.
  ///
  /// - Parameter url: Its prefix, in the directory as the manager got it.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public func unpin(_ url: URL) throws(CheckpointError) { try unpin(url.checkpointPath) }

  /// Notes what was measured of a checkpoint: ``record(_:for:)`` with a file URL.
  ///
  /// - Parameters:
  ///   - metrics: The values by name; others that are known stay.
  ///   - url: The checkpoint's prefix, in the directory as the manager got it.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public func record(_ metrics: [String: Double], for url: URL) throws(CheckpointError) {
    try record(metrics, for: url.checkpointPath)
  }
}
