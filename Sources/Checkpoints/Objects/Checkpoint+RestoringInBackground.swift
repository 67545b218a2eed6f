public import CheckpointIO
public import CheckpointMapping
public import CheckpointPlans
import CheckpointStore
public import Foundation

extension Checkpoint {
  /// Restores the objects while the caller's actor does something else.
  ///
  ///     let status = try await checkpoint.restoreInBackground(from: path)
  ///
  /// Another thread reads the files. The objects are looked at, and get their values, where the call stands:
  /// on the main actor, for example. All values are read before the first one is put in its place, so that
  /// ``RestoreOptions/Placement/replacing`` and ``RestoreOptions/Placement/inPlace`` do what
  /// ``RestoreOptions/Placement/transactional`` does.
  ///
  /// Nobody may restore, save or reshape the objects meanwhile.
  ///
  /// - Parameters:
  ///   - path: As for ``restore(from:at:mapping:options:fileID:line:)-(String?,_,_,_,_,_)``.
  ///   - place: The saved object that the root is restored from.
  ///   - mapping: How the names of the checkpoint become those of the variables.
  ///   - options: What to do with variables and values that do not fit.
  ///   - progress: Is told how far the restore is, and can cancel it, as the caller's task can.
  ///   - fileID: Where the call stands.
  ///   - line: The line of it.
  /// - Returns: What was restored and what was not.
  /// - Throws: As ``restore(from:at:mapping:options:fileID:line:)-(String?,_,_,_,_,_)``; `cancelled`, with
  ///   nothing changed; `mismatch` if a variable has got another dtype or shape meanwhile.
  nonisolated(nonsending) public func restoreInBackground(
    from path: String?, at place: String = "", mapping: KeyMapping? = nil,
    options: RestoreOptions = RestoreOptions(), progress: Progress? = nil,
    fileID: String = #fileID, line: Int = #line
  ) async throws(CheckpointError) -> LoadStatus {
    roots.usesCounter = true
    guard let path else { return LoadStatus(nil, roots) }
    return try await load(
      path, options, place, mapping, origin: "\(fileID):\(line)", in: BackgroundSteps(progress))
  }

  nonisolated(nonsending) func load(
    _ path: String, _ options: RestoreOptions, _ place: String, _ mapping: KeyMapping?,
    origin: String, in background: BackgroundSteps
  ) async throws(CheckpointError) -> LoadStatus {
    let fileSystem = self.options.files.followed(by: background.operation).fileSystem
    var attempts = CheckpointOpening(path, fileSystem).attempts
    while true {
      let opened: CheckpointOpening.Opened
      (attempts, opened) = try await background.next(of: attempts)
      do throws(CheckpointError) {
        let source = try await background.value { () throws(CheckpointError) in
          try ObjectSource(opened.reader, mapping)
        }
        let live = try roots.walk()
        let session = try RestoreSession(
          source, live, at: place, options: options, origin: origin,
          progress: background.operation)
        try await session.begin(with: roots, live, in: background)
        DeferredRestores.register(session)
        opened.location.warnIfGuessed()
        return LoadStatus(session, roots, note: opened.location.note)
      } catch {
        attempts = try await background.goOn(attempts, after: error)
      }
    }
  }
}
