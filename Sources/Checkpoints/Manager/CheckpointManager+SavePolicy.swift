import CheckpointIO

extension CheckpointManager {
  /// When a manager saves if it is asked at every step.
  ///
  ///     let manager = try CheckpointManager(
  ///       checkpoint, directory: "run", retention: .latest(5),
  ///       saving: .everySteps(500).or(.every(.seconds(600))))
  ///     for step in 1... {
  ///       train()
  ///       try manager.save(step: step)  // does nothing most of the time
  ///     }
  ///
  /// The manager saves if one of the rules says so. It saves the first time it is asked, unless it
  /// has just restored.
  public struct SavePolicy: Sendable, Hashable {
    private var stepCount: Int?
    private var period: RetentionPolicy.Period?

    /// Whenever it is asked.
    public static let always = CheckpointManager.SavePolicy()

    /// If so many steps have passed since the last save: TensorFlow's `checkpoint_interval`.
    ///
    /// - Parameter count: How many, 1 at least.
    /// - Returns: A policy with this rule only.
    public static func everySteps(_ count: Int) -> CheckpointManager.SavePolicy {
      var policy = CheckpointManager.SavePolicy()
      policy.stepCount = count
      return policy
    }

    /// If so much time has passed since the last save, or since a clock was set back.
    ///
    /// - Parameter period: How much; more than nothing.
    /// - Returns: A policy with this rule only.
    public static func every(_ period: Duration) -> CheckpointManager.SavePolicy {
      var policy = CheckpointManager.SavePolicy()
      policy.period = RetentionPolicy.Period(period)
      return policy
    }

    /// Saves if this policy or another one says so.
    ///
    /// If both have a number of steps, or both a period, the smaller one counts.
    public func or(_ other: CheckpointManager.SavePolicy) -> CheckpointManager.SavePolicy {
      guard self != .always, other != .always else { return .always }
      var policy = self
      policy.stepCount = [stepCount, other.stepCount].compactMap { $0 }.min()
      let periods = [period, other.period].compactMap { $0 }
      policy.period = periods.min { $0.seconds < $1.seconds }
      return policy
    }

    /// Whether it looks at steps.
    var needsStep: Bool { stepCount != nil }

    /// Whether a save is due.
    ///
    /// - Parameters:
    ///   - now: The step and the time.
    ///   - last: Those of the last save or restore; `nil` if there was none.
    ///   - isForced: Whether only a save at the same step is none.
    /// - Returns: Whether to save.
    func isDue(_ now: SaveMoment, last: SaveMoment?, isForced: Bool) -> Bool {
      guard let last, self != .always else { return true }
      if needsStep, let step = now.step, step == last.step { return false }
      guard !isForced else { return true }
      return isStepDue(now, last) || isTimeDue(now, last)
    }

    private func isStepDue(_ now: SaveMoment, _ last: SaveMoment) -> Bool {
      guard let stepCount, let step = now.step else { return false }
      guard let lastStep = last.step else { return true }
      let (next, overflows) = lastStep.addingReportingOverflow(stepCount)
      return !overflows && step >= next
    }

    private func isTimeDue(_ now: SaveMoment, _ last: SaveMoment) -> Bool {
      guard let period else { return false }
      return now.time - last.time >= period.seconds || now.time < last.time
    }

    /// Refuses numbers that make no sense.
    func check() throws(CheckpointError) {
      if let stepCount, stepCount < 1 {
        throw CheckpointError(.invalidArgument, "a save every \(stepCount) steps makes no sense")
      }
      if let period, !(period.seconds > 0) {
        throw CheckpointError(.invalidArgument, "a save every \(period) makes no sense")
      }
    }
  }
}
