package import CheckpointIO
import Synchronization

/// A save or restore that somebody follows: counts the bytes of its files, tells how far it is, and
/// stops when it is cancelled.
///
/// The files are watched, not the code that reads and writes them: every format and every executor is
/// followed in the same way.
package final class OperationProgress: FileObserver {
  /// How far an operation is.
  package struct State: Sendable, Hashable {
    /// What it is doing.
    package let phase: CheckpointPhase
    /// How many bytes are done.
    package let completedByteCount: Int64
    /// How many bytes there are.
    package let totalByteCount: Int64
  }

  private let listener: @Sendable (State) -> Void

  private struct Count {
    var phase = CheckpointPhase.reading
    var total: Int64 = 0
    var completed: Int64 = 0
    var told: Int64 = 0
  }

  private let count = Mutex(Count())
  private let isCancelled = Atomic(false)

  /// Follows an operation.
  ///
  /// - Parameter listener: Is told how far it is: by one thread at a time, in order.
  package init(_ listener: @escaping @Sendable (State) -> Void) { self.listener = listener }

  /// Begins, once it is known how many bytes there are.
  package func begin(_ phase: CheckpointPhase, byteCount: UInt64) {
    count.withLock { count in
      count = Count(phase: phase, total: max(1, Int64(clamping: byteCount)))
      tell(&count)
    }
  }

  /// Ends well: what is read or written later is something else.
  package func finish() {
    count.withLock { count in
      count.phase = .finished
      count.completed = count.total
      tell(&count)
    }
  }

  /// Stops the operation at its next step.
  package func cancel() { isCancelled.store(true, ordering: .relaxed) }

  /// Whether somebody has stopped it.
  package var hasBeenCancelled: Bool { isCancelled.load(ordering: .relaxed) }

  // MARK: The files

  package func moved(_ byteCount: Int) throws(CheckpointError) {
    try enter(nil) { count in
      guard count.phase != .checking else { return }  // who checks says how far it is
      count.completed = min(count.total, count.completed + Int64(byteCount))
    }
  }

  /// Tells how many bytes of how many have been checked.
  package func checked(_ byteCount: UInt64, of total: UInt64) {
    count.withLock { count in
      if count.phase != .checking {
        count = Count(phase: .checking, total: max(1, Int64(clamping: total)))
        tell(&count)
      }
      count.completed = min(count.total, Int64(clamping: byteCount))
      if count.completed - count.told >= Self.step { tell(&count) }
    }
  }

  package func willSync() throws(CheckpointError) { try enter(.syncing) { _ in } }

  package func willRename(to path: String) throws(CheckpointError) {
    try enter(.committing) { _ in }
  }

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
  /// - Throws: `cancelled` if it is to stop.
  package func check() throws(CheckpointError) {
    guard isCancelled.load(ordering: .relaxed) else { return }
    throw CheckpointError(.cancelled, "it was cancelled before it came to its end")
  }

  // Under the lock: the listener is told by one thread at a time, and in order.
  private func tell(_ count: inout Count) {
    listener(
      State(
        phase: count.phase, completedByteCount: count.completed, totalByteCount: count.total))
    count.told = count.completed
  }

  private static let step: Int64 = 1 << 20
}

extension FileOptions {
  /// The same options, with files that somebody follows, if anybody does.
  package func followed(by progress: OperationProgress?) -> FileOptions {
    guard let progress else { return self }
    var options = self
    options.fileSystem = ObservedFileSystem(fileSystem, observer: progress)
    return options
  }
}
