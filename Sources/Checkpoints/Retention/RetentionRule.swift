import CheckpointIO

/// One of the rules that a policy consists of.
enum RetentionRule: Sendable, Hashable, CustomStringConvertible {
  case all
  case latest(Int)
  case every(RetentionPolicy.Period, RetentionPolicy.Anchor)
  case everySteps(Int)
  case best(Int, String, RetentionPolicy.Order)

  /// What a rule says of a checkpoint, and why.
  struct Verdict: Sendable {
    let stays: Bool
    private let reasoning: @Sendable () -> String

    /// - Parameters:
    ///   - stays: Whether it stays.
    ///   - reason: Why; put into words only if somebody asks.
    init(stays: Bool, reason: @autoclosure @escaping @Sendable () -> String) {
      (self.stays, reasoning) = (stays, reason)
    }

    var reason: String { reasoning() }
  }

  /// What the rule says of each checkpoint.
  ///
  /// Verdicts on those that stay do not change when others go.
  ///
  /// - Parameters:
  ///   - checkpoints: In the order in which they were saved.
  ///   - start: When the first period begins, in seconds since 1970; `nil` for the first save.
  ///   - resumed: When the process began that goes on; `nil` for one that was there all the time.
  /// - Returns: A verdict for each, in the same order.
  func verdicts(
    on checkpoints: [RetentionPolicy.SavedCheckpoint], since start: Double?, resumed: Double?
  )
    -> [Verdict]
  {
    switch self {
    case .all:
      checkpoints.map { _ in Verdict(stays: true, reason: "all stay") }
    case .latest(let count):
      checkpoints.indices.map { Self.latest(count, newer: checkpoints.count - 1 - $0) }
    case .every(let period, let anchor):
      PeriodWalk(period, anchor, since: start, resumed: resumed).verdicts(on: checkpoints)
    case .everySteps(let count):
      Self.everySteps(count, checkpoints)
    case .best(let count, let metric, let order):
      Self.best(count, metric, order, checkpoints)
    }
  }

  /// Whether what it keeps now, it will let go by itself: by others that are saved later.
  var isRecency: Bool {
    switch self {
    case .all, .latest: true
    case .every, .everySteps, .best: false
    }
  }

  var description: String {
    switch self {
    case .all: "all"
    case .latest(let count): "the latest \(count)"
    case .every(let period, .lastKept): "one every \(period)"
    case .every(let period, .grid): "one for each \(period) since the beginning"
    case .everySteps(let count): "one every \(count) steps"
    case .best(let count, let metric, .lowest): "the \(count) with the lowest '\(metric)'"
    case .best(let count, let metric, .highest): "the \(count) with the highest '\(metric)'"
    }
  }

  /// What is wrong with its numbers.
  var problem: CheckpointError? {
    switch self {
    case .latest(let count) where count < 1, .everySteps(let count) where count < 1,
      .best(let count, _, _) where count < 1:
      CheckpointError(
        .invalidArgument,
        "'\(self)' cannot be kept, the number is 1 at least; '.all' keeps all checkpoints")
    case .every(let period, _) where !(period.seconds > 0):
      CheckpointError(.invalidArgument, "'\(self)' cannot be kept, the period has no length")
    default: nil
    }
  }
}

// Rules without a state.
extension RetentionRule {
  private static func latest(_ count: Int, newer: Int) -> Verdict {
    if newer == 0 { return Verdict(stays: true, reason: "it is the newest") }
    if newer < count { return Verdict(stays: true, reason: "it is one of the latest \(count)") }
    return Verdict(
      stays: false, reason: "\(newer) \(newer == 1 ? "is" : "are") newer, the latest \(count) stay")
  }

  private static func everySteps(_ count: Int, _ checkpoints: [RetentionPolicy.SavedCheckpoint])
    -> [Verdict]
  {
    guard count > 0 else { return checkpoints.map { _ in Verdict(stays: false, reason: "never") } }
    var taken: Set<Int> = [0]
    return checkpoints.map { checkpoint in
      guard let step = checkpoint.step else {
        return Verdict(stays: false, reason: "its step is not known")
      }
      let multiple = max(0, step / count)
      guard taken.insert(multiple).inserted else {
        let next = multiple.addingReportingOverflow(1).partialValue
          .multipliedReportingOverflow(by: count).partialValue
        return Verdict(stays: false, reason: "the next to stay is the first from step \(next) on")
      }
      return Verdict(stays: true, reason: "it is the first from step \(multiple * count) on")
    }
  }

  /// What a rule of the best ones goes by; `nil` for other rules.
  var ranking: (metric: String, order: RetentionPolicy.Order)? {
    if case .best(_, let metric, let order) = self { (metric, order) } else { nil }
  }

  /// The checkpoints that have a metric, the best first, of equal ones the oldest.
  static func ranked(
    _ checkpoints: [RetentionPolicy.SavedCheckpoint], by metric: String,
    _ order: RetentionPolicy.Order
  ) -> [Int] {
    let values = checkpoints.map { checkpoint in
      checkpoint.metrics[metric].flatMap { $0.isNaN ? nil : $0 }
    }
    return values.indices.filter { values[$0] != nil }.sorted { left, right in
      let (one, other) = (values[left] ?? 0, values[right] ?? 0)  // those without are left out
      guard one != other else { return left < right }
      return order == .lowest ? one < other : one > other
    }
  }

  private static func best(
    _ count: Int, _ metric: String, _ order: RetentionPolicy.Order,
    _ checkpoints: [RetentionPolicy.SavedCheckpoint]
  ) -> [Verdict] {
    let ranked = ranked(checkpoints, by: metric, order)
    let places = Dictionary(uniqueKeysWithValues: ranked.enumerated().map { ($1, $0 + 1) })
    return checkpoints.indices.map { index in
      guard let place = places[index], let value = checkpoints[index].metrics[metric] else {
        return Verdict(stays: false, reason: "it has no '\(metric)'")
      }
      return Verdict(
        stays: place <= count,
        reason: "its '\(metric)' of \(value) is number \(place), the best \(count) stay")
    }
  }
}
