import Foundation

/// A training in a process of its own, whose words are passed on.
final class ChildTraining {
  private let process = Process()
  private let output = Pipe()

  /// Starts this program with other arguments.
  init(_ arguments: [String]) {
    process.executableURL = Bundle.main.executableURL
    process.arguments = arguments
    process.standardOutput = output
    do { try process.run() } catch { leave("\(error)", status: 1) }
  }

  /// Waits for a line, and kills the process: it cannot do anything about it, nor after it.
  func kill(after line: String) {
    passOn { said in
      guard said.hasSuffix(line) else { return true }
      _ = Foundation.kill(process.processIdentifier, SIGKILL)
      return false
    }
    process.waitUntilExit()
  }

  /// Waits for the end; whether all went well.
  func finish() -> Bool {
    passOn { _ in true }
    process.waitUntilExit()
    return process.terminationReason == .exit && process.terminationStatus == 0
  }

  /// Whether it has been killed.
  var wasKilled: Bool {
    process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL
  }

  // Line by line, for as long as there are lines and `goesOn` wants more.
  private func passOn(while goesOn: (Substring) -> Bool) {
    var rest = Data()
    while case let data = output.fileHandleForReading.availableData, !data.isEmpty {
      rest += data
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Substring(decoding: rest[..<end], as: UTF8.self)
        rest = Data(rest[(end + 1)...])
        say(String(line))
        guard goesOn(line) else { return }
      }
    }
  }
}
