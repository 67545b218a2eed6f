import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a process killed in a save of several leaves the old checkpoint or the new one, whole, that the
/// others end with an error that names it, and that the next save leaves no litter.
///
/// `CHECKPOINTS_KILLS` says how many times a process is killed; each at a file call of its own, by chance.
@Suite(.serialized) struct SharedKillTests {
  private static let kills =
    ProcessInfo.processInfo.environment["CHECKPOINTS_KILLS"].flatMap { Int($0) }
    ?? (TestCases.areAll ? 6 : 2)
  private static let patience = 2.0

  private func start(
    _ rank: Int, of count: Int, _ value: Int, killedAt call: Int, in path: String,
    patience: Double = patience
  ) throws -> ChildProcess.Running {
    try ChildProcess.start(
      "crashing-saver",
      [path, "\(value)", "1", "shared:\(rank):\(count):\(patience)", "\(call)"])
  }

  /// Saves in peace.
  ///
  /// - Returns: How many file calls each process has made.
  @discardableResult
  private func saveAll(_ count: Int, _ value: Int, in path: String) throws -> [Int] {
    let all = try (0..<count).map {
      try start($0, of: count, value, killedAt: .max, in: path, patience: 60)
    }
    return try all.map { process in
      let lines = process.finish().output.split(separator: "\n")
      #expect(lines.first == "saved \(value)", "\(lines)")
      return try #require(lines.last.flatMap { Int($0) })
    }
  }

  @Test(arguments: [true, false])
  func `a process that is killed costs the save, and nothing else`(isLeader: Bool) throws {
    var generator = SeededGenerator(seed: isLeader ? 1 : 2)
    let directory = try TemporaryDirectory("killed")
    let path = directory.path("model")
    let count = 3
    let calls = try saveAll(count, 0, in: path)
    var standing: Float = 0
    var killed = 0
    for next in 1...Self.kills {
      let victim = isLeader ? 0 : Int.random(in: 1..<count, using: &generator)
      let call = Int.random(in: 0..<calls[victim], using: &generator)
      let all = try (0..<count).map { rank in
        try start(rank, of: count, next, killedAt: rank == victim ? call : .max, in: path)
      }
      let outcomes = all.map { $0.finish() }
      let left = try #require(try oneValue(path))
      #expect(left == standing || left == Float(next), "victim \(victim), call \(call)")
      standing = left
      killed += outcomes[victim].wasKilled ? 1 : 0
      for (rank, outcome) in outcomes.enumerated() where rank != victim {
        guard outcomes[victim].wasKilled else { break }
        let isSaved = outcome.output.hasPrefix("saved")
        // Only after the commit can it be unknown to the others that somebody is gone.
        #expect(
          !isSaved || left == Float(next), "victim \(victim), call \(call): \(outcome.output)")
        guard !isSaved else { continue }
        #expect(
          outcome.output.contains("process \(victim) of \(count) did not come"),
          "victim \(victim), call \(call): \(outcome.output) \(outcome.errors)")
      }
    }
    // One that comes too late makes fewer calls, and is not killed.
    #expect(killed * 2 >= Self.kills)
    if Self.kills > 6 { print("\(killed) of \(Self.kills) saves: process killed") }
    try saveAll(count, 1_000, in: path)
    #expect(try oneValue(path) == 1_000)
    let litter = directory.names.filter { $0.contains("swift-checkpoints") }
    #expect(litter.isEmpty, "\(litter)")
    #expect(directory.names.count == 2 + count, "\(directory.names)")
  }
}
