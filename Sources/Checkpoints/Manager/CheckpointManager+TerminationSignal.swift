public import CheckpointIO
import CheckpointPlatform
import Synchronization

extension CheckpointManager {
  /// Notes that the process is asked to end, so that a training can save first.
  ///
  ///     let termination = try CheckpointManager.TerminationSignal()
  ///     while !termination.isReceived {
  ///       train()
  ///       try manager.save(step: step)
  ///     }
  ///     try manager.save(step: step, force: true)
  ///
  /// Schedulers send SIGTERM some time before they end a process by force, and Control-C sends
  /// SIGINT. The first such signal sets ``isReceived`` and does nothing else. A second one ends the
  /// process as usual, so that you can still stop a program that hangs. When this object is
  /// destroyed, the signals do again what they did before.
  ///
  /// A process can have only one such object at a time.
  public final class TerminationSignal: Sendable {
    private let previous: [Previous]

    /// Begins to listen.
    ///
    /// - Parameter signals: The numbers of the signals. By default, SIGTERM and SIGINT.
    /// - Throws: `busy` if there is another such object; `io` for a signal that cannot be caught.
    public init(_ signals: [Int32] = [15, 2]) throws(CheckpointError) {
      guard
        isListening.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
      else {
        throw CheckpointError(
          .busy,
          "another CheckpointManager.TerminationSignal listens in this process; use that one, or "
            + "let it go first"
        )
      }
      receivedSignal.store(0, ordering: .relaxed)
      var previous: [Previous] = []
      do throws(CheckpointError) {
        for signal in signals { previous.append(try Self.listen(to: signal)) }
      } catch {
        for entry in previous { entry.restore() }
        isListening.store(false, ordering: .relaxed)
        throw error
      }
      self.previous = previous
    }

    deinit {
      for entry in previous { entry.restore() }
      isListening.store(false, ordering: .relaxed)
    }

    /// Whether a signal has come.
    public var isReceived: Bool { signal != nil }

    /// The signal that has come, or `nil` if none has.
    public var signal: Int32? {
      let signal = receivedSignal.load(ordering: .relaxed)
      return signal == 0 ? nil : signal
    }

    private static func listen(to signal: Int32) throws(CheckpointError) -> Previous {
      var action = sigaction()
      // The handler stores one number, in memory that exists since `init` touched it: that is all that
      // a handler may do (signal-safety(7)).
      let handler: @convention(c) (Int32) -> Void = { receivedSignal.store($0, ordering: .relaxed) }
      action.setHandler(handler)
      // Once: the next one has its usual effect. Calls that are interrupted go on.
      action.sa_flags = CInt(truncatingIfNeeded: SA_RESETHAND) | SA_RESTART
      var old = sigaction()
      guard unsafe sigaction(signal, &action, &old) == 0 else {
        throw .system("listen to signal \(signal)", errno: errno, file: "")
      }
      return Previous(signal: signal, action: old)
    }
  }
}

// Shared by all, since a signal handler finds nothing else.
private let receivedSignal = Atomic<Int32>(0)
private let isListening = Atomic(false)

/// What was to happen on a signal before.
private struct Previous: @unchecked Sendable {  // never changed; pointers in it are the system's
  let signal: Int32
  private let action: sigaction

  init(signal: Int32, action: sigaction) {
    self.signal = signal
    self.action = action
  }

  func restore() {
    var action = action
    unsafe _ = sigaction(signal, &action, nil)
  }
}
