import CheckpointStore
import CheckpointPlans
public import CheckpointIO

extension CheckpointManager {
  /// What was restored.
  public struct Restored {
    /// The checkpoint's prefix.
    public let path: String
    /// Why newer, damaged checkpoints were skipped: an error for each, with its path.
    public let skipped: [CheckpointError]
    let content: RestoredContent

    /// Whether newer checkpoints are damaged, so that this is not the newest one.
    public var isStepBack: Bool { !skipped.isEmpty }

    /// What was restored of a ``Checkpoint``, and what was not; `nil` for a manager of a ``Saver``.
    public var status: LoadStatus? {
      if case .objects(let status) = content { status } else { nil }
    }

    /// What was restored of a ``Saver``; `nil` for a manager of a ``Checkpoint``.
    public var report: RestoreReport? {
      if case .names(let report) = content { report } else { nil }
    }
  }

  /// Restores the newest checkpoint that is intact, or calls `initialize` if there is no
  /// checkpoint.
  ///
  /// If the newest checkpoint is damaged, the manager takes the one before it, and so on. The
  /// result says so, and a warning is given. If all checkpoints are damaged, it throws an error and
  /// does not call `initialize`. A checkpoint that does not fit the program is an error too, and is
  /// not skipped. If another manager deletes or replaces a checkpoint meanwhile, it does not count
  /// as damaged, and the manager takes the newest one of then.
  ///
  /// - Parameters:
  ///   - check: How closely a checkpoint is checked before it is restored.
  ///   - options: What to do with variables and values that do not fit.
  ///   - fileID: Where the call stands. Errors of values that are restored later name it.
  ///   - line: The line of it.
  ///   - initialize: What to do if there is no checkpoint, for example restore one from elsewhere.
  /// - Returns: What was restored, or `nil` if there was no checkpoint.
  /// - Throws: What restoring throws; one error with every damage if nothing is intact; `busy` if
  ///   checkpoints go away again and again; what `initialize` throws.
  @discardableResult
  public func restoreOrInitialize(
    checking check: CheckpointCheck = .files, options: RestoreOptions = RestoreOptions(),
    fileID: String = #fileID, line: Int = #line,
    _ initialize: () throws(CheckpointError) -> Void = {}
  ) throws(CheckpointError) -> Restored? {
    background.waitUntilIdle()
    let origin = "\(fileID):\(line)"
    if let processes = self.options.processes {
      return try restoreOrInitialize(check, options, origin: origin, with: processes, initialize)
    }
    let found = try keeper.newestIntact(check) { path throws(CheckpointError) in
      (path: path, content: try content.restoreManaged(from: path, options, origin: origin))
    }
    guard let (path, content) = found.result else {
      try initialize()
      return nil
    }
    let restored = Restored(path: path, skipped: found.damaged.map(\.error), content: content)
    try conclude(restored, found.damaged.map(\.path))
    return restored
  }

  func conclude(_ restored: Restored, _ damaged: [String]) throws(CheckpointError) {
    let place = keeper.place
    let step = place.name(ofPath: restored.path).flatMap { place.naming.number(of: $0) }
    let known = checkpoints.first { FileName($0.path) == FileName(restored.path) }
    noteRestored(step: known?.step ?? step)
    guard restored.isStepBack else { return }
    let reasons = restored.skipped.map { "\n  - \($0)" }.joined()
    CheckpointWarnings.warn(
      "\(restored.path) was restored; \(damaged.count) newer checkpoints are damaged:\(reasons)")
    try noteDamage(of: damaged)
  }
}
