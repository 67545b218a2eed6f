/// Looks for something again and again, less and less often: what comes soon is seen soon, and a long wait
/// takes next to no time of a core.
package struct BackOff {
  private let deadline: ContinuousClock.Instant
  private let shortest: Duration
  private let longest: Duration
  private let start: ContinuousClock.Instant
  private let notices: DirectoryNotices?

  /// Begins to wait.
  ///
  /// - Parameters:
  ///   - duration: For how long.
  ///   - shortest: How long at least between two looks, unless a notice comes.
  ///   - longest: How long at most between two looks.
  ///   - notices: What makes it look at once; `nil` for nothing.
  package init(
    for duration: Duration, shortest: Duration = .microseconds(100),
    longest: Duration = .milliseconds(50), notices: DirectoryNotices? = nil
  ) {
    (self.shortest, self.longest, self.notices) = (shortest, longest, notices)
    start = .now
    deadline = start + duration
  }

  /// Looks until it is there, or time is up.
  ///
  /// - Parameter isThere: Looks once.
  /// - Returns: Whether it is there.
  /// - Throws: What `isThere` throws.
  package func until(_ isThere: () throws(CheckpointError) -> Bool) throws(CheckpointError) -> Bool
  {
    while true {
      if try isThere() { return true }
      let now = ContinuousClock.now
      guard now < deadline else { return false }
      // An eighth of the time that has gone by, so that a wait is longer by a sixteenth on average.
      let pause = min(max((now - start) / 8, shortest), longest, deadline - now)
      if let notices { notices.wait(for: pause) } else { CheckpointIO.pause(for: pause) }
    }
  }
}
