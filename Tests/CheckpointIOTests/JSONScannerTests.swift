import CheckpointIO
import CheckpointTestSupport
import Foundation
import Testing

/// Proves that JSON is read as RFC 8259 has it, with Foundation as the model, and refused with its place.
@Suite struct JSONScannerTests {
  private func scan<Value>(
    _ text: [UInt8], _ body: (inout JSONScanner) throws(CheckpointError) -> Value
  ) throws(CheckpointError) -> Value {
    var scanner = try JSONScanner(text.span, subject: "text")
    return try body(&scanner)
  }

  private func scan<Value>(
    _ text: String, _ body: (inout JSONScanner) throws(CheckpointError) -> Value
  ) throws(CheckpointError) -> Value { try scan(Array(text.utf8), body) }

  // The whole text has to be one value.
  private func skip(_ text: [UInt8]) throws(CheckpointError) {
    try scan(text) { scanner throws(CheckpointError) in
      try scanner.skipValue()
      guard scanner.next == nil else { throw scanner.unexpected("the end") }
    }
  }

  private func skipError(_ text: String) -> String? {
    do throws(CheckpointError) {
      try skip(Array(text.utf8))
      return nil
    } catch {
      return error.description
    }
  }

  private func string(_ text: String) throws(CheckpointError) -> [UInt8] {
    try scan(text) { scanner throws(CheckpointError) in try scanner.readStringBytes() }
  }

  private func integer(_ text: String) throws(CheckpointError) -> UInt64 {
    try scan(text) { scanner throws(CheckpointError) in try scanner.readInteger() }
  }

  // MARK: Numbers

  @Test(
    arguments: [
      ("0", 0), ("7", 7), ("10", 10), ("18446744073709551615", .max), ("12]", 12), ("5 ", 5),
      ("9007199254740993", 9_007_199_254_740_993),
    ] as [(String, UInt64)])
  func `reads integers of 64 bits exactly`(text: String, value: UInt64) throws {
    #expect(try integer(text) == value)
  }

  @Test(arguments: [
    "", "-1", "-0", "01", "00", "1.0", "1e3", "1E3", "0.", "+1", ".5", "x", "\"1\"",
  ])
  func `refuses numbers of another form where an integer belongs`(text: String) {
    let error = #expect(throws: CheckpointError.self) { try integer(text) }
    #expect(
      error?.description
        == "byte 0: a number has to be an integer, not negative, in its shortest form "
        + "(corrupt)")
  }

  @Test(arguments: [
    "18446744073709551616", "99999999999999999999", String(repeating: "9", count: 400),
  ])
  func `refuses integers of more than 64 bits`(text: String) {
    let error = #expect(throws: CheckpointError.self) { try integer(text) }
    #expect(error?.description == "byte 0: a number of more than 64 bits (corrupt)")
  }

  @Test func `reads integers that may be negative`() throws {
    let values: [(String, Int)] = [
      ("0", 0), ("-0", 0), ("-7", -7), ("\(Int.max)", .max), ("-\(Int.max)", -Int.max),
    ]
    for (text, value) in values {
      let found = try scan(text) { scanner throws(CheckpointError) in
        try scanner.readSignedInteger()
      }
      #expect(found == value, "\(text)")
    }
    for text in ["9223372036854775808", "-9223372036854775808", "--1", "-", "-01"] {
      let error = #expect(throws: CheckpointError.self, "\(text)") {
        try scan(text) { scanner throws(CheckpointError) in try scanner.readSignedInteger() }
      }
      #expect(error?.code == .corrupt)
    }
  }

  private func list(_ text: String, _ limit: Int = 4) throws(CheckpointError) -> [UInt64] {
    try scan(text) { scanner throws(CheckpointError) in try scanner.readIntegers(atMost: limit) }
  }

  @Test func `reads lists of integers up to a limit`() throws {
    #expect(try list("[]") == [])
    #expect(try list(" [ 1 ,\t2,\r\n3 , 4 ] ") == [1, 2, 3, 4])
    #expect(try list("[]", 0) == [])
    let error = #expect(throws: CheckpointError.self) { try list("[1,2,3]", 2) }
    #expect(error?.description == "byte 0: a list of more than 2 numbers (corrupt)")
    for text in ["", "[", "[1", "[1,", "[,1]", "[1,]", "[1 2]", "1", "{}", "[[1]]", "[\"1\"]"] {
      #expect(throws: CheckpointError.self, "\(text)") { try list(text) }
    }
  }

  // MARK: Strings

  @Test(arguments: [
    (#""""#, ""), (#""a b""#, "a b"), (#""é日𝄞""#, "é日𝄞"),
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
    (#""\u0041\u00e9\u65E5""#, "Aé日"), (#""\uD834\udd1e""#, "𝄞"), (#""\u0000""#, "\0"),
    (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), (#""\uD7FF\uE000""#, "\u{D7FF}\u{E000}"),
    ("\"\u{7F}\"", "\u{7F}"),
    (#""\ud800\udc00""#, "\u{10000}"), (#""e\u0301""#, "e\u{301}"),
  ])
  func `reads strings with everything that may stand in them`(text: String, value: String) throws {
    #expect(try string(text) == Array(value.utf8))
  }

  @Test(arguments: [
    (#""\ud834""#, "byte 1: half of a UTF-16 surrogate pair (corrupt)"),
    (#""\udd1e""#, "byte 1: half of a UTF-16 surrogate pair (corrupt)"),
    (#""a\ud834\u0041""#, "byte 2: half of a UTF-16 surrogate pair (corrupt)"),
    (#""\ud834\ud834""#, "byte 1: half of a UTF-16 surrogate pair (corrupt)"),
    (#""\ud834\n""#, "byte 1: half of a UTF-16 surrogate pair (corrupt)"),
    (#""\udd1e\ud834""#, "byte 1: half of a UTF-16 surrogate pair (corrupt)"),
    (#""\x""#, "byte 1: no character is written as a backslash and the byte 0x78 (corrupt)"),
    (#""\U0041""#, "byte 1: no character is written as a backslash and the byte 0x55 (corrupt)"),
    (#""\u00g1""#, "byte 5: expected four hexadecimal digits, found 'g' (corrupt)"),
    (#""\u""#, "byte 3: expected four hexadecimal digits, found '\"' (corrupt)"),
    (#""\"#, "byte 2: expected a character behind '\\', the text ends (corrupt)"),
    (#""a"#, "byte 2: expected the end of a string, the text ends (corrupt)"),
    ("\"a\nb\"", "byte 2: expected the end of a string, found the byte 0x0a (corrupt)"),
    ("\"\u{0}\"", "byte 1: expected the end of a string, found the byte 0x00 (corrupt)"),
    ("a", "byte 0: expected a string, found 'a' (corrupt)"),
    ("", "byte 0: expected a string, the text ends (corrupt)"),
  ])
  func `refuses strings that are none, and says where`(text: String, expected: String) {
    let error = #expect(throws: CheckpointError.self) { try string(text) }
    #expect(error?.description == expected)
  }

  @Test func `refuses text that is not UTF-8, and says where`() {
    for (bytes, place) in [
      ([0x22, 0xFF, 0x22], 1), ([0xC3, 0x28], 0), ([0x20, 0xED, 0xA0, 0x80], 1),
    ]
      as [([UInt8], Int)]
    {
      let error = #expect(throws: CheckpointError.self) { try skip(bytes) }
      #expect(error?.description == "byte \(place): the text is not UTF-8 (corrupt)")
    }
  }

  // MARK: Structure

  @Test func `goes through members and elements, with white space anywhere`() throws {
    let text = " {\n\"a\" : [ 1 , 2 ] ,\"b\":{ } , \"c\":\"x\" }\t"
    let found = try scan(text) { scanner throws(CheckpointError) in
      var members: [String] = []
      try scanner.expect("{")
      while try scanner.hasNext(isFirst: members.isEmpty, end: "}") {
        let name = try scanner.readName()
        let start = scanner.position
        try scanner.skipValue()
        members.append("\(name) \(start)")
      }
      scanner.skipSpace()
      #expect(scanner.next == nil && scanner.position == text.utf8.count)
      return members
    }
    #expect(found == ["a 9", "b 24", "c 34"])
  }

  @Test(arguments: [
    (",", "byte 0: expected a value, found ',' (corrupt)"),
    ("", "byte 0: expected a value, the text ends (corrupt)"),
    ("[1 2]", "byte 3: expected ',', found '2' (corrupt)"),
    ("{\"a\" 1}", "byte 5: expected ':', found '1' (corrupt)"),
    ("{1:2}", "byte 1: expected a string, found '1' (corrupt)"),
    ("[1,]", "byte 3: expected a value, found ']' (corrupt)"),
    ("{\"a\":1,}", "byte 7: expected a string, found '}' (corrupt)"),
    ("tru", "byte 3: expected a value, the text ends (corrupt)"),
    ("nul!", "byte 3: expected a value, found '!' (corrupt)"),
    ("1 1", "byte 2: expected the end, found '1' (corrupt)"),
    ("01", "byte 0: expected a number in its shortest form, found '0' (corrupt)"),
    ("1.", "byte 2: expected a value, the text ends (corrupt)"),
    ("1e", "byte 2: expected a value, the text ends (corrupt)"),
    ("[\u{A0}]", "byte 1: expected a value, found the byte 0xc2 (corrupt)"),
  ])
  func `refuses what is no value, and says where`(text: String, expected: String) {
    #expect(skipError(text) == expected)
  }

  @Test func `passes over values up to a depth, and no deeper`() {
    func nested(_ depth: Int, _ open: String, _ close: String) -> String {
      String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
    }
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
      #expect(skipError(nested(31, open, close)) == nil)
      #expect(
        skipError(nested(32, open, close))?.hasSuffix(
          "values nested more than 32 deep (limitExceeded)") == true)
      #expect(skipError(nested(100_000, open, close))?.hasSuffix("(limitExceeded)") == true)
    }
  }

  // MARK: Against Foundation

  private static let document =
    #" {"a\"\u00e9": [1, -2.5e+3, 0, -0.0E-1, true, false, null, "\ud834\udd1e\\"], "": {"x": []}, "y": {}} "#

  @Test func `a text cut anywhere is refused`() throws {
    let bytes = Array(Self.document.utf8)
    try skip(bytes)
    let last = bytes.count - 2  // the last brace; behind it is a space
    for count in 0...last {
      let error = #expect(throws: CheckpointError.self, "\(count) bytes") {
        try skip(Array(bytes.prefix(count)))
      }
      #expect(error?.code == .corrupt)
      #expect(error?.offset ?? 0 <= UInt64(count))
    }
    try skip(Array(bytes.prefix(last + 1)))
  }

  private func foundationTakes(_ bytes: [UInt8]) -> Bool {
    (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
  }

  /// What this takes, Foundation takes; and almost always the other way round.
  @Test func `takes the texts that Foundation takes, and no other`() throws {
    let alphabet = Array(#"[]{}:,"\u0123456789eE+-.truefalsn "#.utf8)
    let bytes = Array(Self.document.utf8)
    var (taken, refused) = (0, 0)
    for seed in 0..<4_000 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      var text = bytes
      for _ in 0...Int.random(in: 0...2, using: &random) {
        let place = Int.random(in: 0..<text.count, using: &random)
        let byte = alphabet.randomElement(using: &random) ?? 0
        switch Int.random(in: 0..<3, using: &random) {
        case 0: text[place] = byte
        case 1: text.insert(byte, at: place)
        default: text.remove(at: place)
        }
      }
      let isTaken = (try? skip(text)) != nil
      if isTaken { taken += 1 } else { refused += 1 }
      let (shown, model) = (String(decoding: text, as: UTF8.self), foundationTakes(text))
      #expect(isTaken == model, "seed \(seed): \(shown)")
    }
    #expect(taken > 200 && refused > 1_000, "\(taken) taken, \(refused) refused")
  }

  @Test func `reads the strings that Foundation writes, and its own`() throws {
    let scalars: [Unicode.Scalar] = [
      "\0", "\u{1}", "\t", "\n", "\u{1F}", " ", "\"", "\\", "/", "a", "\u{7F}", "\u{80}", "é",
      "\u{301}",
      "\u{7FF}", "\u{800}", "\u{2028}", "\u{FEFF}", "\u{FFFF}", "𝄞", "\u{10FFFF}",
    ]
    for seed in 0..<500 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0...12, using: &random) {
        text.append(scalars.randomElement(using: &random) ?? "a")
      }
      let value = String(text)
      let data = try JSONSerialization.data(withJSONObject: value, options: .fragmentsAllowed)
      #expect(
        try string(String(decoding: data, as: UTF8.self)) == Array(value.utf8), "seed \(seed)")
      var written = JSONText()
      written.append(string: value.utf8)
      #expect(try string(String(decoding: written.bytes, as: UTF8.self)) == Array(value.utf8))
    }
  }

  @Test func `random bytes are read or refused, and the reading comes to an end`() {
    for seed in 0..<2_000 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let alphabet = Array("[]{}:,\"\\u12dD89 \n".utf8) + [0xF0, 0x9F, 0x98, 0x80]
      let bytes = (0..<40).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      do throws(CheckpointError) {
        try skip(bytes)
      } catch {
        #expect(error.code == .corrupt, "seed \(seed)")
      }
    }
  }
}
