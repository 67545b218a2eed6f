import CheckpointTestSupport
import Foundation
import Testing

/// A terminal of a program's own: util-linux's `script` makes one.
private enum Terminal {
  static let isAvailable: Bool = {
    let run = try? ChildProcess.run("/bin/sh", ["-c", "script -qec true /dev/null < /dev/null"])
    return run?.status == 0
  }()
}

/// Proves that colours are for terminals only.
@Suite struct ColourTests {
  private func onTerminal(_ line: String, _ environment: [String: String] = [:]) throws -> String {
    let tool = ChildProcess.products.appendingPathComponent("checkpoint").path
    var environment = environment
    environment["TERM"] = environment["TERM"] ?? "xterm"
    environment["NO_COLOR"] = environment["NO_COLOR"] ?? ""
    let script = "script -qec \"'\(tool)' \(line)\" /dev/null < /dev/null"
    return try ChildProcess.run("/bin/sh", ["-c", script], environment: environment).output
  }

  @Test(.enabled(if: Terminal.isAvailable, "util-linux's script is not there"))
  func `a terminal shows what is wrong in red`() throws {
    let prefix = ToolRun.fixture("dtypes/all")
    let line = "stats '\(prefix)' float32/scalar"
    #expect(
      try onTerminal(line).contains(
        "\u{1B}[31m1 NaN, 0 infinite, in 1 tensor: 'float32/scalar'\u{1B}[0m"))
    #expect(try !onTerminal(line, ["NO_COLOR": "1"]).contains("\u{1B}"))
    #expect(try !onTerminal(line, ["TERM": "dumb"]).contains("\u{1B}"))
    #expect(try !ToolRun.checkpoint("stats", prefix, "float32/scalar").output.contains("\u{1B}"))
  }

  @Test(.enabled(if: Terminal.isAvailable, "util-linux's script is not there"))
  func `verify and diff have colours, too`() throws {
    let (prefix, other) = (ToolRun.fixture("worked/sliced"), ToolRun.fixture("worked/two_tensors"))
    #expect(try onTerminal("verify '\(prefix)'").contains(" is \u{1B}[32mintact\u{1B}[0m: "))
    #expect(try onTerminal("diff '\(prefix)' '\(other)'").contains("\u{1B}[31m- bias\u{1B}[0m"))
  }
}
