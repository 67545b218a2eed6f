import CheckpointIO
import CheckpointTestSupport
import Foundation
import Testing

@testable import CheckpointTool

@Suite struct TextTests {
  @Test func `any text survives as JSON`() throws {
    let scalars = (0...0x2100).compactMap { Unicode.Scalar($0 as UInt32) } + ["😀", "\u{10FFFF}"]
    for scalar in scalars {
      let text = "a\(scalar)\"\\"
      let json = JSONValue.string(text).text
      let array = try JSONDecoder().decode([String].self, from: Data("[\(json)]".utf8))
      #expect(array.map { Array($0.utf8) } == [Array(text.utf8)])
      #expect(!json.unicodeScalars.contains { $0.value < 0x20 || (0x2028...0x2029) ~= $0.value })
    }
  }

  @Test func `bytes survive as base 64`() throws {
    var rng = SeededGenerator(seed: 7)
    for count in 0..<100 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &rng) }
      #expect(JSONValue.base64(bytes).text == "\"\(Data(bytes).base64EncodedString())\"")
    }
  }

  @Test func `what a terminal would obey is shown as bytes`() {
    #expect(TensorName.shown(Array("a\u{1B}[31m".utf8)) == "a\\x1b[31m")
    #expect(TensorName.shown(Array("a\u{202E}b\u{9B}".utf8)) == "a\\xe2\\x80\\xaeb\\xc2\\x9b")
    #expect(TensorName.shown(Array("漢字 é".utf8)) == "漢字 é")
    #expect(TensorName.shown([0x61, 0xFF, 0x0A]) == "a\\xff\\x0a")
  }

  // No command has an option with a value or more than one last operand yet.
  @Test func `options have values, and stand anywhere`() throws {
    let synopsis = Synopsis(
      name: "diff", summary: "", operands: ["A", "B..."],
      options: [Synopsis.Option(name: "--tolerance", value: "X", help: "")], details: "")
    #expect(synopsis.usageLine == "usage: checkpoint diff A B... [--tolerance X]")
    func scan(_ words: String...) throws(CheckpointError) -> ArgumentScanner {
      try ArgumentScanner(words.map { Array($0.utf8) }, for: synopsis)
    }
    for scanned in [
      try scan("a", "--tolerance", "1e-5", "b", "c"), try scan("--tolerance=1e-5", "a", "b", "c"),
      try scan("a", "--tolerance=1e-5", "--", "b", "c"),
    ] {
      #expect(scanned.value(of: "--tolerance") == "1e-5")
      #expect(scanned.operands == [Array("a".utf8), Array("b".utf8), Array("c".utf8)])
    }
    #expect(throws: CheckpointError.self) { try scan("a") }
    let error = #expect(throws: CheckpointError.self) { try scan("a", "b", "--tolerance") }
    #expect(error?.message.hasPrefix("diff: the option '--tolerance' needs a value") == true)
  }
}
