import Foundation
import Testing

@testable import CheckpointGraph

/// Proves that a search for variables looks into nothing of this package's own.
@Suite struct ModuleOfTypeTests {
  @Test func `keeps to itself what the types of every module of this package consist of`() throws {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Package.swift")
    let text = try String(contentsOf: package, encoding: .utf8)
    let modules = text.matches(of: /layer\(\s*"(\w+)"/).map { String($0.1) }
    #expect(modules.contains("Checkpoints"))
    for module in modules {
      #expect(ModuleOfType.names.contains(module[...]), "\(module)")
    }
  }
}
