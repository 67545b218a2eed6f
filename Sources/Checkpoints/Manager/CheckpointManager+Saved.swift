public import CheckpointIO

extension CheckpointManager {
  /// What a save has done.
  public struct Saved: Sendable {
    /// The new checkpoint.
    public let checkpoint: RetentionPolicy.SavedCheckpoint
    /// The checkpoints that were deleted.
    public let removed: [RetentionPolicy.SavedCheckpoint]
    /// What went wrong although the checkpoint is saved.
    ///
    /// Data files may be larger than asked for. Old checkpoints may not have been deleted; the next
    /// save tries again.
    public let problems: [CheckpointError]

    /// The new checkpoint's prefix.
    public var path: String { checkpoint.path }

    init(_ save: ManagedSave.Finished) {
      (checkpoint, removed, problems) = (save.checkpoint, save.removed, save.problems)
    }
  }
}
