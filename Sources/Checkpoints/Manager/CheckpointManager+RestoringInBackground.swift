public import CheckpointIO
public import CheckpointPlans
public import CheckpointStore
public import Foundation

extension CheckpointManager {
  /// Restores the newest checkpoint that is intact while the caller's actor does something else, or calls
  /// `initialize` if there is none.
  ///
  /// Another thread looks at the directory, checks the checkpoint, and reads it. The variables get their
  /// values where the call stands, after all values have been read, as
  /// ``Checkpoint/restoreInBackground(from:at:mapping:options:progress:fileID:line:)`` explains. The call
  /// waits for a save in the background, but does not block meanwhile either.
  ///
  /// - Parameters:
  ///   - check: How closely a checkpoint is checked before it is restored.
  ///   - options: What to do with variables and values that do not fit.
  ///   - progress: Is told how far the restore is, and can cancel it, as the caller's task can.
  ///   - fileID: Where the call stands.
  ///   - line: The line of it.
  ///   - initialize: What to do if there is no checkpoint.
  /// - Returns: What was restored, or `nil` if there was no checkpoint.
  /// - Throws: As ``restoreOrInitialize(checking:options:fileID:line:_:)``; `unsupported` with
  ///   ``SaveOptions/processes``; `cancelled`, with nothing
  ///   changed; `mismatch` if a variable has got another dtype or shape meanwhile.
  @discardableResult
  nonisolated(nonsending) public func restoreOrInitializeInBackground(
    checking check: CheckpointCheck = .files, options: RestoreOptions = RestoreOptions(),
    progress: Progress? = nil, fileID: String = #fileID, line: Int = #line,
    _ initialize: () throws(CheckpointError) -> Void = {}
  ) async throws(CheckpointError) -> Restored? {
    guard self.options.processes == nil else {
      throw CheckpointError(
        .unsupported,
        "processes that save together restore the same checkpoint with restoreOrInitialize, not in the "
          + "background", file: directory)
    }
    await background.untilIdle()
    let steps = BackgroundSteps(progress)
    var known: [FileName: CheckpointError] = [:]
    while true {
      let (path, damaged) = try await newestIntact(check, known, in: steps)
      guard let path else {
        try initialize()
        return nil
      }
      do throws(CheckpointError) {
        let content = try await content.restoreManaged(
          from: path, options, origin: "\(fileID):\(line)", in: steps)
        let restored = Restored(path: path, skipped: damaged.map(\.error), content: content)
        try conclude(restored, damaged.map(\.path))
        return restored
      } catch {
        guard !error.hasChangedVariables, error.isOutdated || error.isDamage,
          known.updateValue(error, forKey: FileName(path)) == nil
        else { throw error }
      }
    }
  }

  // `known` are those that could not be read although their files look intact.
  private nonisolated(nonsending) func newestIntact(
    _ check: CheckpointCheck, _ known: [FileName: CheckpointError], in steps: BackgroundSteps
  ) async throws(CheckpointError) -> (path: String?, damaged: [NewestIntact.Damaged]) {
    let keeper = keeper
    return try await steps.value { () throws(CheckpointError) in
      let found = try keeper.newestIntact(check) { path throws(CheckpointError) in
        if let error = known[FileName(path)], !error.isOutdated { throw error }
        return path
      }
      return (found.result, found.damaged)
    }
  }
}
