import CheckpointStore
import CheckpointPlans
import CheckpointIO

/// A save of a manager, in steps that may happen on different threads.
///
///     begin:  take the number, and what is to be written: a plan, or a snapshot for another thread
///     open:   note in the history that it begins
///     write:  write the files; the index's rename is the commit
///     finish: tell the state file, delete what need not stay
///
/// If a step is never reached, the next look at the directory finds out what has come to pass.
struct ManagedSave: Sendable {
  /// The number of the checkpoint.
  var number: Int {
    didSet { entry.name = place.naming.name(number) }
  }
  /// Whether the number comes from counting, so that another one would do.
  let isCounted: Bool
  private(set) var entry: CheckpointHistory.Entry
  /// What somebody should know of how it is spread over data files.
  var notes: [CheckpointError] = []
  /// When it began.
  let moment: SaveMoment
  private let place: ManagedPlace

  /// Begins a save.
  ///
  /// - Parameters:
  ///   - place: Where.
  ///   - number: The number that it takes.
  ///   - step: The step that the caller numbers it by; `nil` if it is counted.
  ///   - moment: When.
  ///   - metrics: What was measured.
  init(
    _ place: ManagedPlace, number: Int, step: Int?, _ moment: SaveMoment,
    metrics: [String: Double]
  ) {
    self.place = place
    self.number = number
    self.moment = moment
    isCounted = step == nil
    entry = CheckpointHistory.Entry(
      name: place.naming.name(number), step: step ?? moment.step ?? number, time: moment.time,
      metrics: metrics)
  }

  /// The prefix.
  var path: String { place.path(entry.name) }

  /// What is saved.
  var checkpoint: RetentionPolicy.SavedCheckpoint {
    RetentionPolicy.SavedCheckpoint(
      path: path, step: entry.step, time: entry.time, metrics: entry.metrics)
  }

  /// What it has done in the end.
  struct Finished: Sendable {
    /// The new checkpoint.
    let checkpoint: RetentionPolicy.SavedCheckpoint
    /// What was deleted.
    let removed: [RetentionPolicy.SavedCheckpoint]
    /// What did not go as wanted.
    let problems: [CheckpointError]
  }

  /// What the history says of it until it is finished.
  func pending() throws(CheckpointError) -> CheckpointHistory.Pending {
    try CheckpointHistory.Pending(entry: entry, replacedIndex: place.indexChecksum(entry.name))
  }

  /// Refuses to begin where there is too little room.
  func checkRoom(for plan: SavePlan) throws(CheckpointError) {
    try plan.checkRoom(at: path, place.fileSystem)
  }

  /// Writes the checkpoint, for which there is room; when this returns it is there.
  ///
  /// - Parameters:
  ///   - plan: What is written; each tensor is let go once it is.
  ///   - options: How the files are written.
  ///   - progress: Who follows it; the thread's current progress, if there is one, without.
  /// - Throws: What ``SaveExecutor`` throws.
  func write(
    _ plan: consuming SavePlan, _ options: SaveOptions, _ progress: OperationProgress? = .current()
  ) throws(CheckpointError) {
    try SaveExecutor(options: options, progress: progress)
      .save(plan, to: path, checksRoom: false)
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
