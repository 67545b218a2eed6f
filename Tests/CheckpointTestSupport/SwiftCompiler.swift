import Foundation

/// The Swift compiler, asked about code that uses the modules that were built together with the
/// running test.
package struct SwiftCompiler: Sendable {
  /// The compiler, if there is one that can read the modules.
  package static let shared: SwiftCompiler? = {
    let compiler = SwiftCompiler()
    return (try? compiler.errors(in: "import Checkpoints"))?.isEmpty == true ? compiler : nil
  }()

  private let arguments: [String]

  private init() {
    let products = ChildProcess.products
    let files = FileManager.default
    let maps = ((try? files.contentsOfDirectory(atPath: products.path)) ?? []).lazy
      .map { products.appending(path: $0).appending(path: "module.modulemap").path }
      .filter { files.fileExists(atPath: $0) }
    arguments =
      ["swiftc", "-typecheck", "-swift-version", "6", "-diagnostic-style", "llvm"]
      + ["-I", products.appending(path: "Modules").path]
      + maps.flatMap { ["-Xcc", "-fmodule-map-file=\($0)"] }
  }

  /// What is wrong with some code.
  ///
  /// - Parameters:
  ///   - code: A source file.
  ///   - isInPackage: Whether it is a file of this package, which sees what its modules share.
  /// - Returns: A text for each error.
  /// - Throws: If the compiler cannot be run.
  package func errors(in code: String, inPackage isInPackage: Bool = false) throws -> [String] {
    let directory = try TemporaryDirectory()
    let file = directory.path("main.swift")
    try code.write(toFile: file, atomically: true, encoding: .utf8)
    let package = isInPackage ? ["-package-name", Self.packageName] : []
    let outcome = try ChildProcess.run("/usr/bin/env", arguments + package + [file])
    let errors = outcome.errors.split(separator: "\n").compactMap { line in
      line.firstRange(of: ": error: ").map { String(line[$0.upperBound...]) }
    }
    return errors.isEmpty && outcome.status != 0 ? [outcome.errors] : errors
  }

  // What SwiftPM calls it: the name of the package's folder, as an identifier.
  private static let packageName: String = {
    let folder = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized
    return String(
      folder.lastPathComponent.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
  }()
}
