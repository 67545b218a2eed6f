import Dispatch
internal import Synchronization

/// Work that all cores share.
package enum SharedWork {
  /// Does jobs on as many threads as there are cores; the calling thread takes part, and waits for the
  /// others.
  ///
  /// Jobs are given out in order, so that the error thrown is the one that a single thread would have
  /// met first. No job begins once one has failed; those that were begun are finished. A job that is
  /// alone is done by the calling thread.
  ///
  /// - Parameters:
  ///   - next: Gives out the next job, `nil` if there is none; called by one thread at a time.
  ///   - makeTool: Makes what a thread needs for its jobs, a buffer for instance; once for each thread.
  ///   - body: Does a job; called by several threads at once.
  /// - Throws: What `body` throws.
  package static func run<Job, Tool, Failure: Error>(
    _ next: () -> Job?, with makeTool: () -> Tool, _ body: (Job, Tool) throws(Failure) -> Void
  ) throws(Failure) {
    guard let first = next() else { return }
    guard let second = next() else { return try body(first, makeTool()) }
    var failure: Failure?
    // The crew does not outlive the call: all threads have come back by then.
    withoutActuallyEscaping(next) { next in
      withoutActuallyEscaping(makeTool) { makeTool in
        withoutActuallyEscaping(body) { body in
          let crew = Crew([second, first], next, makeTool, body)
          // Dispatch runs as many of these at once as there are cores; those that come later find
          // nothing to do.
          DispatchQueue.concurrentPerform(iterations: mostThreads) { _ in crew.work() }
          failure = crew.failure
        }
      }
    }
    if let failure { throw failure }
  }

  /// Does the jobs from 0 on that are less than `count`, each once; see ``run(_:with:_:)``.
  package static func run<Failure: Error>(count: Int, _ body: (Int) throws(Failure) -> Void)
    throws(Failure)
  {
    var jobs = (0..<count).makeIterator()
    try run({ jobs.next() }, with: {}) { number, _ throws(Failure) in try body(number) }
  }

  private static let mostThreads = 64
}

/// The threads that share work.
private final class Crew<Job, Tool, Failure: Error>: @unchecked Sendable {
  // Sendable: what changes is used under the lock, as is `next`. The rest is called by all threads,
  // which is what whoever shares work out asks for.
  private let lock = Mutex(())
  private var begun: [Job]
  private var count = 0
  private var failed = Int.max
  private(set) var failure: Failure?
  private let next: () -> Job?
  private let makeTool: () -> Tool
  private let body: (Job, Tool) throws(Failure) -> Void

  /// Gathers a crew, for jobs of which the first ones have been asked for, the very first last.
  init(
    _ begun: [Job], _ next: @escaping () -> Job?, _ makeTool: @escaping () -> Tool,
    _ body: @escaping (Job, Tool) throws(Failure) -> Void
  ) {
    self.begun = begun
    self.next = next
    self.makeTool = makeTool
    self.body = body
  }

  /// Does jobs for as long as there are any.
  func work() {
    guard var (number, job) = take() else { return }
    let tool = makeTool()
    while true {
      do throws(Failure) {
        try body(job, tool)
      } catch {
        note(error, of: number)
      }
      guard let more = take() else { return }
      (number, job) = more
    }
  }

  private func take() -> (number: Int, job: Job)? {
    var taken: (number: Int, job: Job)?
    lock.withLock { _ in
      guard failure == nil, let job = begun.popLast() ?? next() else { return }
      count += 1
      taken = (count, job)
    }
    return taken
  }

  // Of several failures that of the first job counts.
  private func note(_ error: Failure, of number: Int) {
    lock.withLock { _ in
      if number < failed { (failed, failure) = (number, error) }
    }
  }
}
