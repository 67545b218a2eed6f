import CheckpointBundle
public import CheckpointIO

extension CheckpointDirectory {
  /// The checkpoints of a directory as they come: for a process that evaluates while another one
  /// trains.
  ///
  ///     for try await path in CheckpointDirectory("run").updates(timeout: .seconds(3600)) {
  ///       try checkpoint.restore(from: path).assertConsumed()
  ///       evaluate()
  ///     }
  ///
  /// Each element is the newest checkpoint at that time; those that came and were replaced meanwhile
  /// are skipped. A checkpoint comes only when it is complete: its index opens. One that is replaced
  /// under the same name comes again. It may be deleted at any time by whoever trains; keep enough of
  /// them.
  ///
  /// The sequence ends when its task is cancelled.
  /// Source: tensorflow/python/training/checkpoint_utils.py, `checkpoints_iterator`.
  public struct Updates: AsyncSequence, Sendable {
    /// A prefix, for ``Checkpoint/restore(from:at:mapping:options:fileID:line:)-(String?,_,_,_,_,_)``.
    public typealias Element = String
    /// What looking at the directory throws.
    public typealias Failure = CheckpointError

    let directory: CheckpointDirectory
    let minimumInterval: Duration
    let timeout: Duration?
    let isDone: (@Sendable () async -> Bool)?
    let pollInterval: Duration

    /// Begins to wait for checkpoints.
    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// One walk along the checkpoints.
    public struct Iterator: AsyncIteratorProtocol {
      private let updates: CheckpointDirectory.Updates
      private let watch: DirectoryWatch
      private var last: CommittedCheckpoint?
      private var lastTime: ContinuousClock.Instant?
      private var isFinished = false

      fileprivate init(_ updates: CheckpointDirectory.Updates) {
        self.updates = updates
        watch = DirectoryWatch(updates.directory.path, pollInterval: updates.pollInterval)
      }

      /// The next checkpoint; `nil` after the last.
      public mutating func next() async throws(CheckpointError) -> String? {
        try await next(isolation: nil)
      }

      /// The next checkpoint; `nil` after the last.
      ///
      /// - Throws: `io` if the system fails.
      public mutating func next(isolation actor: isolated (any Actor)?)
        async throws(CheckpointError)
        -> String?
      {
        guard !isFinished else { return nil }
        do throws(CheckpointError) {
          if let path = try await find() { return path }
        } catch {
          isFinished = true
          throw error
        }
        isFinished = true
        return nil
      }

      private nonisolated(nonsending) mutating func find() async throws(CheckpointError) -> String?
      {
        if let lastTime {
          try? await Task.sleep(until: lastTime + updates.minimumInterval, clock: .continuous)
          if await updates.isDone?() == true { return nil }
        }
        while !Task.isCancelled {
          if let new = try await waitForNew() {
            (last, lastTime) = (new, .now)
            return new.path
          }
          guard let isDone = updates.isDone, await !isDone() else { return nil }
        }
        return nil
      }

      // A checkpoint that is another one than the last; `nil` after the timeout.
      private nonisolated(nonsending) func waitForNew() async throws(CheckpointError)
        -> CommittedCheckpoint?
      {
        let deadline = updates.timeout.map { ContinuousClock.now + $0 }
        while !Task.isCancelled {
          watch.listen()
          if let new = try updates.directory.committed(otherThan: last) { return new }
          if let deadline, deadline <= .now { return nil }
          await watch.wait(until: deadline)
        }
        return nil
      }
    }
  }
}

/// A checkpoint that is complete, and what tells it from another one of the same name.
struct CommittedCheckpoint: Hashable, Sendable {
  let path: String
  let status: FileStatus
}

extension CheckpointDirectory {
  /// The checkpoints that come from now on, beginning with the newest that is there.
  ///
  /// - Parameters:
  ///   - minimumInterval: How much time lies between two elements at least.
  ///   - timeout: How long to wait for the next one; for ever without it.
  ///   - pollInterval: How often to look where the system does not tell of changes; TensorFlow looks
  ///     every second.
  ///   - isDone: Asked after a timeout and after each element whether that was the last; without it the
  ///     sequence ends with the first timeout.
  /// - Returns: The sequence.
  public func updates(
    minimumInterval: Duration = .zero, timeout: Duration? = nil,
    pollInterval: Duration = .seconds(1), isDone: (@Sendable () async -> Bool)? = nil
  ) -> CheckpointDirectory.Updates {
    CheckpointDirectory.Updates(
      directory: self, minimumInterval: minimumInterval, timeout: timeout, isDone: isDone,
      pollInterval: pollInterval)
  }

  /// The newest checkpoint, if it is complete and another one than before.
  ///
  /// A state file that is damaged says nothing until it is replaced.
  func committed(otherThan last: CommittedCheckpoint?) throws(CheckpointError)
    -> CommittedCheckpoint?
  {
    let path: String?
    do throws(CheckpointError) {
      path = try latest()
    } catch  where !error.saysNothingOfContent {
      return nil
    }
    guard let path, let status = try committedStatus(of: path) else { return nil }
    let found = CommittedCheckpoint(path: path, status: status)
    guard found != last else { return nil }
    return try isComplete(path) ? found : nil
  }
}
