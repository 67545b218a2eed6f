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
  /// - Throws: If there is no such program.
  /// - Returns: How it ended, and what it wrote.
  package static func run(
    _ name: String, _ arguments: [String], injecting injections: [String], at paths: [String] = []
  ) throws -> ChildProcess.Outcome {
    let options =
      ["-f", "-qq", "-o", "/dev/null"] + paths.flatMap { ["-P", $0] }
      + injections.flatMap { ["-e", "inject=\($0)"] }
    let program = ChildProcess.products.appendingPathComponent(name).path
    return try ChildProcess.run(path, options + [program] + arguments)
  }
}
