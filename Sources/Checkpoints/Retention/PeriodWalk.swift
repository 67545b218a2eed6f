/// Goes through checkpoints, oldest first, and keeps one of each period.
///
/// What it does not keep leaves no trace, so that a later walk over those that are left decides
/// alike.
///
/// Source: tensorflow/python/checkpoint/checkpoint_management.py, `CheckpointManager._sweep`;
/// tensorflow/python/training/saver.py, `Saver._MaybeDeleteOldCheckpoints`.
struct PeriodWalk {
  private let period: RetentionPolicy.Period
  private let anchor: RetentionPolicy.Anchor
  private let resumed: Double?
  // If anchored at the last one kept: when the last period began. On a grid: when the next one may begin.
  private var mark: Double
  private var lastKept: Double?

  /// Begins to walk.
  ///
  /// - Parameters:
  ///   - period: How long each period is.
  ///   - anchor: What it is counted from.
  ///   - start: When the first one begins, in seconds since 1970; without it the first checkpoint is a
  ///     beginning, and stays.
  ///   - resumed: When the process began that goes on with what others have saved.
  init(
    _ period: RetentionPolicy.Period, _ anchor: RetentionPolicy.Anchor, since start: Double?,
    resumed: Double?
  ) {
    self.period = period
    self.anchor = anchor
    self.resumed = resumed
    switch anchor {
    case .lastKept: mark = start ?? -.infinity
    case .grid: mark = start.map { $0 + period.seconds } ?? -.infinity
    }
  }

  /// What is to become of each checkpoint.
  consuming func verdicts(on checkpoints: [RetentionPolicy.SavedCheckpoint]) -> [RetentionRule
    .Verdict]
  {
    checkpoints.map { checkpoint in
      resume(at: checkpoint.time)
      return checkpoint.isPreserved ? pass(checkpoint.time) : verdict(on: checkpoint.time)
    }
  }

  // After a restart, a grid goes on from then: it does not catch up with the time when nobody saved.
  private mutating func resume(at time: Double) {
    guard anchor == .grid, mark > -.infinity, let resumed, time > resumed else { return }
    mark = max(mark, resumed)
  }

  private mutating func verdict(on time: Double) -> RetentionRule.Verdict {
    if restartsClock(time) {
      return RetentionRule.Verdict(
        stays: true, reason: "clocks were set back since the last one kept for good")
    }
    switch anchor {
    case .lastKept: return sinceLastKept(time)
    case .grid: return onGrid(time)
    }
  }

  // For a checkpoint that was kept for good before, when the periods may have begun at another time.
  private mutating func pass(_ time: Double) -> RetentionRule.Verdict {
    if !restartsClock(time) {
      switch anchor {
      case .lastKept: keep(time, nextMark: max(mark, time))
      case .grid where isInherited(time):
        keep(time, nextMark: min(mark, time.nextDown) + period.seconds)
      case .grid where time > mark: _ = onGrid(time)
      case .grid: break
      }
    }
    return RetentionRule.Verdict(stays: true, reason: "a period has kept it for good")
  }

  // Whether an earlier process kept it. The grid of that process is not known, only that a mark of it had passed.
  private func isInherited(_ time: Double) -> Bool { resumed.map { time <= $0 } ?? false }

  // Whether it was saved after the last one that was kept, but has an earlier time: the clock was set back.
  private mutating func restartsClock(_ time: Double) -> Bool {
    guard let lastKept, time < lastKept else { return false }
    keep(time, nextMark: anchor == .grid ? time + period.seconds : time)
    return true
  }

  private mutating func sinceLastKept(_ time: Double) -> RetentionRule.Verdict {
    let (length, what, period) = (time - mark, what, period)
    guard time - period.seconds >= mark else {
      return RetentionRule.Verdict(
        stays: false, reason: "\(Self.text(length)) after \(what), which is less than \(period)")
    }
    let isFirst = mark == -.infinity
    keep(time, nextMark: time)
    return RetentionRule.Verdict(
      stays: true,
      reason: isFirst
        ? "it is the first" : "\(Self.text(length)) after \(what), which is \(period) or more")
  }

  private mutating func onGrid(_ time: Double) -> RetentionRule.Verdict {
    let (early, period) = (mark - time, period)
    guard time > mark else {
      return RetentionRule.Verdict(
        stays: false, reason: "\(Self.text(early)) too early for the next one of each \(period)")
    }
    let isFirst = mark == -.infinity
    keep(time, nextMark: (isFirst ? time : mark) + period.seconds)
    return RetentionRule.Verdict(
      stays: true,
      reason: isFirst ? "it is the first" : "it is the first of another \(period)")
  }

  private mutating func keep(_ time: Double, nextMark: Double) {
    (lastKept, mark) = (time, nextMark)
  }

  private var what: String { lastKept == nil ? "the beginning" : "the last one kept for good" }

  private static func text(_ seconds: Double) -> String {
    RetentionPolicy.Period.seconds(seconds).description
  }
}
