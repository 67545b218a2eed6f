import CheckpointStore
public import Foundation

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
