public import CheckpointPlans
public import CheckpointGraph
public import CheckpointIO
import CheckpointTensors
import Foundation

/// Manages the checkpoints of a training in a directory.
///
/// A manager numbers the checkpoints, keeps those that a policy asks for, and deletes the others.
/// After the process has died, it finds the newest checkpoint that is intact.
///
///     let manager = try CheckpointManager(
///       checkpoint, directory: "run", retention: .latest(5).or(.everyHours(2)))
///     try manager.restoreOrInitialize()
///     for step in ... {
///       train()
///       if step % 500 == 0 { try manager.save() }  // run/ckpt-1, run/ckpt-2, …
///     }
///
/// The files in the directory say which checkpoints there are. The manager keeps the state file
/// `checkpoint` for TensorFlow, whose manager can go on where this one stopped, and the reverse.
/// `ckpt.history.json` holds what the state file has no place for: metrics, pins, and which
/// checkpoints are managed. Both files may be lost, damaged or out of date. Even then numbers never
/// go back, the newest checkpoint is found, and nothing is deleted that is not provably the
/// manager's own.
///
/// Only one manager works in a directory under one name at a time, and another one waits for it.
/// Only one thread may use a manager at a time.
/// Source: tensorflow/python/checkpoint/checkpoint_management.py, `CheckpointManager`.
public final class CheckpointManager {
  /// The directory.
  public var directory: String { keeper.place.directory }
  /// Which checkpoints stay.
  public var retention: RetentionPolicy { keeper.retention }
  /// The managed checkpoints, in the order in which they were saved.
  ///
  /// They are those that the manager keeps and those that it may delete one day, as of the last
  /// time it looked.
  public var checkpoints: [RetentionPolicy.SavedCheckpoint] { keeper.sight?.checkpoints ?? [] }
  /// The newest checkpoint in the directory, as of the last time the manager looked, whoever saved it.
  ///
  /// After a process has died, this checkpoint may be damaged.
  /// ``restoreOrInitialize(checking:options:fileID:line:_:)`` then takes another one.
  public var latest: String? { keeper.sight?.newest }

  /// The best of the managed checkpoints, as the first ``RetentionPolicy/best(_:by:_:)`` of the retention
  /// has it; `nil` without such a rule, and if none has the metric.
  public var best: RetentionPolicy.SavedCheckpoint? {
    retention.rules.lazy.compactMap(\.ranking).first.flatMap { best(by: $0.metric, $0.order) }
  }

  /// The managed checkpoint with the best value of a metric.
  ///
  /// - Parameters:
  ///   - metric: The name that ``save(step:metrics:force:)`` or ``record(_:for:)`` gave it. Values that are
  ///     not numbers do not count.
  ///   - order: Which values are better.
  /// - Returns: The best; the oldest of several, `nil` if none has the metric.
  public func best(by metric: String, _ order: RetentionPolicy.Order)
    -> RetentionPolicy.SavedCheckpoint?
  {
    let checkpoints = checkpoints
    return RetentionRule.ranked(checkpoints, by: metric, order).first.map { checkpoints[$0] }
  }

  let content: any ManagedContent
  let keeper: DirectoryKeeper
  let background = BackgroundQueue()
  private let saving: CheckpointManager.SavePolicy
  private let stepCounter: Variable<Int64>?
  private let ownOptions: SaveOptions?
  var lastSave: SaveMoment?

  /// Creates a manager of a directory, which need not exist.
  ///
  /// It removes what unfinished saves of dead processes have left there.
  ///
  /// - Parameters:
  ///   - checkpoint: The objects to save and restore.
  ///   - directory: Where their checkpoints are.
  ///   - name: What the checkpoints' names begin with: `ckpt` makes `ckpt-1`.
  ///   - retention: Which checkpoints stay.
  ///   - saving: When to save, and when to skip a save.
  ///   - stepCounter: The variable that counts steps, if they are not passed to
  ///     ``save(step:metrics:force:)``.
  ///   - options: How the files are written; as the checkpoint says itself, without.
  /// - Throws: `invalidArgument` for a name that cannot be a file's, and for policies that make no
  ///   sense; `unsupported` for the name of a safetensors file, and if a later version of this library
  ///   was here; `io` if the system fails.
  public convenience init(
    _ checkpoint: Checkpoint, directory: String, name: String = "ckpt", retention: RetentionPolicy,
    saving: CheckpointManager.SavePolicy = .always, stepCounter: Variable<Int64>? = nil,
    options: SaveOptions? = nil
  ) throws(CheckpointError) {
    try self.init(
      content: checkpoint, directory: directory, name: name, retention: retention, saving: saving,
      stepCounter: stepCounter,
      options: options)
  }

  /// Creates a manager of a directory, which need not exist, for the variables of a saver.
  ///
  ///     let saver = try Saver(["dense/kernel": kernel, "global_step": step])
  ///     let manager = try CheckpointManager(
  ///       saver, directory: "run", name: "model.ckpt", retention: .latest(5), stepCounter: step)
  ///     try manager.restoreOrInitialize()
  ///     try manager.save(step: Int(step.scalar))  // run/model.ckpt-1000
  ///
  /// The files are those that the saver writes, with its data files and its digits in a number. The
  /// manager decides what stays. It ignores the saver's own ``Saver/Settings/retention`` and
  /// ``Saver/Settings/updatesState``, and its saves do not change ``Saver/lastSave``.
  ///
  /// - Parameters:
  ///   - saver: The variables to save and restore.
  ///   - directory: Where their checkpoints are.
  ///   - name: What the checkpoints' names begin with: `ckpt` makes `ckpt-1`.
  ///   - retention: Which checkpoints stay.
  ///   - saving: When to save, and when to skip a save.
  ///   - stepCounter: The variable that counts steps, if they are not passed to
  ///     ``save(step:metrics:force:)``.
  ///   - options: How the files are written; as the saver says itself, without.
  /// - Throws: `invalidArgument` for a saver without variables; `unsupported` for one that writes the
  ///   format V1, which only a ``Saver`` itself writes; otherwise as for a ``Checkpoint``.
  public convenience init(
    _ saver: Saver, directory: String, name: String = "ckpt", retention: RetentionPolicy,
    saving: CheckpointManager.SavePolicy = .always, stepCounter: Variable<Int64>? = nil,
    options: SaveOptions? = nil
  ) throws(CheckpointError) {
    try self.init(
      saver, directory: directory, name: name, retention: retention, saving: saving,
      stepCounter: stepCounter, options: options, clock: { Date().timeIntervalSince1970 })
  }

  /// The same with a clock of the caller's: seconds since 1970.
  package convenience init(
    _ saver: Saver, directory: String, name: String = "ckpt", retention: RetentionPolicy,
    saving: CheckpointManager.SavePolicy = .always, stepCounter: Variable<Int64>? = nil,
    options: SaveOptions? = nil, clock: @escaping @Sendable () -> Double
  ) throws(CheckpointError) {
    guard !saver.content.isEmpty else {
      throw CheckpointError(
        .invalidArgument, "a saver without variables saves nothing that a manager could keep",
        file: directory)
    }
    try self.init(
      content: saver, directory: directory, name: name, stepPadding: saver.settings.stepPadding,
      stateFilename: saver.settings.stateFilename, metaSuffix: saver.settings.metaGraphSuffix,
      retention: retention, saving: saving, stepCounter: stepCounter, options: options, clock: clock
    )
  }

  /// The same with a clock of the caller's: seconds since 1970.
  package convenience init(
    _ checkpoint: Checkpoint, directory: String, name: String = "ckpt", retention: RetentionPolicy,
    saving: CheckpointManager.SavePolicy = .always, stepCounter: Variable<Int64>? = nil,
    options: SaveOptions? = nil, clock: @escaping @Sendable () -> Double
  ) throws(CheckpointError) {
    try self.init(
      content: checkpoint, directory: directory, name: name, retention: retention, saving: saving,
      stepCounter: stepCounter, options: options, clock: clock)
  }

  init(
    content: any ManagedContent, directory: String, name: String, stepPadding: Int = 0,
    stateFilename: String = "checkpoint", metaSuffix: String = "", retention: RetentionPolicy,
    saving: CheckpointManager.SavePolicy, stepCounter: Variable<Int64>?, options: SaveOptions?,
    clock: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) throws(CheckpointError) {
    try retention.check()
    try saving.check()
    self.content = content
    ownOptions = options
    self.saving = saving
    self.stepCounter = stepCounter
    let options = options ?? content.options
    try options.checkIsManaged(in: directory)
    let place = try ManagedPlace(
      directory: directory, name: name, stepPadding: stepPadding, stateFilename: stateFilename,
      metaSuffix: metaSuffix, format: options.format, options: options.files)
    let isLeader = options.processes.map { $0.rank == 0 } ?? true
    keeper = try DirectoryKeeper(place, retention, cleans: isLeader, clock: clock)
  }

  /// How the files of the next checkpoints are written.
  public var options: SaveOptions { ownOptions ?? content.options }

  // MARK: Saving

  /// Saves, unless the policy says that it is too early, and then deletes what need not stay.
  ///
  /// The new checkpoint gets a larger number than every other one in the directory. If you pass
  /// `step`, it gets that number instead. A checkpoint that has the number already is replaced in
  /// one step.
  ///
  /// - Parameters:
  ///   - step: The step that the training is at, if checkpoints are to be numbered by steps.
  ///   - metrics: What was measured, by name, for ``RetentionPolicy/best(_:by:_:)``.
  ///   - force: Whether to save even if it is too early; of several processes, one that wants it is
  ///     enough. A second save at the same step is still skipped if the policy looks at steps.
  /// - Returns: What was saved and what was deleted, or `nil` if it was too early.
  /// - Throws: `invalidArgument` for a negative step, and for none where the policy looks at steps;
  ///   `limitExceeded` if numbers are used up; `pathConflict` if the state file or the history is
  ///   somebody else's file; `busy` if another manager is at work there for seconds; `io` if the
  ///   system fails. After an error, what was there before is still there, whole. If the new
  ///   checkpoint itself is saved, the message says so.
  @discardableResult
  public func save(step: Int? = nil, metrics: [String: Double] = [:], force: Bool = false)
    throws(CheckpointError) -> Saved?
  {
    if let processes = options.processes {
      return try save(step: step, metrics: metrics, force: force, with: processes)
    }
    background.waitUntilIdle()
    try settle()
    guard let moment = try dueMoment(step: step, force: force) else { return nil }
    var plan = try SavePlan(items: [])
    let save = try keeper.open { _ throws(CheckpointError) in
      var save = try begin(step: step, moment, metrics: metrics)
      plan = try content.savePlan(options)
      save.notes = plan.notes
      try save.checkRoom(for: plan)
      return save
    }
    try save.write(consume plan, options)
    lastSave = moment
    return Saved(try keeper.finish(save))
  }

  /// The step and the time; `nil` if it is too early to save.
  func dueMoment(step: Int?, force: Bool) throws(CheckpointError) -> SaveMoment? {
    let moment = try moment(step)
    return saving.isDue(moment, last: lastSave, isForced: force) ? moment : nil
  }

  /// Takes a number for a save, of which nothing is written yet.
  func begin(step: Int?, _ moment: SaveMoment, metrics: [String: Double])
    throws(CheckpointError) -> ManagedSave
  {
    let number: Int
    if let step {
      number = step
      content.beginSave(content.nextCount)
    } else {
      number = try keeper.nextNumber(counter: content.saveCount)
      content.beginSave(Int64(number))
    }
    return ManagedSave(keeper.place, number: number, step: step, moment, metrics: metrics)
  }

  /// The step that the training is at: what is passed, or what the counter says.
  func step(_ passed: Int?) -> Int? { passed ?? stepCounter.map { Int(clamping: $0.value[]) } }

  private func moment(_ step: Int?) throws(CheckpointError) -> SaveMoment {
    let step = self.step(step)
    if saving.needsStep, step == nil {
      throw CheckpointError(
        .invalidArgument,
        "saving every so many steps needs the step: pass it to save(step:), or a stepCounter to init"
      )
    }
    if let step, step < 0 {
      throw CheckpointError(.invalidArgument, "the step \(step) is negative", file: directory)
    }
    return SaveMoment(step: step, time: keeper.clock())
  }

  /// Remembers that a step was restored: the next save is counted from there.
  func noteRestored(step: Int?) {
    let counted = stepCounter.map { Int(clamping: $0.value[]) }
    lastSave = SaveMoment(step: counted ?? step, time: keeper.clock())
  }
}

extension SaveOptions {
  fileprivate func checkIsManaged(in directory: String) throws(CheckpointError) {
    guard format == .v1 else { return }
    throw CheckpointError(
      .unsupported,
      "a manager keeps checkpoints of the format V2, safetensors files or model directories; save V1 files "
        + "with the Saver itself", file: directory)
  }
}
