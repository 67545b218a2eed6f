import CheckpointStore
import CheckpointPlans
public import CheckpointIO
import Foundation

extension CheckpointManager {
  /// What a save in the background does if another one is still under way.
  public enum WhenBusy: Sendable, Hashable {
    /// It waits for the other one to end, and the caller waits with it.
    ///
    /// This is the default. No save is left out, and only one snapshot takes memory.
    case wait
    /// It is left out.
    case skip
    /// It takes its snapshot now, and begins when the other one ends.
    ///
    /// If a later save comes before that, the later one takes its place. The caller never waits.
    /// Two snapshots may take memory.
    case coalesce
  }

  /// Saves while the program goes on, unless the policy says that it is too early.
  ///
  /// The save has the values of this moment. The call walks over the objects and keeps the memory
  /// of their tensors. It copies nothing and touches no file before it returns. A tensor is copied
  /// only if the program writes to it before its bytes are in the files. Values of types that
  /// cannot share their memory are copied at once: see ``TensorStorable/tensorSnapshot()``.
  ///
  ///     for step in 1... {
  ///       train()
  ///       if step % 500 == 0 { try manager.saveInBackground(step: step) }
  ///     }
  ///     try await manager.finish()  // the process must not end before
  ///
  /// If the process ends in the middle, it loses this checkpoint and no other.
  ///
  /// - Parameters:
  ///   - step: As for ``save(step:metrics:force:)``.
  ///   - metrics: What was measured, by name.
  ///   - force: Whether to save even if it is too early. Of several processes, process 0 has to want it: that only
  ///     others do is the error `mismatch`.
  ///   - whenBusy: What to do if another save is still under way. Processes that save together wait: else one
  ///     might leave out what another saves.
  /// - Returns: The save, or `nil` if it was too early or was left out. With ``SaveOptions/processes``, only the
  ///   process of rank 0 knows whether it is too early, and the value of the save is `nil` then.
  /// - Throws: The error of an earlier save in the background, if nobody has seen it. This save
  ///   does not begin then. Otherwise `invalidArgument` or `duplicateName` if objects cannot be
  ///   registered. ``CheckpointManager/BackgroundSave/value`` or the next call throws all other
  ///   errors.
  @discardableResult
  public func saveInBackground(
    step: Int? = nil, metrics: [String: Double] = [:], force: Bool = false,
    whenBusy: WhenBusy = .wait
  ) throws(CheckpointError) -> CheckpointManager.BackgroundSave? {
    if let processes = options.processes {
      try whenBusy.checkIsForProcesses()
      return try saveInBackground(step: step, metrics: metrics, force: force, with: processes)
    }
    try settle()
    guard let moment = try dueMoment(step: step, force: force) else { return nil }
    switch whenBusy {
    case .skip where background.isBusy: return nil
    case .wait:
      background.waitUntilIdle()
      try settle()
    case .skip, .coalesce: break
    }
    let save = try begin(step: step, moment, metrics: metrics)
    let snapshot = try content.snapshot(options)
    lastSave = moment
    return background.add { [keeper, options] progress throws(CheckpointError) in
      try keeper.carryOut(save, snapshot, options, progress)
    }
  }

  /// Waits until all saves in the background have ended.
  ///
  /// - Throws: Their errors, if nobody has seen them.
  nonisolated(nonsending) public func finish() async throws(CheckpointError) {
    await background.untilIdle()
    try settle()
  }

  /// Waits like ``finish()``, in code that is not asynchronous.
  ///
  /// - Throws: As ``finish()``.
  public func waitUntilFinished() throws(CheckpointError) {
    background.waitUntilIdle()
    try settle()
  }

  /// Takes notice of saves in the background that have failed: the next one is not too early.
  func settle() throws(CheckpointError) {
    let failed = background.takeFailed()
    guard !failed.isEmpty else { return }
    lastSave = nil
    let error = CheckpointError.combining(failed.compactMap(\.unseenError), file: directory) {
      "\($0) saves in the background have failed"
    }
    if let error { throw error }
  }
}

extension CheckpointManager.WhenBusy {
  fileprivate func checkIsForProcesses() throws(CheckpointError) {
    guard self != .wait else { return }
    throw CheckpointError(
      .invalidArgument,
      "processes that save together wait for the save before: one might leave out what another saves; use "
        + ".wait")
  }
}
