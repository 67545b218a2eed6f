import Foundation
import Testing

/// README.md or an article of the catalogue, as its blocks of code are looked at.
///
///     ```swift                    stands line by line in `Tests/DocumentationSamples`, or in an example
///                                 that is a package of its own
///     ```python                   stands line by line in a program that makes fixtures or judges
///     ```output                   is printed by what stands there of the page
///     ```json, ```text            is neither
struct DocumentationPage: CustomTestStringConvertible, Sendable {
  /// The name of its file, without the extension.
  let name: String
  /// The path of its file, from the root of the package.
  let path: String
  /// The blocks between fences, in order.
  let blocks: [Block]
  /// Lines that are code by their indentation: commands, and what they print.
  let indented: [(number: Int, text: String)]

  var testDescription: String { name }

  /// A block between fences.
  struct Block: Sendable {
    /// What stands behind the opening fence.
    let language: String
    /// Its lines as they stand there.
    let lines: [String]
    /// The number of its first line in the page.
    let number: Int
  }

  /// Takes a page apart.
  init(path: String, text: String) {
    self.path = path
    name = URL(filePath: path).deletingPathExtension().lastPathComponent
    var (blocks, indented): ([Block], [(number: Int, text: String)]) = ([], [])
    var open: (language: String, lines: [String], number: Int)?
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let trimmed = line.trimmingCharacters(in: .whitespaces)
      if trimmed.hasPrefix("```") {
        if let block = open {
          blocks.append(Block(language: block.language, lines: block.lines, number: block.number))
          open = nil
        } else {
          open = (String(trimmed.dropFirst(3)), [], index + 2)
        }
      } else if open != nil {
        open?.lines.append(String(line))
      } else if line.hasPrefix("    ") {
        indented.append((index + 1, trimmed))
      }
    }
    (self.blocks, self.indented) = (blocks, indented)
  }
}

extension DocumentationPage {
  /// The root of the package.
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Whether its code is run; that of an example which is a package of its own is not.
  var hasSamples: Bool { name != "FromMLX" && blocks.contains { $0.language == "swift" } }

  /// All there are.
  static let all: [DocumentationPage] = {
    let catalogue = "Sources/Checkpoints/Checkpoints.docc"
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: root.appending(path: catalogue).path)
    let articles = (names ?? []).filter { $0.hasSuffix(".md") }.sorted()
    return (["README.md"] + articles.map { "\(catalogue)/\($0)" }).map { path in
      let text = try? String(contentsOf: root.appending(path: path), encoding: .utf8)
      return DocumentationPage(path: path, text: text ?? "")
    }
  }()
}

/// A file in which the code of pages stands, as it is compared with them.
struct SampleFile: Sendable {
  /// Its path, below the folder of samples.
  let path: String
  /// Its lines, but for empty ones, imports, and those that no page has.
  let lines: [String]

  init(path: String, text: String) {
    self.path = path
    lines = Self.compared(text.split(separator: "\n").map(String.init))
  }

  /// The lines of code that are compared: without indentation, which differs.
  static func compared(_ lines: [String]) -> [String] {
    lines.map { $0.trimmingCharacters(in: .whitespaces) }.filter { line in
      !line.isEmpty && !line.hasPrefix("import ") && !line.hasSuffix("// not on the page")
    }
  }

  /// All there are.
  static let all = files(in: "Tests/DocumentationSamples") + files(in: "Examples/MLX/Sources")

  private static func files(in folder: String) -> [SampleFile] {
    let folder = DocumentationPage.root.appending(path: folder)
    let names = FileManager.default.subpaths(atPath: folder.path) ?? []
    return names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
      let text = try? String(contentsOf: folder.appending(path: name), encoding: .utf8)
      return SampleFile(path: name, text: text ?? "")
    }
  }

  /// The programs of Python that pages show calls of.
  static let python: [SampleFile] = [
    "InteropTests/tensorflow_keras.py",
    "TensorFlowFixtureTests/Fixtures/make_keras_fixtures.py",
  ].map { path in
    let url = DocumentationPage.root.appending(path: "Tests/\(path)")
    return SampleFile(path: path, text: (try? String(contentsOf: url, encoding: .utf8)) ?? "")
  }

  /// How many of the wanted lines stand here one after the other, at best, and no others between.
  func longestStart(of wanted: [String]) -> Int {
    var longest = 0
    for start in lines.indices where lines[start] == wanted.first {
      longest = max(longest, zip(lines[start...], wanted).prefix { $0 == $1 }.count)
    }
    return longest
  }
}

extension DocumentationPage {
  /// What is wrong with the page's blocks of code, with what to do about it.
  func problems(comparedWith files: [SampleFile]) -> [String] {
    blocks.compactMap { problem(in: $0, files) }
      + indented.filter { Self.looksLikeSwift($0.text) }.map { line in
        "\(path):\(line.number): '\(line.text)' looks like Swift; put it between ```swift and ```"
      }
  }

  private func problem(in block: Block, _ files: [SampleFile]) -> String? {
    let place = "\(path):\(block.number):"
    switch block.language {
    case "swift": return missing(block, files).map { "\(place) \($0)" }
    case "python": return missingCall(block).map { "\(place) \($0)" }
    case "output", "json", "text": return nil
    default:
      return "\(place) a block of '\(block.language)'; say of it that it is ```swift, ```python, "
        + "```output, which the samples of the page print, ```json or ```text"
    }
  }

  private func missing(_ block: Block, _ files: [SampleFile]) -> String? {
    let wanted = SampleFile.compared(block.lines)
    let isAsynchronous = wanted.contains { $0.contains("await ") }
    let candidates = files.filter { !isAsynchronous || $0.path == "main.swift" }
    let found = candidates.map { (count: $0.longestStart(of: wanted), path: $0.path) }
    let best = found.max { $0.count < $1.count } ?? (0, "")
    guard wanted.isEmpty || best.count < wanted.count else { return nil }
    let line = wanted.dropFirst(best.count).first ?? ""
    let start = best.count > 0 ? ", which \(best.path) has up to there," : ""
    return
      "the block's line '\(line)'\(start) stands in none of the samples. Put the block, line by "
      + "line, into a function of Tests/DocumentationSamples/Pages/\(name).swift that is listed in "
      + "main.swift, or, if it has `await`, into main.swift; end lines between them that the page "
      + "has not with '// not on the page'"
  }

  private func missingCall(_ block: Block) -> String? {
    let wanted = SampleFile.compared(block.lines)
    let count = SampleFile.python.map { $0.longestStart(of: wanted) }.max() ?? 0
    guard count < wanted.count else { return nil }
    return "the block's line '\(wanted[count])' stands, with those before it, in none of "
      + SampleFile.python.map(\.path).joined(separator: ", ")
  }

  private static func looksLikeSwift(_ line: String) -> Bool {
    [
      "let ", "var ", "try ", "func ", "import ", "struct ", "class ", "final ", "extension ",
      "public ", "if let ", "guard ", "@",
    ].contains { line.hasPrefix($0) }
  }
}
