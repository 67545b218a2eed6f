import CheckpointIO
import CheckpointTestSupport
import CheckpointWire
import Testing

/// Proves what is read of the text form, by the fields of TensorFlow's `checkpoint` file.
@Suite struct TextFormatTests {
  struct Fields: Hashable {
    var paths: [String] = []
    var times: [Double] = []

    var text: [UInt8] {
      var writer = TextFormatWriter()
      for path in paths { writer.write("all_model_checkpoint_paths", string: path) }
      for time in times { writer.write("all_model_checkpoint_timestamps", double: time) }
      return writer.bytes
    }
  }

  static func read(_ text: [UInt8]) throws(CheckpointError) -> Fields {
    var (fields, reader) = (Fields(), try TextFormatReader(text.span))
    while let name = try reader.nextField() {
      switch name {
      case "model_checkpoint_path": fields.paths.append(try reader.readString())
      case "all_model_checkpoint_paths": try reader.readStrings(into: &fields.paths)
      case "all_model_checkpoint_timestamps": try reader.readDoubles(into: &fields.times)
      case "last_preserved_timestamp": fields.times.append(try reader.readDouble())
      default: throw reader.unknownField(name)
      }
    }
    return fields
  }

  static func read(_ text: String) throws(CheckpointError) -> Fields {
    try read(Array(text.utf8))
  }

  // Each was read by TensorFlow 2.21 with the same result.
  static let paths: [(text: String, path: String)] = [
    (#"model_checkpoint_path: "m-1""#, "m-1"),
    (#"model_checkpoint_path: 'm-1'"#, "m-1"),
    (#"model_checkpoint_path:"m-1""#, "m-1"),
    (#"model_checkpoint_path   :  "m-1"  "#, "m-1"),
    ("model_checkpoint_path\n:\n\"m-1\"", "m-1"),
    (#"model_checkpoint_path: "m" '-' "1""#, "m-1"),
    ("model_checkpoint_path: \"m\" # half\n  '-1'", "m-1"),
    ("# \"first\"\n\n\t model_checkpoint_path: \"m-1\" # the end", "m-1"),
    (#"model_checkpoint_path: "m-1";"#, "m-1"),
    (#"model_checkpoint_path: "m-1","#, "m-1"),
    ("model_checkpoint_path: \"m-1\"\r\n", "m-1"),
    (#"model_checkpoint_path: "m-1" model_checkpoint_path: "m-2""#, "m-2"),
    (#"model_checkpoint_path: "m-1"model_checkpoint_path:"m-2""#, "m-2"),
    (#"model_checkpoint_path: "it's""#, "it's"),
    (##"model_checkpoint_path: '"#'"##, "\"#"),
    (#"model_checkpoint_path: "\a\b\t\n\v\f\r\"\'\\""#, "\u{7}\u{8}\t\n\u{B}\u{C}\r\"'\\"),
    (#"model_checkpoint_path: "\141\x62\u0063""#, "abc"),
    (#"model_checkpoint_path: "\1\12\1234""#, "\u{1}\nS4"),
    (#"model_checkpoint_path: "\x1g\xF0\x9f\x98\x80""#, "\u{1}g😀"),
    (#"model_checkpoint_path: "\303\251" "\303" "\251""#, "éé"),
    (#"model_checkpoint_path: "\u00e9\U0001F600""#, "é😀"),
    ("model_checkpoint_path: \"é😀\u{2028}\u{1}\"", "é😀\u{2028}\u{1}"),
    (#"model_checkpoint_path: "*[?]""#, "*[?]"),
  ]

  @Test(arguments: paths)
  func `reads a text in each form that TensorFlow reads`(text: String, path: String) throws {
    let read = try #require(try Self.read(text).paths.last)
    #expect(read.unicodeScalars.elementsEqual(path.unicodeScalars))
  }

  @Test(arguments: [
    (#"all_model_checkpoint_paths: ["a", 'b' "c"]"#, ["a", "bc"]),
    (#"all_model_checkpoint_paths: [ ]"#, []),
    (#"all_model_checkpoint_paths: "a" all_model_checkpoint_paths: ["b"]; "#, ["a", "b"]),
    ("all_model_checkpoint_paths: [\n \"a\", # one\n \"b\"\n]", ["a", "b"]),
    (#"all_model_checkpoint_paths: """#, [""]),
  ])
  func `reads repeated texts and lists`(text: String, paths: [String]) throws {
    #expect(try Self.read(text).paths == paths)
  }

  static let numbers: [(text: String, value: Double)] = [
    ("0", 0), ("7", 7), ("-7", -7), ("+1.5", 1.5), ("1.", 1), (".5", 0.5), ("-.5e1", -5),
    ("0.5", 0.5), ("0e0", 0), ("1.5f", 1.5), ("1F", 1), ("2E+3", 2000), ("2e-3f", 0.002),
    ("1795336786.7758505", 1795336786.7758505), ("1e400", .infinity), ("-1e400", -.infinity),
    ("1e-400", 0), ("4.9e-324", .leastNonzeroMagnitude), ("inf", .infinity), ("-INF", -.infinity),
    ("infinity", .infinity), ("-Infinityf", -.infinity), ("inff", .infinity),
    ("0.1000000000000000055511151231257827021181583404541015625", 0.1),
  ]

  @Test(arguments: numbers)
  func `reads a number in each form that TensorFlow reads`(text: String, value: Double) throws {
    #expect(try Self.read("last_preserved_timestamp: \(text)").times == [value])
    let list = try Self.read("all_model_checkpoint_timestamps: [1, \(text)]")
    #expect(list.times == [1, value])
  }

  @Test(arguments: ["nan", "NaN", "-nan", "nanf"])
  func `reads what is not a number`(text: String) throws {
    let read = try Self.read("last_preserved_timestamp: \(text)").times
    #expect(read.map(\.isNaN) == [true])
  }

  static let refused: [(text: String, error: String)] = [
    ("model: \"a\"", "byte 0: there is no field 'model' (corrupt)"),
    ("# x\n model_path: 1", "byte 5: there is no field 'model_path' (corrupt)"),
    ("1: \"a\"", "byte 0: there is no field '1' (corrupt)"),
    ("garbage", "byte 7: expected ':' after 'garbage', the text ends (corrupt)"),
    ("\u{7F}", "byte 0: expected a field's name, found the byte 0x7f (corrupt)"),
    (
      "model_checkpoint_path \"a\"",
      "byte 22: expected ':' after 'model_checkpoint_path', found '\"' (corrupt)"
    ),
    ("model_checkpoint_path: a", "byte 23: expected a text in quotes, found 'a' (corrupt)"),
    ("model_checkpoint_path:", "byte 22: expected a text in quotes, the text ends (corrupt)"),
    ("model_checkpoint_path: [\"a\"]", "byte 23: expected a text in quotes, found '[' (corrupt)"),
    (
      "model_checkpoint_path { }",
      "byte 22: expected ':' after 'model_checkpoint_path', found '{' (corrupt)"
    ),
    ("model_checkpoint_path: \"a", "byte 23: this text does not end on its line (corrupt)"),
    ("model_checkpoint_path: \"a\n\"", "byte 23: this text does not end on its line (corrupt)"),
    ("model_checkpoint_path: \"a'", "byte 23: this text does not end on its line (corrupt)"),
    ("model_checkpoint_path: \"a\\\"", "byte 23: this text does not end on its line (corrupt)"),
    ("model_checkpoint_path: \"a\\", "byte 26: expected an escape, the text ends (corrupt)"),
    (
      "model_checkpoint_path: \"C:\\data\"",
      "byte 26: this is no escape; a backslash is written '\\\\' (corrupt)"
    ),
    ("model_checkpoint_path: \"\\400\"", "byte 24: an octal escape above \\377 (corrupt)"),
    (
      "model_checkpoint_path: \"\\xg\"",
      "byte 24: the escape needs 1 hexadecimal digits, it has 0 (corrupt)"
    ),
    (
      "model_checkpoint_path: \"\\u12\"",
      "byte 24: the escape needs 4 hexadecimal digits, it has 2 (corrupt)"
    ),
    (
      "model_checkpoint_path: \"\\ud83d\\ude00\"",
      "byte 24: no character has the number U+D83D (corrupt)"
    ),
    (
      "model_checkpoint_path: \"\\U00110000\"",
      "byte 24: no character has the number U+110000 (corrupt)"
    ),
    (
      "model_checkpoint_path: \"\\377\"",
      "byte 23: the escapes of this text make no UTF-8 (corrupt)"
    ),
    ("model_checkpoint_path: \"a\";;", "byte 27: expected a field's name, found ';' (corrupt)"),
    (";model_checkpoint_path: \"a\"", "byte 0: expected a field's name, found ';' (corrupt)"),
    (
      "all_model_checkpoint_paths: [\"a\" \"b\",]",
      "byte 37: expected a text in quotes, found ']' (corrupt)"
    ),
    (
      "all_model_checkpoint_paths: [\"a\"; \"b\"]",
      "byte 32: expected ',' or ']', found ';' (corrupt)"
    ),
    (
      "all_model_checkpoint_paths: [[\"a\"]]",
      "byte 29: expected a text in quotes, found '[' (corrupt)"
    ),
    ("last_preserved_timestamp: \"1\"", "byte 26: expected a number, found '\"' (corrupt)"),
    ("last_preserved_timestamp: 007", "byte 26: '007' is no number (corrupt)"),
    ("last_preserved_timestamp: 0x10", "byte 26: '0x10' is no number (corrupt)"),
    ("last_preserved_timestamp: 1e", "byte 26: '1e' is no number (corrupt)"),
    ("last_preserved_timestamp: .", "byte 26: '.' is no number (corrupt)"),
    ("last_preserved_timestamp: --1", "byte 26: '--1' is no number (corrupt)"),
    ("last_preserved_timestamp: 1.5.2", "byte 26: '1.5.2' is no number (corrupt)"),
    ("last_preserved_timestamp: 1 2", "byte 29: expected ':' after '2', the text ends (corrupt)"),
  ]

  @Test(arguments: refused)
  func `says what is wrong and where`(text: String, error: String) {
    let thrown = #expect(throws: CheckpointError.self) { try Self.read(text) }
    #expect(thrown?.description == error)
  }

  @Test func `refuses what is not UTF-8, also in a comment`() {
    let text = Array("model_checkpoint_path: \"a\" # ".utf8) + [0xC3, 0x28]
    let error = #expect(throws: CheckpointError.self) { try Self.read(text) }
    #expect(error?.description == "byte 29: the text is not UTF-8 here (corrupt)")
  }

  @Test func `refuses a text that is far too long`() {
    let text = [UInt8](repeating: 0x20, count: Int(TextFormatReader.byteCountLimit) + 1)
    let error = #expect(throws: CheckpointError.self) { try Self.read(text) }
    #expect(
      error?.description
        == "a text of 16777217 bytes, more than the limit of 16777216 (limitExceeded)")
  }

  @Test func `reads nothing from nothing`() throws {
    #expect(try Self.read("") == Fields())
    #expect(try Self.read(" \n# nothing\n") == Fields())
  }

  @Test(.timeLimit(.minutes(20))) func `survives any bytes`() {
    let pieces = [
      "model_checkpoint_path", "last_preserved_timestamp", "all_model_checkpoint_timestamps", ":",
      "\"", "'", "\\", "[", "]", ",", ";", "#", "\n", "1", "-", ".", "e", "f", "inf", "\\x", "\\u",
      "\\777", "0", " ", "é", "\u{0}",
    ]
    for seed in 0..<20_000 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      let count = Int.random(in: 0...20, using: &rng)
      var text = Array(
        (0..<count).map { _ in pieces.randomElement(using: &rng) ?? "" }.joined().utf8)
      if Bool.random(using: &rng), !text.isEmpty {
        text[Int.random(in: 0..<text.count, using: &rng)] = .random(in: 0...255, using: &rng)
      }
      if let fields = try? Self.read(text) {
        #expect((try? Self.read(fields.text).text) == fields.text, "seed \(seed)")
      }
    }
  }
}
