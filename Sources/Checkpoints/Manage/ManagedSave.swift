import CheckpointIO

/// A save of a manager, in steps that may happen on different threads.
///
///     begin:  take the number, note it in the history; what is to be written is a plan from then on
///     write:  write the files; the index's rename is the commit
///     finish: tell the state file, delete what need not stay
///
/// If a step is never reached, the next look at the directory finds out what has come to pass.
struct ManagedSave {
  let entry: CheckpointHistory.Entry
  /// When it began.
  let moment: SavePolicy.Moment
  private let place: ManagedPlace
  private let plan: SavePlan

  init(
    _ place: ManagedPlace,
    _ entry: CheckpointHistory.Entry,
    _ moment: SavePolicy.Moment,
    plan: SavePlan
  ) {
    self.place = place
    self.entry = entry
    self.moment = moment
    self.plan = plan
  }

  /// The prefix.
  var path: String { place.path(entry.name) }

  /// What is saved.
  var checkpoint: SavedCheckpoint {
    SavedCheckpoint(path: path, step: entry.step, time: entry.time, metrics: entry.metrics)
  }

  /// What the history says of it until it is finished.
  func pending() throws(CheckpointError) -> CheckpointHistory.Pending {
    try CheckpointHistory.Pending(entry: entry, replacedIndex: place.indexChecksum(entry.name))
  }

  /// Refuses to begin where there is too little room.
  func checkRoom() throws(CheckpointError) { try plan.checkRoom(at: path, place.fileSystem) }

  /// Writes the checkpoint; when this returns it is there.
  func write() throws(CheckpointError) {
    try SaveExecutor(options: place.options).save(plan, to: path)
  }
}

extension CheckpointHistory {
  /// Notes a save before its first byte is written.
  mutating func begin(_ pending: Pending, number: Int) {
    saving.removeAll { $0.entry.name == pending.entry.name }
    saving.append(pending)
    highest = max(highest, number)
  }

  /// Notes that a save is complete.
  mutating func commit(_ entry: Entry) {
    saving.removeAll { $0.entry.name == entry.name }
    add(entry)
  }
}

extension CheckpointManager {
  /// What a save has done.
  public struct Saved: Sendable {
    /// The new checkpoint.
    public let checkpoint: SavedCheckpoint
    /// The checkpoints that were deleted.
    public let removed: [SavedCheckpoint]
    /// Why others could not be deleted; the next save tries again.
    public let problems: [CheckpointError]

    /// The new checkpoint's prefix.
    public var path: String { checkpoint.path }
  }
}
