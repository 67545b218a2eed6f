/// What a save, a restore or a check is doing at the moment.
///
/// Part of the `Progress` that it reports to: see ``init(of:)``.
public enum CheckpointPhase: String, Sendable, Hashable {
  /// Values go to the files.
  case writing
  /// The disk takes what has been written.
  case syncing
  /// The files get their names: from the last one on, the checkpoint is there.
  case committing
  /// Values come from the files.
  case reading
  /// Values are compared with their checksums.
  case checking
  /// All is done. After an error it stays at what failed.
  case finished
}
