import CheckpointIO
import Testing

/// What an error says to a person.
@Suite struct CheckpointErrorTests {
  func error(_ count: Int, _ message: (Int) -> String = { "no value \($0)" }) -> CheckpointError? {
    let problems = (0..<count).map { CheckpointError(.notFound, message($0), key: "layer/\($0)") }
    return CheckpointError.combining(problems, file: "run/ckpt-7") { "\($0) are missing" }
  }

  @Test func `says where, what and of which kind, with a line for each of several problems`() {
    #expect(
      error(2)?.description == """
        run/ckpt-7: 2 are missing (notFound)
          - key 'layer/0': no value 0 (notFound)
          - key 'layer/1': no value 1 (notFound)
        """)
    #expect(error(1)?.description == "run/ckpt-7: key 'layer/0': no value 0 (notFound)")
  }

  @Test func `says a few of many problems, counts the others, and has all of them`() throws {
    let error = try #require(self.error(20_000))
    let lines = error.description.split(separator: "\n")
    #expect(error.problems.count == 20_000)
    #expect(error.description.utf8.count <= 20_000)
    #expect(lines.count > 100)
    #expect(lines.last == "  - … \(20_000 - (lines.count - 2)) more")
    #expect(lines[lines.count - 2].hasPrefix("  - key 'layer/\(lines.count - 3)'"))
  }

  @Test func `says one problem at least, and no more of long ones than somebody reads`() throws {
    let long = String(repeating: "x", count: 18_000)
    let error = try #require(self.error(3) { _ in long })
    #expect(error.description.utf8.count <= 20_000)
    #expect(error.description.hasSuffix("(notFound)\n  - … 2 more"))
  }

  @Test func `counts what is nested, too`() throws {
    let parts = [error(5_000), error(5_000), error(5_000)].compactMap { $0 }
    let whole = try #require(CheckpointError.combining(parts) { "\($0) restores have failed" })
    #expect(whole.description.utf8.count <= 20_000)
    #expect(whole.description.hasSuffix("\n  - … 2 more"))
  }

  @Test func `lists names in a message until somebody has seen enough`() {
    #expect(NameList.text(["a"]) == "'a'")
    #expect(NameList.text((0..<9).map { "n\($0)" }, limit: 2) == "'n0', 'n1', … 9 in all")
    #expect(NameList.text((0..<8).map(String.init)).hasSuffix("'7'"))
  }
}
