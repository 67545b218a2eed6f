import Foundation
import Testing

/// The tables of the page on limits: compared with the code, and with the tests that they name.
@Suite struct LimitsTests {
  @Test(arguments: LimitRow.all)
  func `a limit is the one of the code`(row: LimitRow) throws {
    let text = try #require(SourceText.named(row.type), "there is no \(row.type).swift")
    guard let constant = row.constant else { return }
    let value = try #require(SourceText.value(of: constant, in: text), "\(row.place) has no value")
    #expect(row.figures.contains(value), "\(row.field): the code says \(value)")
  }

  @Test(arguments: LimitRow.all)
  func `the test of a limit is there`(row: LimitRow) {
    #expect(
      SourceText.tests.contains { $0.contains("func `\(row.test)`") }, "no test '\(row.test)'")
    #expect(!row.codes.isEmpty)
    #expect(
      row.codes.allSatisfy { SourceText.named("CheckpointError")?.contains("let \($0) =") == true })
  }

  // A file of the code that gives up for a limit has a row, or is about what is written.
  @Test func `no limit is left out`() {
    let listed = Set(LimitRow.all.map(\.type))
    let limiting = SourceText.sources.filter { $0.text.contains(".limitExceeded,") }.map(\.name)
    let unlisted = Set(limiting).subtracting(listed).subtracting(Self.ofWriters)
      .subtracting(Self.ofErrors)
    #expect(unlisted.sorted() == [])
    #expect(LimitRow.all.count > 50)
  }

  private static let ofWriters: Set<String> = [
    "Checkpoint", "CheckpointNaming", "ModelNames", "SafetensorsEncoder", "SafetensorsLayout",
    "SavePlan+Sharding", "ShardCutter", "StoredTensor", "TableWriter", "Descriptor", "MappedFile",
  ]
  // These look at the code of an error, or give one a file; `SafetensorsFile` has its limit from the format.
  private static let ofErrors: Set<String> = [
    "CheckpointError+Damage", "ForeignContent+Errors", "PooledFile", "Verification",
    "SafetensorsFile",
  ]
}

/// A row of the page.
struct LimitRow: Sendable, CustomTestStringConvertible {
  let field: String
  private let allowed: String
  /// The kinds of errors for everything else.
  let codes: [String]
  /// Where the code has it: a type, or a constant of one.
  let place: String
  /// The name of its test.
  let test: String

  var testDescription: String { field }
  var type: String { place.split(separator: ".").first.map(String.init) ?? "" }
  var constant: String? {
    let parts = place.split(separator: ".")
    return parts.count == 2 ? String(parts[1]) : nil
  }

  /// The numbers that the row allows, in bytes where it names a unit.
  var figures: [UInt64] {
    allowed.matches(of: /([0-9][0-9,]*)(?: ([KMG])iB)?/).compactMap { match in
      let number = UInt64(match.1.filter { $0 != "," })
      let shift = match.2.map { ["K": 10, "M": 20, "G": 30][$0] ?? 0 } ?? 0
      return number.map { $0 << UInt64(shift) }
    }
  }

  /// All rows of all tables.
  static let all: [LimitRow] = {
    let page = DocumentationPage.root.appending(
      path: "Sources/Checkpoints/Checkpoints.docc/Limits.md")
    let lines = (try? String(contentsOf: page, encoding: .utf8))?.split(separator: "\n") ?? []
    return lines.filter { $0.hasPrefix("| ") && !$0.hasPrefix("| field") }.compactMap(LimitRow.init)
  }()

  private init?(_ line: Substring) {
    let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    guard cells.count == 5 else { return nil }
    (field, allowed) = (cells[0], cells[1])
    codes = cells[2].matches(of: /`(\w+)`/).map { String($0.1) }
    (place, test) = (cells[3].filter { $0 != "`" }, cells[4].filter { $0 != "`" })
  }
}

/// The text of the package.
private enum SourceText {
  static let sources = files(in: "Sources")
  static let tests = files(in: "Tests").map(\.text)

  static func named(_ name: String) -> String? { sources.first { $0.name == name }?.text }

  private static func files(in folder: String) -> [(name: String, text: String)] {
    let folder = DocumentationPage.root.appending(path: folder)
    let paths = FileManager.default.subpaths(atPath: folder.path)?.sorted() ?? []
    return paths.filter { $0.hasSuffix(".swift") }.compactMap { path in
      let url = folder.appending(path: path)
      guard let text = try? String(contentsOf: url, encoding: .utf8) else { return nil }
      return (url.deletingPathExtension().lastPathComponent, text)
    }
  }

  /// The value of a constant, or of a parameter's default: a sum of numbers and shifts.
  static func value(of name: String, in text: String) -> UInt64? {
    let marks = ["static let \(name)", "\(name): Int ="]
    let found = marks.lazy.compactMap { text.firstRange(of: $0) }.first
    guard let found, let start = text[found.lowerBound...].firstIndex(of: "=") else { return nil }
    let rest = text[text.index(after: start)...].prefix { !",\n".contains($0) }
    return sum(rest.filter { !"()_ ".contains($0) })
  }

  private static func sum(_ text: String) -> UInt64? {
    var total: UInt64 = 0
    for term in text.split(separator: "+") {
      let parts = term.split(separator: "-")
      guard let first = parts.first.flatMap({ shift($0) }) else { return nil }
      total += first - parts.dropFirst().reduce(0) { $0 + (shift($1) ?? 0) }
    }
    return total
  }

  private static func shift(_ text: Substring) -> UInt64? {
    let numbers = text.split(separator: "<<").map { UInt64($0) }
    guard let first = numbers.first, let first else { return nil }
    return numbers.dropFirst().reduce(first) { $0 << ($1 ?? 0) }
  }
}
