package import Foundation

/// Programs of this package, run by tests.
package enum ChildProcess {
  /// How a program ended, and what it wrote.
  package struct Outcome: Sendable {
    package let status: Int32
    package let wasKilled: Bool
    package let output: String
    /// The output byte by byte: it need not be text.
    package let outputBytes: [UInt8]
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

  /// Runs a program of this package, or of another path, to its end.
  ///
  /// - Parameters:
  ///   - name: The program's name, or its path.
  ///   - arguments: What it is called with.
  ///   - environment: Variables to be set besides those of this process.
  ///   - directory: The working directory; this process's own for `nil`.
  /// - Throws: If there is no such program.
  /// - Returns: How it ended, and what it wrote.
  package static func run(
    _ name: String, _ arguments: [String], environment: [String: String] = [:],
    directory: String? = nil
  ) throws -> Outcome {
    let running = try start(name, arguments, environment: environment, directory: directory)
    return running.finish()
  }

  /// Starts a program of this package, or of another path; beside it, the test goes on.
  ///
  /// - Parameters:
  ///   - name: The program's name, or its path.
  ///   - arguments: What it is called with.
  ///   - environment: Variables to be set besides those of this process.
  ///   - directory: The working directory; this process's own for `nil`.
  /// - Throws: If there is no such program.
  /// - Returns: The program, which has begun.
  package static func start(
    _ name: String, _ arguments: [String], environment: [String: String] = [:],
    directory: String? = nil
  ) throws -> Running {
    let process = Process()
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
    process.executableURL =
      name.hasPrefix("/") ? URL(fileURLWithPath: name) : products.appendingPathComponent(name)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    return Running(process: process, output: output, errors: errors)
  }
}

extension ChildProcess {
  /// A program that has begun.
  package struct Running {
    fileprivate let process: Process
    fileprivate let output: Pipe
    fileprivate let errors: Pipe

    /// Whether it has not ended.
    package var isRunning: Bool { process.isRunning }

    /// Waits for its end.
    ///
    /// - Returns: How it ended, and what it wrote.
    package func finish() -> Outcome {
      let text = output.fileHandleForReading.readDataToEndOfFile()
      let errorText = errors.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return Outcome(
        status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
        output: String(decoding: text, as: UTF8.self), outputBytes: Array(text),
        errors: String(decoding: errorText, as: UTF8.self))
    }
  }
}
