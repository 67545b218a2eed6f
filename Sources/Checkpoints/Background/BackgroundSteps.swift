import CheckpointIO
import CheckpointStore
import Foundation

/// Has a thread of its own do what waits for files, while whoever asks does something else.
///
/// The steps of one operation come one after the other. If its task is cancelled, the step that is under way
/// ends with `cancelled`.
final class BackgroundSteps: Sendable {
  /// Follows the files of the operation.
  let operation: OperationProgress
  private let thread = BackgroundThread()

  /// Begins an operation that a progress tells of, if there is one.
  init(_ progress: Progress?) {
    operation = OperationProgress(telling: progress ?? Progress(totalUnitCount: 0))
  }

  /// Has the thread do a step, and goes on where it was called.
  nonisolated(nonsending) func value<Value: Sendable>(
    of step: @escaping @Sendable () throws(CheckpointError) -> Value
  ) async throws(CheckpointError) -> Value {
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation {
        (continuation: CheckedContinuation<Result<Value, CheckpointError>, Never>) in
        thread.run { [operation] in
          continuation.resume(
            returning: Result { () throws(CheckpointError) in
              try operation.check()
              return try step()
            })
        }
      }
    } onCancel: {
      operation.cancel()
    }
    return try outcome.get()
  }
}
