import CheckpointIO

/// Which checkpoints stay when there are many.
///
///     let policy = RetentionPolicy.latest(5)
///       .or(.everyHours(2))
///       .or(.best(3, by: "loss", .lowest))
///     print(policy.plan(for: checkpoints))
///     // run/ckpt-1 goes: 6 are newer, the latest 5 stay; ...
///     // run/ckpt-2 stays: 2.1 h after the last one kept for good, which is 2 h or more
///
/// A checkpoint stays if one of the rules keeps it. The newest always stays, and so do pinned ones.
/// A policy only decides about the list that it gets, so you can try one out, and nothing is
/// deleted. It decides the same after the checkpoints that it does not keep have been deleted.
public struct RetentionPolicy: Sendable, Hashable, CustomStringConvertible {
  /// What a period between checkpoints is counted from.
  public enum Anchor: Sendable, Hashable {
    /// The last checkpoint that the period has kept. TensorFlow's `CheckpointManager` does this.
    case lastKept
    /// A grid of times that begins with the first save, whatever was kept.
    ///
    /// TensorFlow's `Saver` does this. After a pause longer than the period, it keeps all
    /// checkpoints until it has caught up.
    case grid
  }

  /// Which values of a metric are better.
  public enum Order: Sendable, Hashable {
    /// Low ones, as of a loss.
    case lowest
    /// High ones, as of an accuracy.
    case highest
  }

  let rules: [RetentionRule]

  /// All stay.
  public static let all = RetentionPolicy(rules: [.all])

  /// The newest ones stay: TensorFlow's `max_to_keep`.
  ///
  /// - Parameter count: How many, 1 at least. For TensorFlow's `None`, use ``all``.
  /// - Returns: A policy with this rule only.
  public static func latest(_ count: Int) -> RetentionPolicy {
    RetentionPolicy(rules: [.latest(count)])
  }

  /// One of each period stays: TensorFlow's `keep_checkpoint_every_n_hours`.
  ///
  /// If the clock was set back since the last one that was kept, the next one is kept.
  ///
  /// - Parameters:
  ///   - period: How long it is; more than nothing.
  ///   - anchor: What it is counted from.
  /// - Returns: A policy with this rule only.
  public static func every(_ period: Duration, anchored anchor: Anchor = .lastKept)
    -> RetentionPolicy
  {
    RetentionPolicy(rules: [.every(Period(period), anchor)])
  }

  /// One of so many hours stays: ``every(_:anchored:)``, as TensorFlow counts.
  ///
  /// - Parameters:
  ///   - hours: How many, or which part of one; more than nothing.
  ///   - anchor: What they are counted from.
  /// - Returns: A policy with this rule only.
  public static func everyHours(_ hours: Double, anchored anchor: Anchor = .lastKept)
    -> RetentionPolicy
  {
    RetentionPolicy(rules: [.every(.hours(hours), anchor)])
  }

  /// The first checkpoint at or after each multiple of a number of steps stays.
  ///
  /// - Parameter count: How many steps, 1 at least.
  /// - Returns: A policy with this rule only.
  public static func everySteps(_ count: Int) -> RetentionPolicy {
    RetentionPolicy(rules: [.everySteps(count)])
  }

  /// The best ones stay.
  ///
  /// If several are equal, those that were saved first stay.
  ///
  /// - Parameters:
  ///   - count: How many, 1 at least.
  ///   - metric: The metric that they are compared by. A checkpoint without it, or whose value is
  ///     not a number, is not among the best.
  ///   - order: Which values are better.
  /// - Returns: A policy with this rule only.
  public static func best(_ count: Int, by metric: String, _ order: Order) -> RetentionPolicy {
    RetentionPolicy(rules: [.best(count, metric, order)])
  }

  /// Keeps what this policy or another one keeps.
  public func or(_ other: RetentionPolicy) -> RetentionPolicy {
    RetentionPolicy(rules: rules + other.rules.filter { !rules.contains($0) })
  }

  /// The rules in words: `the latest 5, or one every 2 h`.
  public var description: String { rules.map(\.description).joined(separator: ", or ") }

  /// Refuses numbers that make no sense, such as the latest 0.
  package func check() throws(CheckpointError) {
    let problems = rules.compactMap(\.problem)
    let error = CheckpointError.combining(problems) { "\($0) rules for keeping make no sense" }
    if let error { throw error }
  }
}
