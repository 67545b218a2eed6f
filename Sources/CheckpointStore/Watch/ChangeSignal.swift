import Synchronization

/// Wakes one task that waits for a change; a change that comes before it waits counts.
final class ChangeSignal: Sendable {
  private struct State {
    var hasChanged = false
    var waiting: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  /// Says that something has changed.
  func send() {
    let waiting = state.withLock { state in
      state.hasChanged = state.waiting == nil
      return state.waiting.take()
    }
    waiting?.resume()
  }

  /// Waits for a change, until the deadline at the longest, or until the task is cancelled.
  func wait(until deadline: ContinuousClock.Instant) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.wait() }
      group.addTask { try? await Task.sleep(until: deadline, clock: .continuous) }
      await group.next()
      group.cancelAll()  // whichever is left
    }
  }

  private func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          // A task that is cancelled already has had its handler called, or will have: it needs this
          // lock, and finds the continuation.
          guard !state.hasChanged, !Task.isCancelled else {
            state.hasChanged = false
            return true
          }
          state.waiting = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiting.take() }?.resume()
    }
  }
}
