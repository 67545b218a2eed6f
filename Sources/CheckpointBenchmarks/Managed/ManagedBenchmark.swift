import Checkpoints
import Foundation

// What it costs that a directory has many checkpoints: the time of a save by a manager that keeps all of them, and by
// one that deletes the oldest, less the time where there are few. And what it takes to delete many at once.

/// Measures saves into directories with many managed checkpoints.
struct ManagedBenchmark {
  private let folder: String
  private let rounds: Int
  private let counts: [Int]

  /// - Parameters:
  ///   - folder: Where the files go.
  ///   - rounds: How many saves into each directory; 0 for the usual 20.
  ///   - isQuick: Whether the directories have fewer checkpoints.
  init(folder: String, rounds: Int, isQuick: Bool) {
    self.folder = folder
    self.rounds = rounds > 0 ? rounds : 20
    counts = isQuick ? [10, 100] : [10, 1_000, 10_000]
  }

  func measure() throws {
    print("saves of a number that wait for no disk, \(rounds) each; times in ms")
    print("      kept       save       more  and delete one       more       open  sweep, each")
    let all = try counts.map { try directory(.all, $0, "all") }
    let latest = try counts.map { try directory(.latest($0), $0, "latest") }
    let (saves, replacing) = (try medians(all), try medians(latest))
    for (index, directory) in all.enumerated() {
      let (opening, sweeping) = (try directory.open(), try directory.sweep())
      print(
        pad("\(counts[index])", 10) + column(saves[index]) + column(saves[index] - saves[0])
          + column(replacing[index], 16) + column(replacing[index] - replacing[0])
          + column(opening) + column(sweeping, 13))
      fflush(nil)
    }
  }

  private func directory(_ retention: RetentionPolicy, _ count: Int, _ name: String) throws
    -> ManagedRun
  {
    try ManagedRun(count, retention, in: "\(folder)/managed-\(name)-\(count)")
  }

  // The medians of saves into each directory, one after the other.
  private func medians(_ directories: [ManagedRun]) throws -> [Double] {
    var saves: [[Double]] = directories.map { _ in [] }
    for _ in 0...rounds {
      for index in directories.indices { saves[index].append(try directories[index].save()) }
    }
    return saves.map { $0.dropFirst().sorted()[rounds / 2] }  // the first looks at all files
  }

  private func column(_ seconds: Double, _ width: Int = 11) -> String {
    pad(milliseconds(seconds), width)
  }

  private func milliseconds(_ seconds: Double) -> String { String(format: "%.3f", 1_000 * seconds) }

  private func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

/// A directory with many checkpoints, and its manager.
private struct ManagedRun {
  private let directory: String
  private let variable = Variable<Float>(0, name: "weight")
  private let checkpoint: Checkpoint
  private let manager: CheckpointManager

  /// Fills a directory: with one checkpoint, its copies, and a state file that lists them all.
  init(_ count: Int, _ retention: RetentionPolicy, in directory: String) throws {
    self.directory = directory
    var options = SaveOptions()
    options.durability = .none
    checkpoint = try Checkpoint(["weight": variable], options: options)
    try checkpoint.write(to: "\(directory)/ckpt-1")
    let paths = (1...count).map { "\(directory)/ckpt-\($0)" }
    for path in paths.dropFirst() {
      for ending in [".index", ".data-00000-of-00001"] {
        try FileManager.default.copyItem(atPath: paths[0] + ending, toPath: path + ending)
      }
    }
    let start = Date().timeIntervalSince1970 - Double(count)
    try CheckpointDirectory.State(
      latest: paths[count - 1], all: paths, timestamps: paths.indices.map { start + Double($0) }
    ).write(to: directory)
    manager = try CheckpointManager(checkpoint, directory: directory, retention: retention)
  }

  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body) / .seconds(1)
  }

  func save() throws -> Double { try seconds { try manager.save() } }

  /// The time to create a manager, which looks at everything.
  func open() throws -> Double {
    try seconds { _ = try CheckpointManager(checkpoint, directory: directory, retention: .all) }
  }

  /// The time of a save that deletes all others, for each that it deletes.
  func sweep() throws -> Double {
    let last = try CheckpointManager(checkpoint, directory: directory, retention: .latest(1))
    var count = 0
    let time = try seconds { count = try last.save()?.removed.count ?? 0 }
    return time / Double(max(1, count))
  }
}
