import Checkpoints
import Foundation

// What it costs that a directory has many checkpoints: the time of a save by a manager that keeps all of them, less
// the time of one that keeps few. And what it takes to delete many at once.

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
    print("      kept       save       more       open  sweep, each")
    let directories = try counts.map { try ManagedRun($0, in: "\(folder)/managed-\($0)") }
    var saves: [[Double]] = counts.map { _ in [] }
    for _ in 0...rounds {
      for index in counts.indices { saves[index].append(try directories[index].save()) }
    }
    let medians = saves.map { $0.dropFirst().sorted()[rounds / 2] }  // the first looks at all files
    for (index, directory) in directories.enumerated() {
      let (opening, sweeping) = (try directory.open(), try directory.sweep())
      let columns = [medians[index], medians[index] - medians[0], opening, sweeping]
      print(pad("\(counts[index])", 10) + columns.map { pad(milliseconds($0), 11) }.joined())
      fflush(nil)
    }
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
  init(_ count: Int, in directory: String) throws {
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
    manager = try CheckpointManager(checkpoint, directory: directory, retention: .all)
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
