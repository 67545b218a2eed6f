import CheckpointStore
public import CheckpointIO
import Dispatch
public import Foundation
import Synchronization

extension CheckpointManager {
  /// A save that goes on while the program does.
  ///
  ///     let save = try manager.saveInBackground(step: step)
  ///     …
  ///     if let saved = try await save?.value { print(saved.path) }
  ///
  /// You need not keep it. If a save fails and nobody looks at it here, the manager throws the
  /// error at the next save, and at `CheckpointManager.finish()`.
  public final class BackgroundSave: Sendable {
    /// How it can end.
    typealias Outcome = Result<ManagedSave.Finished?, CheckpointError>

    /// How far it is, in bytes; ``CheckpointPhase/init(of:)`` says what it is doing.
    public let progress = Progress(totalUnitCount: 0)
    /// The same for those who save.
    let operation: OperationProgress
    private let outcome = Mutex<Outcome?>(nil)
    private let wasSeen = Atomic(false)
    private let end = DispatchGroup()

    init() {
      operation = OperationProgress(telling: progress)
      end.enter()
    }

    /// Stops the save, unless it is too late.
    ///
    /// The call returns at once. If it is not too late, the files that were written are removed,
    /// what was there before stays, and ``value`` throws `cancelled`. The manager does not throw
    /// the error of a cancelled save.
    public func cancel() {
      operation.cancel()  // at once, while a progress tells of its being cancelled a moment later
      progress.cancel()
    }

    /// Whether the save has ended, with or without an error.
    public var isFinished: Bool { outcome.withLock { $0 != nil } }

    /// What was saved and what was deleted, once the save has ended.
    ///
    /// It is `nil` if a later save took the place of this one before it began: see
    /// ``CheckpointManager/WhenBusy/coalesce``.
    ///
    /// - Throws: `cancelled`; what ``CheckpointManager/save(step:metrics:force:)`` throws.
    public var value: CheckpointManager.Saved? {
      get async throws(CheckpointError) {
        await untilFinished()
        return try seenOutcome()
      }
    }

    /// Waits for the end of the save, in code that is not asynchronous.
    ///
    /// - Returns: What was saved and what was deleted.
    /// - Throws: As for ``value``.
    @discardableResult
    public func wait() throws(CheckpointError) -> CheckpointManager.Saved? {
      waitUntilFinished()
      return try seenOutcome()
    }

    private func seenOutcome() throws(CheckpointError) -> CheckpointManager.Saved? {
      wasSeen.store(true, ordering: .relaxed)
      return try outcome.withLock { $0 }?.get().map(CheckpointManager.Saved.init)
    }

    // MARK: For the queue

    /// Waits for the end, whatever it is.
    func waitUntilFinished() { end.wait() }

    /// Waits for the end, whatever it is.
    func untilFinished() async {
      await withCheckedContinuation { continuation in
        end.notify(queue: .global()) { continuation.resume() }
      }
    }

    /// Ends.
    func finish(_ outcome: Outcome) {
      self.outcome.withLock { $0 = outcome }
      end.leave()
    }

    /// Why it has failed, if nobody knows yet.
    var unseenError: CheckpointError? {
      guard !wasSeen.load(ordering: .relaxed) else { return nil }
      return outcome.withLock { outcome -> CheckpointError? in
        guard case .failure(let error) = outcome else { return nil }
        // Not an error if it was cancelled here. Another process may have cancelled it, which has to be said.
        guard error.code != .cancelled || !operation.hasBeenCancelled else { return nil }
        return error
      }
    }
  }
}
