import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that the rules for keeping checkpoints keep what TensorFlow's two classes keep, with a
/// clock of ours in both.
@Suite(.enabled(if: TensorFlow.isInstalled), .serialized)
struct RetentionInteropTests {
  /// Times of saves, in seconds since 1970; the first is when the manager or saver is created.
  struct Times: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let seconds: [Double]

    /// Steady saves with pauses of many hours, all multiples of half a second.
    init(seed: UInt64, count: Int = 30) {
      var rng = SeededGenerator(seed: seed)
      var now = 1_700_000_000.0
      var seconds = [now]
      for _ in 0..<count {
        let pause = Int.random(in: 0..<8, using: &rng) == 0
        let halves = Int.random(in: 1...(pause ? 72_000 : 7_200), using: &rng)
        now += Double(halves) / 2
        seconds.append(now)
      }
      self.seconds = seconds
      testDescription = "seed \(seed)"
    }

    /// A save each half hour: times that lie exactly on the borders of periods.
    init(halfHours count: Int) {
      seconds = (0...count).map { 1_700_000_000 + 1_800 * Double($0) }
      testDescription = "each half hour"
    }
  }

  static let times = [Times(halfHours: 24)] + (1...5).map { Times(seed: $0) }

  /// What is left when each save is followed by carrying out the plan.
  private func simulate(_ policy: RetentionPolicy, _ times: Times, start: Double) throws -> (
    files: [Int], plan: RetentionPolicy.Plan
  ) {
    var left: [RetentionPolicy.SavedCheckpoint] = []
    var plan = policy.plan(for: [])
    for (step, time) in times.seconds.enumerated().dropFirst() {
      left.append(RetentionPolicy.SavedCheckpoint(path: "run/m-\(step)", step: step, time: time))
      plan = policy.plan(for: left, since: start)
      left = plan.kept
    }
    return (left.compactMap(\.step), plan)
  }

  @Test(arguments: times, [(3, 0.5), (2, 1), (1, 2), (4, 5)])
  func `keeps what TensorFlow's manager keeps`(times: Times, numbers: (keep: Int, hours: Double))
    throws
  {
    let directory = try TemporaryDirectory()
    let answer = try TensorFlow.shared.ask([
      "cmd": "run_manager", "directory": directory.path, "runs": [times.seconds],
      "keep": numbers.keep, "hours": numbers.hours,
    ])
    let runs = try #require(answer["runs"] as? [[String: Any]])
    let policy = RetentionPolicy.latest(numbers.keep).or(.everyHours(numbers.hours))
    let start = times.seconds[0] - 1  // as TensorFlow has it
    let (files, plan) = try simulate(policy, times, start: start)
    #expect(files == runs.first?["files"] as? [Int])
    let active = plan.decisions.filter(\.isActive).compactMap(\.checkpoint.step)
    #expect(active == runs.first?["listed"] as? [Int])
    #expect(plan.lastPreserved == runs.first?["last_preserved"] as? Double)
  }

  /// Saver row 39: the grid of times begins when the saver is created.
  @Test(arguments: times, [(3, 0.5), (2, 1), (1, 2), (4, 5)])
  func `keeps what TensorFlow's saver keeps`(times: Times, numbers: (keep: Int, hours: Double))
    throws
  {
    let directory = try TemporaryDirectory()
    let answer = try TensorFlow.shared.ask([
      "cmd": "run_saver", "directory": directory.path, "times": times.seconds,
      "keep": numbers.keep, "hours": numbers.hours,
    ])
    let policy = RetentionPolicy.latest(numbers.keep)
      .or(.everyHours(numbers.hours, anchored: .grid))
    let (files, plan) = try simulate(policy, times, start: times.seconds[0])
    #expect(files == answer["files"] as? [Int])
    let active = plan.decisions.filter(\.isActive).compactMap(\.checkpoint.step)
    #expect(active == answer["listed"] as? [Int])
  }
}
