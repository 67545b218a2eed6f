import CheckpointIO
import CheckpointTestSupport
import Testing

@testable import CheckpointStore

/// Proves that quick ways to an answer give the one that the long way gives.
@Suite struct ShortcutTests {
  private static let stems = ["ckpt-", "ckpt", "a-1-", "", "m-"]
  private static let numbers = [
    "", "0", "7", "8", "08", "18446744073709551615", "18446744073709551616",
  ]
  private static let endings = [
    ".index", ".data-00000-of-00001", "-00000-of-00002", ".safetensors", "", ".meta", "x",
    "-00001-of-00002.safetensors",
  ]

  @Test func `names with higher numbers are enough to find successors`() throws {
    let names = Self.stems.flatMap { stem in
      Self.numbers.flatMap { number in Self.endings.map { "\(stem)\(number)\($0)" } }
    }.filter { !$0.isEmpty }
    let all = try listing(names)
    var count = 0
    for stem in Self.stems {
      for number in Self.numbers where !(stem + number).isEmpty {
        let name = NumberedName(stem + number)
        let some = try listing(names.filter(name.mayPrecede))
        let expected = all.successors(of: name).map(\.name.name)
        #expect(some.successors(of: name).map(\.name.name) == expected, "\(name.name)")
        count += expected.count
      }
    }
    #expect(count > 20)
  }

  private func listing(_ names: [String]) throws -> DirectoryListing {
    try DirectoryListing(of: "/run", names: names, fileSystem: MemoryFileSystem())
  }

  private static let parts = ["a", "b", ".", "..", "", "a.b", "é"]

  @Test func `a way to a file in the directory is the way by its parts`() {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<20_000 {
      let directory = path(&random)
      let file = Bool.random(using: &random) ? "\(directory)/\(path(&random))" : path(&random)
      #expect(
        RelativePath.path(file, from: directory) == expectedPath(file, from: directory),
        "'\(file)' from '\(directory)'")
    }
  }

  private func path(_ random: inout SeededGenerator) -> String {
    let count = Int.random(in: 0...3, using: &random)
    let parts = (0..<count).map { _ in Self.parts.randomElement(using: &random) ?? "" }
    return (Bool.random(using: &random) ? "/" : "") + parts.joined(separator: "/")
  }

  private func expectedPath(_ path: String, from directory: String) -> String? {
    guard path.hasPrefix("/") == directory.hasPrefix("/") else { return nil }
    var to = path.split(separator: "/").filter { $0 != "." }
    var from = directory.split(separator: "/").filter { $0 != "." }
    while let part = from.first, to.count > 1, to.first == part {
      to.removeFirst()
      from.removeFirst()
    }
    guard !from.contains("..") else { return nil }
    return (from.map { _ in ".." } + to).joined(separator: "/")
  }
}
