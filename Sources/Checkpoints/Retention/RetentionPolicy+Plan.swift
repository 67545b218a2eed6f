public import CheckpointStore

extension RetentionPolicy {
  /// What a ``RetentionPolicy`` makes of a list of checkpoints: what stays, what goes, and why.
  public struct Plan: Sendable, CustomStringConvertible {
    /// What is to become of one checkpoint.
    public struct Decision: Sendable, CustomStringConvertible {
      /// The checkpoint.
      public let checkpoint: RetentionPolicy.SavedCheckpoint
      /// Whether it stays.
      public let stays: Bool
      /// Why: of one that stays, what keeps it; of one that goes, what each rule has against it.
      public var reasons: [String] {
        var reasons = row.filter { $0.verdict.stays }.map(\.verdict.reason)
        if checkpoint.isPinned { reasons.insert("it is pinned", at: 0) }
        if checkpoint.isPreserved, !row.contains(where: \.rule.isPeriod) {
          reasons.append("a period has kept it for good")
        }
        if isNewest, !reasons.contains(Self.newest) { reasons.append(Self.newest) }
        return reasons.isEmpty ? row.map(\.verdict.reason) : reasons
      }
      /// Whether it stays only until others are saved, as far as TensorFlow's rules can tell: those
      /// are what a state file lists.
      package let isActive: Bool
      /// Whether a period keeps it though it is not among the latest: for good, from now on.
      package let isPreserved: Bool
      private let isNewest: Bool
      private let row: [(rule: RetentionRule, verdict: RetentionRule.Verdict)]

      /// One line: the path, what happens, and why.
      public var description: String {
        "\(checkpoint.path) \(stays ? "stays" : "goes"): \(reasons.joined(separator: "; "))"
      }
    }

    /// What is to become of each checkpoint, in the order of the list.
    public let decisions: [Decision]
    /// When the last checkpoint was saved that a period keeps though it is not among the latest.
    package let lastPreserved: CheckpointDirectory.SecondsSince1970?

    /// The checkpoints that stay, in the order of the list.
    public var kept: [RetentionPolicy.SavedCheckpoint] {
      decisions.filter(\.stays).map(\.checkpoint)
    }
    /// The checkpoints that go, in the order of the list.
    public var removed: [RetentionPolicy.SavedCheckpoint] {
      decisions.filter { !$0.stays }.map(\.checkpoint)
    }

    /// A line for each checkpoint.
    public var description: String { decisions.map(\.description).joined(separator: "\n") }
  }
}

extension RetentionPolicy {
  /// Decides what stays and what goes; nothing is done.
  ///
  /// - Parameters:
  ///   - checkpoints: In the order in which they were saved, the newest last; what counts is this
  ///     order, since clocks may have been wrong.
  ///   - start: When the first period of ``every(_:anchored:)`` begins, in seconds since 1970; without
  ///     it the first checkpoint is the beginning, and stays. TensorFlow begins when a manager or saver
  ///     is created.
  /// - Returns: The plan.
  /// - Complexity: *n* log *n* for *n* checkpoints.
  public func plan(
    for checkpoints: [RetentionPolicy.SavedCheckpoint],
    since start: CheckpointDirectory.SecondsSince1970? = nil
  )
    -> RetentionPolicy.Plan
  {
    plan(for: checkpoints, since: start, resumed: nil)
  }

  /// The same for checkpoints of several processes.
  ///
  /// - Parameters:
  ///   - checkpoints: In the order in which they were saved.
  ///   - start: When the first period begins.
  ///   - resumed: When the process began that goes on, in seconds since 1970. A grid of times does not
  ///     catch up with the time when nobody saved.
  /// - Returns: The plan.
  func plan(
    for checkpoints: [RetentionPolicy.SavedCheckpoint], since start: Double?, resumed: Double?
  )
    -> RetentionPolicy.Plan
  {
    let columns = rules.map {
      (rule: $0, verdicts: $0.verdicts(on: checkpoints, since: start, resumed: resumed))
    }
    var decisions: [RetentionPolicy.Plan.Decision] = []
    var lastPreserved = start
    for (index, checkpoint) in checkpoints.enumerated() {
      let decision = RetentionPolicy.Plan.Decision(
        checkpoint, isNewest: index == checkpoints.count - 1,
        columns.map { (rule: $0.rule, verdict: $0.verdicts[index]) })
      decisions.append(decision)
      guard decision.isPreserved else { continue }
      let time = checkpoint.time
      lastPreserved = checkpoint.isPreserved ? max(lastPreserved ?? time, time) : time
    }
    return RetentionPolicy.Plan(decisions: decisions, lastPreserved: lastPreserved)
  }
}

extension RetentionPolicy.Plan.Decision {
  fileprivate init(
    _ checkpoint: RetentionPolicy.SavedCheckpoint, isNewest: Bool,
    _ row: [(rule: RetentionRule, verdict: RetentionRule.Verdict)]
  ) {
    (self.checkpoint, self.isNewest, self.row) = (checkpoint, isNewest, row)
    stays =
      checkpoint.isPinned || checkpoint.isPreserved || isNewest
      || row.contains { $0.verdict.stays }
    let isRecent = isNewest || row.contains { $0.rule.isRecency && $0.verdict.stays }
    let isHeld = row.contains { $0.rule.isLasting && $0.verdict.stays }
    let isPeriodical = row.contains { $0.rule.isPeriod && $0.verdict.stays }
    isPreserved = checkpoint.isPreserved || (isPeriodical && !isRecent)
    isActive = isRecent && !isHeld && !checkpoint.isPinned && !checkpoint.isPreserved
  }

  private static let newest = "it is the newest"
}

extension RetentionRule {
  /// Whether it keeps one of each period.
  var isPeriod: Bool {
    if case .every = self { true } else { false }
  }

  // Rules that TensorFlow's manager does not have: what they keep it would delete.
  fileprivate var isLasting: Bool { !isRecency && !isPeriod }
}
