import CheckpointIO
import CheckpointPlatform
import Checkpoints
import Synchronization
import Testing

private let earlierSignals = Atomic(0)

/// Held by tests that listen: there is one listener in a process.
let signalListening = Mutex(())

/// Proves that a signal is noted once, and that what happened on it before happens again later.
@Suite(.serialized) struct TerminationSignalTests {
  /// Sends a signal as a scheduler does, to the process, and waits until it has had its effect.
  private func send(_ number: Int32, until isDone: () -> Bool) {
    kill(getpid(), number)
    for _ in 0..<10_000 where !isDone() { usleep(1_000) }
  }

  @Test func `notes a signal, and restores what was to happen before`() throws {
    try signalListening.withLock { _ in try noteSignals() }
  }

  private func noteSignals() throws {
    let old = signal(SIGUSR1) { _ in earlierSignals.add(1, ordering: .relaxed) }
    defer { _ = signal(SIGUSR1, old) }
    do {
      let termination = try CheckpointManager.TerminationSignal([SIGUSR1, SIGUSR2])
      #expect(!termination.isReceived)
      #expect(termination.signal == nil)
      send(SIGUSR1) { termination.isReceived }
      #expect(termination.isReceived)
      #expect(termination.signal == SIGUSR1)
    }
    #expect(earlierSignals.load(ordering: .relaxed) == 0)
    send(SIGUSR1) { earlierSignals.load(ordering: .relaxed) == 1 }
    #expect(earlierSignals.load(ordering: .relaxed) == 1)
    let again = try CheckpointManager.TerminationSignal([SIGUSR2])
    #expect(!again.isReceived)
    send(SIGUSR2) { again.isReceived }
    #expect(again.signal == SIGUSR2)
  }

  @Test func `is one at a time`() throws {
    let error = try signalListening.withLock { _ in
      let termination = try CheckpointManager.TerminationSignal([SIGUSR1])
      defer { withExtendedLifetime(termination) {} }
      return #expect(throws: CheckpointError.self) {
        try CheckpointManager.TerminationSignal([SIGUSR2])
      }
    }
    #expect(
      error?.description
        == "another CheckpointManager.TerminationSignal listens in this process; use that one, or let it "
        + "go first (busy)")
  }

  @Test func `refuses signals that cannot be caught, and leaves the others alone`() throws {
    let error = try signalListening.withLock { _ in
      let error = #expect(throws: CheckpointError.self) {
        try CheckpointManager.TerminationSignal([SIGUSR1, SIGKILL])
      }
      _ = try CheckpointManager.TerminationSignal([SIGUSR1])  // nobody listens any more
      return error
    }
    #expect(error?.code == .io)
    #expect(error?.message.hasPrefix("listen to signal 9: ") == true)
  }
}
