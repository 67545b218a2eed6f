import CheckpointTestSupport
import Testing

@testable import CheckpointTool

@Suite struct DecimalNumberTests {
  func fixed(_ text: String, _ digits: Int) throws -> String {
    let number = try #require(DecimalNumber(text)).rounded(fractionDigits: digits).positional
    return "\(number.integer).\(number.fraction)"
  }

  @Test(arguments: [
    ("0.0", "0."), ("-0.0", "-0."), ("12.5", "12.5"), ("1e-05", "0.00001"),
    ("2.5e+20", "250000000000000000000."),
    ("0.123456789", "0.12345679"), ("9.999999999", "10."), ("1e-09", "0."), ("5e-09", "0."),
    ("6e-09", "0.00000001"), ("0.000000015", "0.00000002"), ("0.000000025", "0.00000002"),
  ])
  func `numbers are rounded to eight digits after the point, ties to even`(
    text: String, shown: String
  ) throws {
    #expect(try fixed(text, 8) == shown)
  }

  @Test(arguments: ["inf", "-inf", "nan"]) func `words are no numbers`(word: String) {
    #expect(DecimalNumber(word) == nil)
  }

  @Test func `every number comes back from its digits`() throws {
    var rng = SeededGenerator(seed: 1)
    for _ in 0..<10_000 {
      let value = Double(bitPattern: rng.next())
      guard value.isFinite else { continue }
      let number = try #require(DecimalNumber(value.description))
      #expect(Double(number.scientific(fractionDigits: 0)) == value)
      let text = number.positional
      #expect(Double("\(text.integer).\(text.fraction)0") == value)
    }
  }

  @Test(
    arguments: [
      (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (1_048_575, "1.0 MiB"),
      (1 << 30, "1.0 GiB"), (.max, "16.0 EiB"),
    ] as [(UInt64, String)])
  func `bytes are counted in the unit that fits`(count: UInt64, text: String) {
    #expect(count.byteText == text)
  }
}
