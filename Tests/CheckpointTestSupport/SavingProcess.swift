internal import Foundation
internal import Synchronization

/// A process of `crashing-saver` that saves what it is asked for, one save after the other, and is not killed.
///
/// To start a process for each of these saves takes several times as long as the saves.
package final class SavingProcess: Sendable {
  private struct Pipes {
    let process: Process
    let questions: FileHandle
    let answers: FileHandle
  }

  private let pipes: Mutex<Pipes>

  /// Starts it.
  ///
  /// - Throws: If there is no such program.
  package init() throws {
    let process = Process()
    process.executableURL = ChildProcess.products.appendingPathComponent("crashing-saver")
    process.arguments = ["judge"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    pipes = Mutex(
      Pipes(
        process: process, questions: input.fileHandleForWriting,
        answers: output.fileHandleForReading))
  }

  deinit {
    pipes.withLock { pipes in
      kill(pipes.process.processIdentifier, SIGKILL)  // other signals may be blocked
      pipes.process.waitUntilExit()
    }
  }

  /// Saves.
  ///
  /// - Parameters:
  ///   - value: The value of all elements.
  ///   - how: How `crashing-saver` is told to save.
  ///   - count: As many data files, or saves, as it is told.
  ///   - path: Where.
  /// - Returns: What it printed itself.
  /// - Throws: What went wrong.
  @discardableResult
  package func save(_ value: Int, _ how: String, count: Int = 1, to path: String) throws
    -> [String]
  {
    let question = "save\t\(path)\t\(value)\t\(count)\t\(how)\n"
    var lines = try pipes.withLock { pipes in
      try pipes.questions.write(contentsOf: Data(question.utf8))
      return try Self.answer(pipes.answers)
    }
    guard lines.popLast() == "> saved" else {
      throw Failure(what: "\(lines), asked for \(question)")
    }
    return lines
  }

  // The last line begins with `> `; nothing follows it before the next question.
  private static func answer(_ output: FileHandle) throws -> [String] {
    var text = ""
    while true {
      let more = output.availableData
      guard !more.isEmpty else { throw Failure(what: "it has ended, after: \(text)") }
      text += String(decoding: more, as: UTF8.self)
      let lines = text.split(separator: "\n").map(String.init)
      guard text.hasSuffix("\n"), let last = lines.last, last.hasPrefix("> ") else { continue }
      return lines
    }
  }

  private struct Failure: Error { let what: String }
}
