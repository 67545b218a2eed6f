public import Foundation

/// What a save, a restore or a check is doing at the moment.
///
/// Part of the `Progress` that it reports to: see `checkpointPhase`.
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

extension ProgressUserInfoKey {
  /// The ``CheckpointPhase`` of a progress, as its raw value.
  public static let checkpointPhase = ProgressUserInfoKey("checkpointPhase")
}

extension Progress {
  /// What a save, a restore or a check is doing; `nil` for progress of something else.
  ///
  /// Its units are bytes: `completedUnitCount` of `totalUnitCount`. Of a save of several gigabytes that
  /// is durable, a good part of the time is spent in ``CheckpointPhase/syncing``, with all bytes written.
  public var checkpointPhase: CheckpointPhase? {
    (userInfo[.checkpointPhase] as? String).flatMap(CheckpointPhase.init)
  }
}
