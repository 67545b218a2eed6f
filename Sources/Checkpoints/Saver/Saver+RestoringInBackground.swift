public import CheckpointIO
public import CheckpointMapping
public import CheckpointPlans
import CheckpointStore
public import Foundation

extension Saver {
  /// Restores the variables while the caller's actor does something else.
  ///
  ///     try await saver.restoreInBackground(from: path)
  ///
  /// Another thread reads the files. The variables get their values where the call stands, after all values
  /// have been read, as ``Checkpoint/restoreInBackground(from:at:mapping:options:progress:fileID:line:)``
  /// explains.
  ///
  /// - Parameters:
  ///   - path: As for ``restore(from:mapping:options:)-(String,_,_)``.
  ///   - mapping: How the names of the checkpoint become those of the variables.
  ///   - options: What to do with variables and values that do not fit.
  ///   - progress: Is told how far the restore is, and can cancel it, as the caller's task can.
  /// - Returns: What was restored, and which tensors of the checkpoint were not used.
  /// - Throws: As ``restore(from:mapping:options:)-(String,_,_)``; `cancelled`, with nothing changed;
  ///   `mismatch` if a variable has got another dtype or shape meanwhile.
  @discardableResult
  nonisolated(nonsending) public func restoreInBackground(
    from path: String, mapping: KeyMapping? = nil, options: RestoreOptions = RestoreOptions(),
    progress: Progress? = nil
  ) async throws(CheckpointError) -> RestoreReport {
    guard !content.isEmpty else { return RestoreReport(ofNothingAt: path) }
    return try await restore(from: path, mapping, options, in: BackgroundSteps(progress))
  }

  nonisolated(nonsending) func restore(
    from path: String, _ mapping: KeyMapping?, _ options: RestoreOptions,
    in background: BackgroundSteps
  ) async throws(CheckpointError) -> RestoreReport {
    let fileSystem = self.options.files.followed(by: background.operation).fileSystem
    var attempts = CheckpointOpening(path, fileSystem).attempts
    let keys = content.keys
    while true {
      let opened: CheckpointOpening.Opened
      (attempts, opened) = try await background.next(of: attempts)
      do throws(CheckpointError) {
        let source = try await background.value { () throws(CheckpointError) in
          try NamedSource(opened.reader, keys, mapping)
        }
        let step = try step(source, options, background.operation)
        let tensors = try await background.value(of: step.executor.reading(step.plan))
        var report = try finish(
          step, try step.executor.restore(step.plan, tensors), background.operation)
        report.note = opened.location.note
        opened.location.warnIfGuessed()
        opened.reader.closeFiles(keepsChecksum: false)  // the report may live for long
        return report
      } catch {
        attempts = try await background.goOn(attempts, after: error)
      }
    }
  }
}
