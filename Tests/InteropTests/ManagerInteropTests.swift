import CheckpointTensors
import CheckpointStore
import CheckpointGraph
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Synchronization
import Testing

/// Proves that TensorFlow's manager goes on where ours stopped and the reverse, with the same files
/// kept as if one of them had done it all.
@Suite(.enabled(if: TensorFlow.isInstalled), .serialized)
struct ManagerInteropTests {
  private final class Clock: Sendable {
    private let seconds = Mutex(0.0)
    var now: Double {
      get { seconds.withLock { $0 } }
      set { seconds.withLock { $0 = newValue } }
    }
  }

  /// What is there after a run.
  struct Outcome: Equatable {
    var files: [Int]
    var listed: [Int]
    var lastPreserved: Double
    var state: String
  }

  struct Rules: CustomTestStringConvertible, Sendable {
    var keep: Int?
    var hours: Double?

    var testDescription: String {
      "\(keep.map { "\($0) stay" } ?? "all stay"), \(hours.map { "one every \($0) h" } ?? "none for good")"
    }

    var policy: RetentionPolicy {
      let latest = keep.map { RetentionPolicy.latest($0) } ?? .all
      return hours.map { latest.or(.everyHours($0)) } ?? latest
    }
  }

  static let rules = [
    Rules(keep: 3), Rules(keep: 1), Rules(), Rules(keep: 2, hours: 1), Rules(keep: 1, hours: 2.5),
    Rules(keep: 3, hours: 0.5),
  ]

  /// Five processes one after the other: when each begins, and when it saves.
  private static func runs(seed: UInt64) -> [[Double]] {
    var rng = SeededGenerator(seed: seed)
    var now = 1_700_000_000.0
    return (0..<5).map { _ in
      (0..<Int.random(in: 2...6, using: &rng)).map { _ in
        now += Double(Int.random(in: 1...7_200, using: &rng)) / 2
        return now
      }
    }
  }

  private func theirs(_ run: [Double], _ rules: Rules, _ directory: TemporaryDirectory) throws
    -> Outcome
  {
    var command: [String: Any] = ["cmd": "run_manager", "directory": directory.path, "runs": [run]]
    command["keep"] = rules.keep
    command["hours"] = rules.hours
    let answer = try TensorFlow.shared.ask(command)
    let outcome = try #require((answer["runs"] as? [[String: Any]])?.first)
    return Outcome(
      files: try #require(outcome["files"] as? [Int]),
      listed: try #require(outcome["listed"] as? [Int]),
      lastPreserved: try #require(outcome["last_preserved"] as? Double),
      state: String(decoding: try directory.bytes("checkpoint"), as: UTF8.self))
  }

  private func ours(_ run: [Double], _ rules: Rules, _ directory: TemporaryDirectory) throws
    -> Outcome
  {
    let clock = Clock()
    clock.now = run[0]
    let weights = Variable<Float>(Tensor([1, 2]), name: "w")
    let checkpoint = try Checkpoint(["w": weights])
    let manager = try CheckpointManager(
      checkpoint, directory: directory.path, retention: rules.policy, clock: { clock.now })
    try manager.restoreOrInitialize()
    for time in run.dropFirst() {
      clock.now = time
      #expect(try #require(try manager.save()).problems.isEmpty)
    }
    let state = try #require(try CheckpointDirectory.State.read(from: directory.path))
    let indexes = directory.names.filter { $0.hasSuffix(".index") }
    return Outcome(
      files: indexes.compactMap { Int($0.dropFirst(5).dropLast(6)) }.sorted(),
      listed: state.all.compactMap { Int(Path($0).name.dropFirst(5)) },
      lastPreserved: state.lastPreserved ?? 0,
      state: String(decoding: try directory.bytes("checkpoint"), as: UTF8.self))
  }

  /// All by TensorFlow, then the same by both in turns.
  @Test(arguments: rules, [false, true])
  func `keeps what TensorFlow keeps when they take turns`(rules: Rules, beginsOurs: Bool) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      let (alone, shared) = (try TemporaryDirectory(), try TemporaryDirectory())
      for (turn, run) in Self.runs(seed: seed).enumerated() {
        let expected = try theirs(run, rules, alone)
        let isOurs = turn.isMultiple(of: 2) == beginsOurs
        let outcome = isOurs ? try ours(run, rules, shared) : try theirs(run, rules, shared)
        #expect(outcome == expected, "seed \(seed), turn \(turn)")
      }
    }
  }

  @Test func `leaves nothing that TensorFlow's manager would delete and must not`() throws {
    let directory = try TemporaryDirectory()
    let weights = Variable<Float>(Tensor([1, 2]), name: "w")
    let manager = try CheckpointManager(
      Checkpoint(["w": weights]), directory: directory.path,
      retention: .latest(3).or(.best(2, by: "loss", .lowest)).or(.everySteps(4)))
    for number in 1...9 {
      try manager.save(metrics: ["loss": number == 2 ? 0 : 10 - Double(number)])
    }
    try manager.pin(directory.path("ckpt-9"))
    let before = Set(directory.names.filter { $0.hasSuffix(".index") })
    #expect(before == Set([2, 4, 7, 8, 9].map { "ckpt-\($0).index" }))
    let now = 2_000_000_000.0
    let outcome = try theirs([now, now + 1, now + 2, now + 3], Rules(keep: 1), directory)
    #expect(outcome.files == [2, 4, 8, 9, 12])  // 8 is one of four steps, 9 the best and pinned
  }

  @Test func `lets TensorFlow begin again after a crash between files`() throws {
    let directory = try TemporaryDirectory()
    _ = try ours([1_700_000_000, 1_700_000_010, 1_700_000_020], Rules(keep: 2), directory)
    // As TensorFlow leaves it if it dies before the state file knows.
    _ = try theirs([1_700_000_030, 1_700_000_040], Rules(keep: 5), directory)
    let outcome = try ours([1_700_000_050, 1_700_000_060], Rules(keep: 2), directory)
    #expect(outcome.files == [3, 4])
  }
}
