public import CheckpointStore
public import Foundation

extension CheckpointPhase {
  /// What a save, a restore or a check is doing; `nil` for progress of something else.
  ///
  ///     if CheckpointPhase(of: save.progress) == .syncing { print("waiting for the disk") }
  ///
  /// A progress' units are bytes: `completedUnitCount` of `totalUnitCount`. Of a save of several
  /// gigabytes that is durable, a good part of the time is spent in ``syncing``, with all bytes
  /// written.
  ///
  /// - Parameter progress: The progress that follows it.
  public init?(of progress: Progress) {
    guard let phase = progress.userInfo[.checkpointPhase] as? String else { return nil }
    self.init(rawValue: phase)
  }
}

extension ProgressUserInfoKey {
  /// The ``CheckpointPhase`` of a progress, as its raw value.
  static let checkpointPhase = ProgressUserInfoKey("checkpointPhase")
}
