import Checkpoints
import Foundation

/// A process that lives long: nothing may grow.
struct LongLife {
  private let directory: String
  private let tally = Tally()

  init(_ directory: String) { self.directory = directory }

  /// Saves and restores, again and again, every way in turn.
  func saveAndRestore(_ count: Int) throws -> Bool {
    let variables = (0..<20).map { Variable<Float>(repeating: Float($0), shape: [100]) }
    var options = SaveOptions()
    options.durability = .none
    let checkpoint = try Checkpoint(["model": Layers(variables)], options: options)
    let manager = try CheckpointManager(checkpoint, directory: directory, retention: .latest(2))
    var early: Resources?
    for number in 1...count {
      for variable in variables {
        variable.value = Tensor(repeating: Float(number), shape: [100])
      }
      if number.isMultiple(of: 3) {
        try manager.saveInBackground()
        try manager.waitUntilFinished()
      } else {
        try manager.save()
      }
      switch number % 4 {
      case 0: try manager.restoreOrInitialize()
      case 1: try checkpoint.restore(from: directory).assertConsumed()
      case 2:
        // Of one that waits for more than there is.
        try Checkpoint(["model": Layers(Array(variables.prefix(3)))])
          .restore(from: directory).expectPartial()
      default: _ = try Verification(of: directory)
      }
      tally.count("saves and restores")
      if number == max(1, count / 5) { early = Resources() }
    }
    let isWell = tally.report(expecting: ["saves and restores"])
    return early?.holds(Resources()) != false && isWell
  }

  /// Manages as many checkpoints, and lets most of them go at once.
  func manage(_ count: Int) throws -> Bool {
    let variable = Variable<Float>(repeating: 0, shape: [10])
    var options = SaveOptions()
    options.durability = .none
    let clock = ContinuousClock()
    let manager = try CheckpointManager(
      try Checkpoint(["v": variable], options: options), directory: directory, retention: .all)
    var times: [Duration] = []
    for _ in 0..<count { times.append(try clock.measure { try manager.save() }) }
    let (first, last) = (times.prefix(100).sorted()[min(50, count / 2)], times.suffix(100).sorted())
    print("a save with few: \(first), with \(count): \(last[last.count / 2])")
    let sweeper = try CheckpointManager(
      try Checkpoint(["v": variable], options: options), directory: directory,
      retention: .latest(3))
    try sweeper.restoreOrInitialize()
    print("a save that deletes them: \(try clock.measure { try sweeper.save() })")
    if sweeper.checkpoints.count != 3 { tally.fail("\(sweeper.checkpoints.count) are left") }
    return tally.report(expecting: [])
  }
}

private final class Layers: Checkpointable {
  let variables: [Variable<Float>]

  init(_ variables: [Variable<Float>]) { self.variables = variables }
}

/// What a process has of the system's.
struct Resources {
  private let descriptors: Int
  private let threads: Int
  /// Pages in memory.
  private let pages: Int

  /// What this process has now.
  init() {
    descriptors = Self.names("/proc/self/fd").count
    threads = Self.names("/proc/self/task").count
    let memory = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    pages = memory.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  }

  private static func names(_ path: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
  }

  /// Whether no more is there later, but for what allocators and the system keep.
  func holds(_ later: Resources) -> Bool {
    print(
      "descriptors \(descriptors) and \(later.descriptors), threads \(threads) and \(later.threads), "
        + "pages \(pages) and \(later.pages)")
    return later.descriptors <= descriptors && later.threads <= threads + 2
      && later.pages <= pages + pages / 10 + 512
  }
}
