@testable import CheckpointMapping
import CheckpointTestSupport
import Testing

/// Proves that names are found as Swift's expressions find them, whatever the search skips.
@Suite struct NamePatternTests {
  @Test(arguments: [
    ("^model/wte$", "model/wte"), ("^a\\.b$", "a.b"), ("^ab?c", "a"), ("^ab*", "a"), ("^ab+", "ab"),
    ("^ab{0,1}", "a"), ("^x(a|b)", "x"), ("^a[b|c]d|", ""), ("^a[b|c]d", ""), ("^x[[a](]|c", ""),
    ("^ne\u{301}?", "n"), ("^a|b", ""),
    ("^(a)|b", ""), ("a", ""), ("^\\d", ""), ("^a\\w", "a"), ("^né", ""), ("^a\\/b", "a/b"),
    ("^ab(?#()|c", ""), ("^ab\\Q(\\E|c", ""), ("^(?i)ab", ""), ("^", ""), ("", ""), ("^\\", ""),
    ("^a.b", "a"), ("^a$b", "a"), ("^a\\|b", "a|b"),
  ])
  func `an expression begins with what stands for itself`(pattern: String, beginning: String) {
    #expect(NamePattern.beginning(of: pattern) == beginning)
  }

  @Test func `finds what Swift finds, and replaces it`() throws {
    var random = SeededGenerator(seed: 5)
    let pieces = [
      "^", "^", "a", "b", "|", "(", ")", "?", "*", "+", "\\.", "[ab]", "{2}", ".", "$", "é",
      "\u{301}", "[[a](]",
    ]
    let letters = ["a", "b", ".", "é", "|"]
    var count = 0
    while count < 2_000 {
      let text = (0..<Int.random(in: 1...7, using: &random))
        .compactMap { _ in pieces.randomElement(using: &random) }.joined()
      guard let regex = try? Regex(text).matchingSemantics(.unicodeScalar) else { continue }
      count += 1
      let pattern = try NamePattern(text)
      for _ in 0..<20 {
        let name = (0..<Int.random(in: 0...5, using: &random))
          .compactMap { _ in letters.randomElement(using: &random) }.joined()
        #expect(
          pattern.isFound(in: name) == (name.firstMatch(of: regex) != nil), "'\(text)' in '\(name)'"
        )
      }
    }
  }
}
