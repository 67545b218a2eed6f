import CheckpointIO
import Foundation
import Synchronization

/// A save or restore that somebody follows: counts the bytes of its files, tells Foundation's
/// `Progress`, and stops when that is cancelled.
///
/// The files are watched, not the code that reads and writes them: every format and every executor is
/// followed in the same way.
final class OperationProgress: FileObserver {
  /// Who is told.
  let progress: Progress

  private struct Count {
    var phase = CheckpointPhase.reading
    var total: Int64 = 0
    var completed: Int64 = 0
    var told: Int64 = 0
  }

  private let count = Mutex(Count())
  private let isCancelled = Atomic(false)

  /// Follows an operation for the thread's current progress; `nil` if there is none.
  static func current() -> OperationProgress? {
    Progress.current().map { _ in OperationProgress(Progress(totalUnitCount: 0)) }
  }

  /// Follows an operation.
  ///
  /// - Parameter progress: Who is told; nobody else changes it.
  init(_ progress: Progress) {
    self.progress = progress
    progress.kind = .file
    progress.isCancellable = true
    progress.isPausable = false
    progress.cancellationHandler = { [weak self] in
      self?.isCancelled.store(true, ordering: .relaxed)
    }
    if progress.isCancelled { isCancelled.store(true, ordering: .relaxed) }
  }

  /// Begins, once it is known how many bytes there are.
  func begin(_ phase: CheckpointPhase, byteCount: UInt64) {
    count.withLock { count in
      count = Count(phase: phase, total: max(1, Int64(clamping: byteCount)))
      tell(&count)
    }
  }

  /// Ends well: what is read or written later is something else.
  func finish() {
    count.withLock { count in
      count.phase = .finished
      count.completed = count.total
      tell(&count)
    }
  }

  /// Stops: at once, while a progress tells of its being cancelled a moment later.
  func cancel() {
    isCancelled.store(true, ordering: .relaxed)
    progress.cancel()
  }

  // MARK: The files

  func moved(_ byteCount: Int) throws(CheckpointError) {
    try enter(nil) { count in
      guard count.phase != .checking else { return }  // who checks says how far it is
      count.completed = min(count.total, count.completed + Int64(byteCount))
    }
  }

  /// Tells how many bytes of how many have been checked.
  func checked(_ byteCount: UInt64, of total: UInt64) {
    count.withLock { count in
      if count.phase != .checking {
        count = Count(phase: .checking, total: max(1, Int64(clamping: total)))
        tell(&count)
      }
      count.completed = min(count.total, Int64(clamping: byteCount))
      if count.completed - count.told >= Self.step { tell(&count) }
    }
  }

  func willSync() throws(CheckpointError) { try enter(.syncing) { _ in } }

  func willRename(to path: String) throws(CheckpointError) { try enter(.committing) { _ in } }

  private func enter(_ phase: CheckpointPhase?, _ change: (inout Count) -> Void)
    throws(CheckpointError)
  {
    let isOver = count.withLock { count in
      guard count.phase != .finished else { return true }
      change(&count)
      let isNew = phase.map { $0 != count.phase } ?? false
      if let phase { count.phase = phase }
      if isNew || count.completed - count.told >= Self.step { tell(&count) }
      return false
    }
    if !isOver { try check() }
  }

  /// Goes on, or not.
  ///
  /// - Throws: `cancelled` if the progress is.
  func check() throws(CheckpointError) {
    guard isCancelled.load(ordering: .relaxed) else { return }
    throw CheckpointError(.cancelled, "it was cancelled before it came to its end")
  }

  // Under the lock: `Progress` is told by one thread at a time, and in order.
  private func tell(_ count: inout Count) {
    progress.setUserInfoObject(count.phase.rawValue, forKey: .checkpointPhase)
    if progress.totalUnitCount != count.total { progress.totalUnitCount = count.total }
    progress.completedUnitCount = count.completed
    count.told = count.completed
  }

  private static let step: Int64 = 1 << 20
}

extension SaveOptions {
  /// The same options, with files that somebody follows, if anybody does.
  func followed(by progress: OperationProgress?) -> SaveOptions {
    guard let progress else { return self }
    var options = self
    options.fileSystem = ObservedFileSystem(fileSystem, observer: progress)
    return options
  }
}
