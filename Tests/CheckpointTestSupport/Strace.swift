internal import Foundation

/// Programs of this package, run while strace lets calls of theirs fail: the system itself, and no seam.
package enum Strace {
  private static let path = "/usr/bin/strace"

  /// Whether strace is installed, and may trace here.
  package static let isAvailable: Bool = {
    guard FileManager.default.isExecutableFile(atPath: path) else { return false }
    let outcome = try? ChildProcess.run(path, ["-qq", "-o", "/dev/null", "/bin/true"])
    return outcome?.status == 0
  }()

  /// Runs a program to its end.
  ///
  /// - Parameters:
  ///   - name: The program.
  ///   - arguments: What it is called with.
  ///   - injections: What goes wrong, as strace takes it: `getdents64:error=EIO:when=1`.
  ///   - paths: Only calls that are about one of these count; all for none.
  /// - Throws: If there is no such program; ``NothingWentWrong`` if it has succeeded, and no call was such a one.
  /// - Returns: How it ended, and what it wrote.
  package static func run(
    _ name: String, _ arguments: [String], injecting injections: [String], at paths: [String] = []
  ) throws -> ChildProcess.Outcome {
    let directory = try TemporaryDirectory("trace")
    let options =
      ["-f", "-qq", "-o", directory.path("trace")] + paths.flatMap { ["-P", $0] }
      + injections.flatMap { ["-e", "inject=\($0)"] }
    let program = ChildProcess.products.appendingPathComponent(name).path
    let outcome = try ChildProcess.run(path, options + [program] + arguments)
    let trace = String(decoding: try directory.bytes("trace"), as: UTF8.self)
    guard outcome.status != 0 || trace.contains("INJECTED") else {
      throw NothingWentWrong(injections: injections)
    }
    return outcome
  }

  /// None of the calls that should fail was made: what follows would show nothing.
  package struct NothingWentWrong: Error {
    /// What should have gone wrong.
    package let injections: [String]
  }
}
