import Foundation

/// A contender's process: it prepares its data, and does a run for each line that it gets.
final class Child {
  private let process = Process()
  private let orders = Pipe()
  private let answers = Pipe()
  private var unread = Data()

  /// Starts the process, and waits until it is ready.
  init(_ command: [String]) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardInput = orders
    process.standardOutput = answers
    try process.run()
    guard try line() == Self.ready else { throw BenchmarkError("\(command) is not ready") }
  }

  /// What a process says once its data is prepared.
  static let ready = "ready"

  /// Does one run.
  func run() throws -> Measurement {
    try order()
    return try answer()
  }

  /// Tells it to do a run, while others do one.
  func order() throws {
    try orders.fileHandleForWriting.write(contentsOf: Data("run\n".utf8))
  }

  /// Waits for the end of a run.
  func answer() throws -> Measurement {
    guard let line = try line() else { throw BenchmarkError("a contender ended in a run") }
    return try JSONDecoder().decode(Measurement.self, from: Data(line.utf8))
  }

  private func line() throws -> String? {
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        defer { unread = unread[(end + 1)...] }
        return String(decoding: unread[..<end], as: UTF8.self)
      }
      let more = answers.fileHandleForReading.availableData
      guard !more.isEmpty else { return nil }
      unread += more
    }
  }

  /// Ends the process.
  func finish() {
    try? orders.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  deinit { finish() }
}

/// Why there is no result.
struct BenchmarkError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
