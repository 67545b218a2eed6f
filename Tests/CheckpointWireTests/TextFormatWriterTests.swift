import CheckpointTestSupport
import CheckpointWire
import Testing

/// Proves that texts and numbers are written as Python writes them, and read back.
@Suite struct TextFormatWriterTests {
  @Test(arguments: [
    ("it's \"m\"", #"it\'s \"m\""#), ("a\\b", #"a\\b"#), ("\n\r\t", #"\n\r\t"#),
    ("\u{0}\u{1}\u{8}\u{1F}\u{7F}", #"\000\001\010\037\177"#), ("é😀\u{2028}", "é😀\u{2028}"),
    ("\u{1}7", #"\0017"#),
  ])
  func `escapes as Python does`(path: String, literal: String) throws {
    var writer = TextFormatWriter()
    writer.write("model_checkpoint_path", string: path)
    let text = String(decoding: writer.bytes, as: UTF8.self)
    #expect(text == "model_checkpoint_path: \"\(literal)\"\n")
    #expect(try TextFormatTests.read(text).paths == [path])
  }

  // What Python's repr() gives.
  static let doubles: [(value: Double, text: String)] = [
    (0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (-2.5, "-2.5"), (10, "10.0"), (100, "100.0"),
    (0.1, "0.1"), (1e-4, "0.0001"), (1.25e-4, "0.000125"), (1e-5, "1e-05"), (9.9e-5, "9.9e-05"),
    (1700000001, "1700000001.0"), (1e15, "1000000000000000.0"),
    (123456789012345.67, "123456789012345.67"),
    (9007199254740991, "9007199254740991.0"), (9007199254740994, "9007199254740994.0"),
    (0.00010000000000000002, "0.00010000000000000002"),
    (9.999999999999999e-05, "9.999999999999999e-05"),
    (9007199254740992, "9007199254740992.0"), (9999999999999998, "9999999999999998.0"),
    (1e16, "1e+16"), (12e15, "1.2e+16"), (12345678901234568, "1.2345678901234568e+16"),
    (123456789012345680, "1.2345678901234568e+17"), (1e22, "1e+22"), (1e23, "1e+23"),
    (1e100, "1e+100"), (1.5e-100, "1.5e-100"), (.leastNonzeroMagnitude, "5e-324"),
    (2.2250738585072014e-308, "2.2250738585072014e-308"),
    (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
    (.infinity, "inf"), (-.infinity, "-inf"), (.nan, "nan"), (-.nan, "nan"),
  ]

  @Test(arguments: doubles)
  func `prints numbers as Python does`(value: Double, text: String) {
    #expect(value.textFormat == text)
  }

  @Test(.timeLimit(.minutes(20))) func `prints every number so that it reads back`() throws {
    for seed in 0..<20_000 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      let value = Double(bitPattern: rng.next())
      let read = try TextFormatTests.read("last_preserved_timestamp: \(value.textFormat)").times
      #expect(read == [value] || read[0].isNaN && value.isNaN, "seed \(seed)")
    }
  }

  @Test(.timeLimit(.minutes(20))) func `prints every text so that it reads back`() throws {
    for seed in 0..<2_000 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      var path = ""
      for _ in 0..<Int.random(in: 1...30, using: &rng) {
        let limit: UInt32 = Bool.random(using: &rng) ? 0x7F : 0x10FFFF
        guard let scalar = Unicode.Scalar(UInt32.random(in: 0...limit, using: &rng)) else {
          continue
        }
        path.unicodeScalars.append(scalar)
      }
      var writer = TextFormatWriter()
      writer.write("model_checkpoint_path", string: path)
      let read = try TextFormatTests.read(writer.bytes).paths
      #expect(read[0].unicodeScalars.elementsEqual(path.unicodeScalars), "seed \(seed)")
    }
  }
}
