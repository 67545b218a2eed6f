import CheckpointStore
import Foundation

extension OperationProgress {
  /// Follows an operation for the thread's current `Progress`; `nil` if there is none.
  static func current() -> OperationProgress? {
    Progress.current().map { _ in OperationProgress(telling: Progress(totalUnitCount: 0)) }
  }

  /// Follows an operation for Foundation's `Progress`, and stops it when that is cancelled.
  ///
  /// - Parameter progress: Who is told; nobody else changes it.
  convenience init(telling progress: Progress) {
    self.init { state in
      progress.setUserInfoObject(state.phase.rawValue, forKey: .checkpointPhase)
      if progress.totalUnitCount != state.totalByteCount {
        progress.totalUnitCount = state.totalByteCount
      }
      progress.completedUnitCount = state.completedByteCount
    }
    progress.kind = .file
    progress.isCancellable = true
    progress.isPausable = false
    progress.cancellationHandler = { [weak self] in self?.cancel() }
    if progress.isCancelled { cancel() }
  }
}
