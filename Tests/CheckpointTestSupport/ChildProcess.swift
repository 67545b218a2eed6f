package import Foundation

/// Programs of this package, run by tests.
package enum ChildProcess {
  /// How a program ended, and what it wrote.
  package struct Outcome: Sendable {
    package let status: Int32
    package let wasKilled: Bool
    package let output: String
    package let errors: String
  }

  /// The folder with the programs that were built together with the running test.
  package static let products: URL = {
    // Linux: the tests are themselves a program there; macOS: a bundle, three folders up.
    let program = URL(fileURLWithPath: CommandLine.arguments.first ?? "")
    for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") {
      return bundle.bundleURL.deletingLastPathComponent()
    }
    return program.deletingLastPathComponent()
  }()

  /// Runs a program to its end.
  ///
  /// - Parameter directory: The working directory; this process's own for `nil`.
  package static func run(
    _ name: String,
    _ arguments: [String],
    environment: [String: String] = [:],
    directory: String? = nil
  ) throws -> Outcome {
    let process = Process()
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
    process.executableURL = products.appendingPathComponent(name)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let errorText = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus,
      wasKilled: process.terminationReason == .uncaughtSignal,
      output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: errorText, as: UTF8.self)
    )
  }
}
