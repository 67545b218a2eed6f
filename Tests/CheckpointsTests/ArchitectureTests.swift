import Foundation
import Testing

/// Proves that modules import what the page Architecture says, and nothing else.
@Suite struct ArchitectureTests {
  private static let sources = DocumentationPage.root.appending(path: "Sources")

  /// The rows of the page's first table: modules, and what they import.
  private static func rows() throws -> [(modules: [String], imports: Set<String>)] {
    let page = sources.appending(path: "Checkpoints/Checkpoints.docc/Architecture.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let table = text.split(separator: "\n").drop { !$0.hasPrefix("|---|---|---|---|") }.dropFirst()
    return table.prefix { $0.hasPrefix("| `") }.map { line in
      let cells = line.split(separator: "|", omittingEmptySubsequences: false)
      let modules = cells[1].matches(of: /`(\w+)`/).map { String($0.1) }
      return (modules, Set(cells[2].matches(of: /\b[A-Z]\w+/).map { String($0.0) }))
    }
  }

  private static func imports(of module: String) -> Set<String> {
    let folder = sources.appending(path: module)
    let names = FileManager.default.subpaths(atPath: folder.path) ?? []
    return names.filter { $0.hasSuffix(".swift") }.reduce(into: []) { imports, name in
      let text = (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
      let line =
        /(?m)^(?:@\w+ )?(?:(?:public|package|internal) )?import (?:(?:struct|class|enum|protocol|typealias|func) )?(\w+)/
      imports.formUnion(text.matches(of: line).map { String($0.1) })
    }
  }

  @Test func `every module imports what the page says`() throws {
    let rows = try Self.rows()
    #expect(rows.count > 10)
    for (modules, imports) in rows where modules != ["Checkpoints"] {
      for module in modules {
        #expect(Self.imports(of: module) == imports, "\(module)")
      }
    }
  }

  @Test func `a module stands above all that it imports`() throws {
    var known: Set<String> = ["Dispatch", "Synchronization", "Android", "Darwin", "Glibc", "Musl"]
    for (modules, imports) in try Self.rows() where modules != ["Checkpoints"] {
      #expect(imports.isSubset(of: known), "\(modules): \(imports.subtracting(known))")
      known.formUnion(modules)
    }
    let product = Self.imports(of: "Checkpoints")
    #expect(product.subtracting(known) == ["Foundation"])
    #expect(product.isDisjoint(with: ["CheckpointTable", "CheckpointWire"]))
  }

  @Test func `the page names every module of the library`() throws {
    let rows = Set(try Self.rows().flatMap(\.modules))
    let others = ["CheckpointTool", "CheckpointBenchmarks", "CheckpointBenchmarkLimit"]
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.sources.path)
    #expect(Set(folders).subtracting(others).subtracting([".DS_Store"]) == rows)
  }

  // The walks name functions; each type among them is in the sources.
  @Test func `what the walks name is there`() throws {
    let page = Self.sources.appending(path: "Checkpoints/Checkpoints.docc/Architecture.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let code = text.components(separatedBy: "```").enumerated().filter { $0.offset % 2 == 1 }
      .map(\.element).joined(separator: "\n")
    let files = FileManager.default.subpaths(atPath: Self.sources.path) ?? []
    let swift = files.filter { $0.hasSuffix(".swift") }.map { name in
      (try? String(contentsOf: Self.sources.appending(path: name), encoding: .utf8)) ?? ""
    }.joined(separator: "\n")
    let declared = Set(
      swift.matches(of: /(?:struct|class|enum|protocol|actor) ([A-Z]\w*)/).map { String($0.1) })
    let functions = Set(swift.matches(of: /(?:func|var) (\w+)/).map { String($0.1) })
    let calls = code.matches(of: /\b([A-Z]\w+)\.(\w+)/)
    #expect(calls.count > 30)
    for call in calls {
      #expect(declared.contains(String(call.1)), "\(call.0)")
      let member = String(call.2)
      let isThere = member == "init" || functions.contains(member) || declared.contains(member)
      #expect(isThere, "\(call.0)")
    }
  }
}
