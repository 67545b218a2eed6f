import CheckpointStore
import CheckpointIO
import Synchronization

/// The saves of a manager in the background: one at a time, and one that waits.
final class BackgroundQueue: Sendable {
  /// Writes a checkpoint, unless it is not time yet; runs on a thread of its own.
  typealias Work = @Sendable (OperationProgress) throws(CheckpointError) -> ManagedSave.Finished?

  private struct Job: Sendable {
    let save: CheckpointManager.BackgroundSave
    let work: Work
  }

  private struct State {
    var running: Job?
    var waiting: Job?
    var failed: [CheckpointManager.BackgroundSave] = []
  }

  private let state = Mutex(State())
  private let thread = BackgroundThread()

  /// Whether a save is under way.
  var isBusy: Bool { state.withLock { $0.running != nil } }

  /// Begins a save as soon as no other is under way; one that is waiting already ends without having
  /// begun.
  func add(_ work: @escaping Work) -> CheckpointManager.BackgroundSave {
    let job = Job(save: CheckpointManager.BackgroundSave(), work: work)
    let (isNext, superseded) = state.withLock { state -> (Bool, Job?) in
      guard state.running != nil else {
        state.running = job
        return (true, nil)
      }
      defer { state.waiting = job }
      return (false, state.waiting)
    }
    if isNext { thread.run { self.run(job) } }
    superseded?.save.finish(.success(nil))
    return job.save
  }

  private func run(_ first: Job) {
    var next: Job? = first
    while let job = next {
      let outcome = Self.outcome(of: job)
      next = state.withLock { state in
        if case .failure = outcome { state.failed.append(job.save) }
        (state.running, state.waiting) = (state.waiting, nil)
        return state.running
      }
      job.save.finish(outcome)
    }
  }

  private static func outcome(of job: Job) -> CheckpointManager.BackgroundSave.Outcome {
    do throws(CheckpointError) {
      return .success(try job.work(job.save.operation))
    } catch {
      return .failure(error)
    }
  }

  // MARK: Waiting

  private var last: CheckpointManager.BackgroundSave? {
    state.withLock { ($0.waiting ?? $0.running)?.save }
  }

  /// Waits until nothing is under way and nothing waits.
  func waitUntilIdle() {
    while let save = last { save.waitUntilFinished() }
  }

  /// Waits until nothing is under way and nothing waits.
  func untilIdle() async {
    while let save = last { await save.untilFinished() }
  }

  /// The saves that have failed since this was asked the last time.
  func takeFailed() -> [CheckpointManager.BackgroundSave] {
    state.withLock { state in
      defer { state.failed = [] }
      return state.failed
    }
  }
}
