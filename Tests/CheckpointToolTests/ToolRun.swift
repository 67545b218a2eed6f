import CheckpointTestSupport
import Foundation

/// The tool as a person runs it: the program that was built with the tests.
enum ToolRun {
  /// Runs it.
  static func checkpoint(_ arguments: String...) throws -> ChildProcess.Outcome {
    try ChildProcess.run("checkpoint", arguments)
  }

  /// Runs a line of shell in which `checkpoint` is the tool, and `$1`, `$2` … are the arguments.
  static func shell(_ line: String, _ arguments: String...) throws -> ChildProcess.Outcome {
    let tool = ChildProcess.products.appendingPathComponent("checkpoint").path
    let script = "checkpoint() { \"$0\" \"$@\"; }; \(line)"
    return try ChildProcess.run("/bin/sh", ["-c", script, tool] + arguments)
  }

  /// A checkpoint that TensorFlow wrote.
  static func fixture(_ prefix: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("TensorFlowFixtureTests/Fixtures/\(prefix)").path
  }
}
