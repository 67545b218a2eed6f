import CheckpointIO
import Foundation

// What it costs that several processes save together: the time of a save by all, less the time in which one
// process writes and syncs the same files. And what it costs to wait for a process that comes late.

/// Measures saves by several processes.
struct ProcessBenchmark {
  private let folder: String
  private let rounds: Int
  private let variableCount: Int

  /// - Parameters:
  ///   - folder: Where the files go.
  ///   - rounds: How many saves of each number of processes; 0 for the usual 20.
  ///   - isQuick: Whether there are fewer variables.
  init(folder: String, rounds: Int, isQuick: Bool) {
    self.folder = folder
    self.rounds = rounds > 0 ? rounds : 20
    variableCount = isQuick ? 1_000 : 10_000
  }

  func measure() throws {
    print("\(variableCount) variables of 64 numbers, \(rounds) durable saves; times in ms")
    print("processes      bytes       save      files    between")
    for count in [1, 2, 4, 8] { try measure(count) }
    try measureWaiting(8, seconds: 10)
  }

  private func start(_ count: Int, _ name: String) throws -> (orders: [ProcessOrder], [Child]) {
    let place = "\(folder)/\(name)"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    let orders = (0..<count).map {
      ProcessOrder($0, of: count, variableCount: variableCount, folder: place)
    }
    return (orders, try orders.map { try Child($0.command) })
  }

  private func measure(_ count: Int) throws {
    let (orders, children) = try start(count, "processes-\(count)")
    var saves: [Double] = []
    var files: [Double] = []
    var byteCount = 0
    for round in 0...rounds {
      for child in children { try child.order() }
      let seconds = try children.map { try $0.answer().seconds }.max() ?? 0
      let written = try WrittenFiles(of: orders[0].prefix(round), count: count)
      let alone = try written.writeAgain()
      byteCount = written.byteCount
      guard round > 0 else { continue }  // the first makes the object graph
      saves.append(seconds)
      files.append(alone)
    }
    let between = zip(saves, files).map { $0 - $1 }
    print(
      "\(pad(count, 9)) \(pad(byteCount, 10)) \([saves, files, between].map(milliseconds).joined())"
    )
    fflush(nil)
  }

  private func measureWaiting(_ count: Int, seconds: Double) throws {
    let (_, children) = try start(count, "waiting")
    for child in children { try child.order() }
    for child in children { _ = try child.answer() }
    for child in children.dropFirst() { try child.order() }
    Thread.sleep(forTimeInterval: seconds)
    try children[0].order()
    let shares = try children.map { try $0.answer() }.dropFirst().map { $0.cpuSeconds / $0.seconds }
    let most = String(format: "%.2f", 100 * (shares.max() ?? 0))
    print("waiting for process 0 for \(seconds) s: at most \(most) % of a core")
  }

  private func milliseconds(_ values: [Double]) -> String {
    let sorted = values.sorted()
    let text = String(format: "%.1f", 1000 * sorted[sorted.count / 2])
    return String(repeating: " ", count: 11 - text.count) + text
  }

  private func pad(_ number: Int, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - "\(number)".count)) + "\(number)"
  }
}

/// The files of a checkpoint, to be written again by one process.
private struct WrittenFiles {
  private let contents: [(path: String, bytes: Data)]
  private let directory: String

  init(of prefix: String, count: Int) throws {
    let paths = (0..<count).map { prefix + String(format: ".data-%05d-of-%05d", $0, count) }
    contents = try (paths + [prefix + ".index"]).map {
      ($0 + "-again", try Data(contentsOf: URL(fileURLWithPath: $0)))
    }
    directory = Path(prefix).directory
  }

  var byteCount: Int { contents.reduce(0) { $0 + $1.bytes.count } }

  /// Writes, syncs and renames the files, one after the other, and syncs the directory.
  ///
  /// - Returns: How long that took, in seconds.
  func writeAgain() throws -> Double {
    let clock = ContinuousClock()
    let system = LocalFileSystem()
    let time = try clock.measure {
      for (path, bytes) in contents {
        let file = try system.createFile(path + "-tmp")
        let content = Array(bytes)
        unsafe try file.write(content.span.bytes, at: 0)
        try file.sync()
        try file.close()
        try system.rename(path + "-tmp", to: path)
      }
      try system.syncDirectory(directory)
    }
    // The files stay: ext4 looks for a free inode the longer the more have been given back in the last minute.
    return time / .seconds(1)
  }
}
