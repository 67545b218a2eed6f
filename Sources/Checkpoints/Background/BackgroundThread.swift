import CheckpointPlatform
import Foundation
import Synchronization

/// A thread that waits for work, and gives way to the threads that bring it.
///
/// A thread that is woken up may be given the core of the one that has woken it, at once, if that one
/// has had its share: a program that hands work to an ordinary thread, those of Dispatch among them,
/// and has kept all cores busy before, waits until the other one has used its time or waits for a disk:
/// 2 to 15 ms for a save. On Linux the policy `SCHED_BATCH` keeps a thread from that, and takes nothing
/// else from it: cores are shared out as before. It counts only if the thread has it before it is woken,
/// and so this one is there before there is work, and stays.
/// Source: sched(7); kernel/sched/fair.c, `check_preempt_wakeup_fair`.
final class BackgroundThread: Sendable {
  typealias Work = @Sendable () -> Void

  private let inbox = Inbox()
  private let isStarted = Mutex(false)

  /// Has the thread do some work, after all that it has been given before.
  ///
  /// The first one starts the thread.
  func run(_ work: @escaping Work) {
    isStarted.withLock { isStarted in
      if !isStarted { start() }
      isStarted = true
    }
    inbox.add(work)
  }

  private func start() {
    let thread = Thread { [inbox] in
      waitAsBatchJob()
      while let work = inbox.next() { work() }
    }
    thread.name = "checkpoints.background"
    thread.qualityOfService = .utility
    thread.start()
  }

  // What has been given to it is still done; it may be this thread itself that comes here.
  deinit { inbox.add(nil) }
}

/// What a thread has to do.
private final class Inbox: Sendable {
  private let work = Mutex<[BackgroundThread.Work?]>([])
  private let arrivals = DispatchSemaphore(value: 0)

  /// Adds work; `nil` is the end of it.
  func add(_ work: BackgroundThread.Work?) {
    self.work.withLock { $0.append(work) }
    arrivals.signal()
  }

  /// Waits for work; `nil` when there will be no more.
  func next() -> BackgroundThread.Work? {
    arrivals.wait()
    return work.withLock { $0.isEmpty ? nil : $0.removeFirst() }
  }
}
