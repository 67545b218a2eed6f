import CheckpointMapping
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// The code of the pages: `Tests/DocumentationSamples` has it, where it is compiled and run.
@Suite struct DocumentationTests {
  @Test(arguments: DocumentationPage.all)
  func `the code of the pages is the code of the samples`(page: DocumentationPage) {
    for problem in page.problems(comparedWith: SampleFile.all) { Issue.record("\(problem)") }
  }

  @Test(arguments: DocumentationPage.all.filter(\.hasSamples))
  func `the samples of a page do what it says`(page: DocumentationPage) throws {
    let directory = try TemporaryDirectory("samples")
    let outcome = try ChildProcess.run(
      "documentation-samples", [page.name], directory: directory.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    for block in page.blocks where block.language == "output" {
      let text = block.lines.joined(separator: "\n")
      #expect(outcome.output.contains(text), "\(page.path):\(block.number): printed otherwise")
    }
  }

  @Test func `there are pages, and code in them`() {
    let blocks = DocumentationPage.all.flatMap(\.blocks)
    #expect(DocumentationPage.all.count > 10)
    #expect(blocks.filter { $0.language == "swift" }.count > 40)
    #expect(blocks.contains { $0.language == "output" })
  }

  // What the product declares itself at the outermost level, and what it shows of the layers.
  private static let names: Set<Substring> = {
    let folder = DocumentationPage.root.appending(path: "Sources/Checkpoints")
    let paths = FileManager.default.subpaths(atPath: folder.path) ?? []
    let texts = paths.filter { $0.hasSuffix(".swift") }.map { path in
      (try? String(contentsOf: folder.appending(path: path), encoding: .utf8)) ?? ""
    }
    let declaration = /(?m)^public (?:final )?(?:struct|class|enum|protocol|actor) (\w+)/
    let export = /(?m)^@_exported public import \w+ \w+\.(\w+)$/
    return Set(
      texts.flatMap { $0.matches(of: declaration).map(\.1) + $0.matches(of: export).map(\.1) })
  }()

  @Test func `the front page lists every name that a program sees, of which there are few`() throws
  {
    let page = DocumentationPage.root.appending(
      path: "Sources/Checkpoints/Checkpoints.docc/Checkpoints.md")
    let topics = try String(contentsOf: page, encoding: .utf8).split(separator: "## Topics")[1]
    let listed = Set(topics.matches(of: /(?m)^- ``(\w+)``$/).map(\.1))
    #expect(listed.subtracting(Self.names).sorted() == [])
    #expect(Self.names.subtracting(listed).sorted() == [])
    #expect(Self.names.count <= 64)
  }

  @Test func `the package manager reads the README's manifest`() throws {
    let manifest = DocumentationPage.root.appending(
      path: "Tests/DocumentationSamples/Manifest/Package.swift")
    let directory = try TemporaryDirectory("manifest")
    try directory.write(Data(contentsOf: manifest), to: "Package.swift")
    let outcome = try ChildProcess.run(
      "/usr/bin/env", ["swift", "package", "--package-path", directory.path, "dump-package"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("swift-checkpoints"))
  }

  @Test(arguments: ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"])
  func `links between files lead to files`(page: String) throws {
    let text = try String(
      contentsOf: DocumentationPage.root.appending(path: page), encoding: .utf8)
    let links = text.matches(of: /\]\(([^)#]+)\)/).map(\.1)
    let pictures = text.matches(of: /src(?:set)?="([^"]+)"/).map(\.1)
    for link in links + pictures where !link.contains("://") {
      let path = DocumentationPage.root.appending(path: String(link)).path
      #expect(FileManager.default.fileExists(atPath: path), "\(page): \(link) leads nowhere")
    }
  }

  @Test func `rules in JSON are rules`() throws {
    let page = DocumentationPage.all.first { $0.name == "MappingNames" }
    let block = try #require(page?.blocks.first { $0.language == "json" })
    _ = try KeyMapping(json: block.lines.joined(separator: "\n"))
  }

  // MARK: The comparison itself

  static let file = SampleFile(
    path: "Pages/Page.swift",
    text: """
      func page() {
        let a = 1

        note(a)  // not on the page
        print(a)  // 1
        print(a + 1)
      }
      """)

  private func problems(_ text: String) -> [String] {
    DocumentationPage(path: "Page.md", text: text).problems(comparedWith: [Self.file])
  }

  @Test(arguments: [
    "```swift\nlet a = 1\nprint(a)  // 1\n```",
    "```swift\nimport Checkpoints\n\n  let a = 1\n```\n\n```text\nanything\n```",
    "Text\n\n    checkpoint list PREFIX\n",
  ])
  func `finds blocks that stand in a sample`(text: String) {
    #expect(problems(text).isEmpty)
  }

  @Test(arguments: [
    ("```swift\nlet a = 2\n```", "Page.md:2: the block's line 'let a = 2' stands in none"),
    (
      "# P\n\n```swift\nlet a = 1\nprint(a)\n```",
      "Page.md:4: the block's line 'print(a)', which Pages/Page.swift has up to there, stands in none"
    ),
    ("```swift\nlet a = 1\nprint(a + 1)\n```", "'print(a + 1)', which Pages/Page.swift has up"),
    ("```swift\nawait print(a)\n```", "if it has `await`, into main.swift"),
    ("```swift\n```", "Page.md:2: the block's line ''"),
    (
      "```python\ncheckpoint.write(\"keras/ckpt\")\nmodel.export(\"other\")\n```",
      "Page.md:2: the block's line 'model.export(\"other\")' stands, with those before it, in none"
    ),
    ("```\nlet a = 1\n```", "Page.md:2: a block of ''; say of it that it is ```swift"),
    ("Text\n\n    let b = 1\n", "Page.md:3: 'let b = 1' looks like Swift"),
  ])
  func `says of a block what it lacks`(text: String, message: String) {
    let problems = problems(text)
    #expect(problems.count == 1)
    #expect(problems.first?.contains(message) == true, "\(problems)")
  }
}
