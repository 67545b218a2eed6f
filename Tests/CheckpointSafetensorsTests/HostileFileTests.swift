import CheckpointIO
@testable import CheckpointSafetensors
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves that every rule of the format is checked, and that no bytes end the process.
@Suite struct HostileFileTests {
  struct Case: CustomTestStringConvertible {
    let name: String
    let header: String
    let problem: String
    var elements = 4
    var testDescription: String { name }
  }

  static let fine = #"{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#

  static func shape(_ shape: String, _ type: String = "F32") -> String {
    #"{"w":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[0,4]}}"#
  }

  static func offsets(_ offsets: String) -> String {
    #"{"w":{"dtype":"F32","shape":[1],"data_offsets":\#(offsets)}}"#
  }

  static let cases: [Case] = [
    Case(name: "no header", header: "", problem: "expected '{', the header ends"),
    Case(name: "space first", header: " {}", problem: "expected '{', found the byte 0x20"),
    Case(name: "a list", header: "[]", problem: "expected '{', found '['"),
    Case(name: "text behind", header: "{}x", problem: "expected the end of the header, found 'x'"),
    Case(name: "no end", header: #"{"w":\#(fine)"#, problem: "expected ',', the header ends"),
    Case(name: "comma last", header: #"{"w":\#(fine),}"#, problem: "expected a string, found '}'"),
    Case(
      name: "no comma", header: #"{"w":\#(fine)"v":\#(fine)}"#, problem: #"expected ',', found '"'"#
    ),
    Case(name: "comma first", header: #"{,"w":\#(fine)}"#, problem: "expected a string, found ','"),
    Case(name: "no colon", header: #"{"w"\#(fine)}"#, problem: "expected ':', found '{'"),
    Case(name: "a number for a tensor", header: #"{"w":1}"#, problem: "expected '{', found '1'"),
    Case(name: "name twice", header: #"{"w":\#(fine),"w":\#(fine)}"#, problem: "'w' occurs twice"),
    Case(
      name: "name twice, once escaped", header: #"{"w":\#(fine),"\u0077":\#(fine)}"#,
      problem: "'w' occurs twice"),
    Case(
      name: "field twice", header: #"{"w":{"dtype":"F32","dtype":"F32"}}"#,
      problem: "'dtype' occurs twice"),
    Case(
      name: "field missing", header: #"{"w":{"dtype":"F32","shape":[1]}}"#,
      problem: "needs 'dtype', 'shape' and 'data_offsets'"),
    Case(
      name: "metadata twice", header: #"{"__metadata__":{},"w":\#(fine),"__metadata__":{}}"#,
      problem: "'__metadata__' occurs twice"),
    Case(
      name: "text twice", header: #"{"__metadata__":{"a":"","a":""},"w":\#(fine)}"#,
      problem: "'a' occurs twice"),
    Case(
      name: "number in metadata", header: #"{"__metadata__":{"a":1},"w":\#(fine)}"#,
      problem: "expected a string, found '1'"),
    Case(
      name: "dtype no string", header: #"{"w":{"dtype":1}}"#,
      problem: "expected a string, found '1'"),
    Case(name: "negative", header: shape("[-1]"), problem: "not negative"),
    Case(name: "fraction", header: shape("[1.0]"), problem: "has to be an integer"),
    Case(name: "exponent", header: shape("[1e0]"), problem: "has to be an integer"),
    Case(name: "zero in front", header: shape("[01]"), problem: "in its shortest form"),
    Case(name: "65 bits", header: shape("[18446744073709551616]"), problem: "more than 64 bits"),
    Case(
      name: "64 bits", header: shape("[18446744073709551615]"), problem: "does not take 4 bytes"),
    Case(
      name: "product of 64 bits", header: shape("[4294967296,4294967296]"),
      problem: "no tensor can have the shape"),
    Case(
      name: "300 dimensions",
      header: shape("[" + Array(repeating: "1", count: 300).joined(separator: ",") + "]"),
      problem: "no tensor can have the shape"),
    Case(
      name: "255 dimensions",
      header: shape("[" + Array(repeating: "1", count: 255).joined(separator: ",") + "]"),
      problem: "no tensor can have the shape"),
    Case(name: "too long", header: shape("[2]"), problem: "a tensor F32[2] does not take 4 bytes"),
    Case(name: "too short", header: shape("[0]"), problem: "a tensor F32[0] does not take 4 bytes"),
    Case(
      name: "half a byte", header: shape("[7]", "F4"),
      problem: "a tensor F4[7] does not take 4 bytes"),
    Case(
      name: "three offsets", header: offsets("[0,4,4]"), problem: "a list of more than 2 numbers"),
    Case(name: "one offset", header: offsets("[0]"), problem: "has to be [begin, end]"),
    Case(
      name: "backwards", header: offsets("[4,0]"), problem: "has to be [begin, end], not [4, 0]"),
    Case(name: "hole in front", header: offsets("[1,5]"), problem: "there is a hole", elements: 5),
    Case(
      name: "bytes left", header: offsets("[0,4]"), problem: "1 bytes belong to no tensor",
      elements: 5),
    Case(
      name: "far away", header: offsets("[18446744073709551611,18446744073709551615]"),
      problem: "there is a hole"),
    Case(name: "overlap", header: #"{"v":\#(fine),"w":\#(fine)}"#, problem: "tensors overlap"),
    Case(
      name: "empty one amid",
      header: #"{"v":{"dtype":"F32","shape":[0],"data_offsets":[2,2]},"w":\#(fine)}"#,
      problem: "tensors overlap"),
    Case(name: "no tensors but bytes", header: "{}", problem: "4 bytes belong to no tensor"),
    Case(
      name: "control character", header: "{\"\u{1}\":\(fine)}",
      problem: "expected the end of a string, found the byte 0x01"),
    Case(name: "bad escape", header: #"{"\x":\#(fine)}"#, problem: "a backslash and the byte 0x78"),
    Case(name: "escape at the end", header: #"{"\"#, problem: "expected a character behind"),
    Case(name: "short escape", header: #"{"\u12"#, problem: "expected four hexadecimal digits"),
    Case(
      name: "first half", header: #"{"\ud800":\#(fine)}"#,
      problem: "half of a UTF-16 surrogate pair"),
    Case(
      name: "second half", header: #"{"\udc00":\#(fine)}"#,
      problem: "half of a UTF-16 surrogate pair"),
    Case(
      name: "two first halves", header: #"{"\ud800\ud800":\#(fine)}"#,
      problem: "half of a UTF-16 surrogate pair"),
    Case(name: "bad word", header: #"{"w":{"x":nul}}"#, problem: "expected a value, found '}'"),
    Case(name: "bad number", header: #"{"w":{"x":-}}"#, problem: "expected a value, found '}'"),
    Case(name: "bad exponent", header: #"{"w":{"x":1e}}"#, problem: "expected a value, found '}'"),
    Case(
      name: "unused number with zero", header: #"{"w":{"x":01}}"#,
      problem: "a number in its shortest form"),
  ]

  @Test(arguments: cases)
  func `refuses a file that breaks a rule`(hostile: Case) throws {
    let file = SafetensorsReaderTests.file(
      hostile.header, Array(repeating: 0, count: hostile.elements))
    let error = #expect(throws: CheckpointError.self) { try SafetensorsReader(file: file) }
    #expect(error?.code == .corrupt)
    #expect(error?.file == "f")
    #expect(error?.description.contains(hostile.problem) == true, "\(error?.description ?? "")")
  }

  @Test func `says where in the file and in which tensor`() {
    let file = SafetensorsReaderTests.file(#"{"dense/w":{"dtype":"F32","shape":[-1]}}"#)
    let error = #expect(throws: CheckpointError.self) { try SafetensorsReader(file: file) }
    #expect(error?.offset == 43)
    #expect(error?.key == "dense/w")
  }

  @Test func `refuses a header that is not UTF-8`() {
    var bytes = Array(#"{"w__":{}}"#.utf8)
    bytes[3] = 0xFF
    let file = MemoryFile([UInt8(bytes.count), 0, 0, 0, 0, 0, 0, 0] + bytes, path: "f")
    let error = #expect(throws: CheckpointError.self) { try SafetensorsReader(file: file) }
    #expect(error?.description == "f: byte 11: the header is not UTF-8 (corrupt)")
  }

  @Test func `refuses deep nesting before the stack ends`() {
    let deep = String(repeating: "[", count: 1_000_000)
    let file = SafetensorsReaderTests.file(#"{"w":{"x":\#(deep)"#)
    let error = #expect(throws: CheckpointError.self) { try SafetensorsReader(file: file) }
    #expect(error?.code == .limitExceeded)
  }

  @Test func `refuses an index that is longer than a header may be`() {
    let status = FileStatus(
      kind: .file, byteCount: 100_000_001, modified: FileTime(seconds: 0))
    let error = #expect(throws: CheckpointError.self) {
      try ModelIndex(MemoryFile([], path: "f", status: status))
    }
    #expect(
      error?.description
        == "f: an index of 100000001 bytes, at most 100000000 are allowed (limitExceeded)")
  }

  @Test func `refuses lengths that the file does not have, or should not`() {
    for (bytes, text) in [
      ([], "f: 0 bytes are no safetensors file: it begins with its header's length (truncated)"),
      (
        [1, 0, 0, 0, 0, 0, 0],
        "f: 7 bytes are no safetensors file: it begins with its header's length (truncated)"
      ),
      (
        [3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D],
        "f: byte 8: the header takes 3 bytes from byte 8 on, but only 2 of 10 are left (truncated)"
      ),
      (
        [1, 0xE1, 0xF5, 5, 0, 0, 0, 0],
        "f: byte 0: a header of 100000001 bytes, at most 100000000 are allowed; is this a safetensors file? (limitExceeded)"
      ),
    ] as [([UInt8], String)] {
      let error = #expect(throws: CheckpointError.self) {
        try SafetensorsReader(file: MemoryFile(bytes, path: "f"))
      }
      #expect(error?.description == text)
    }
    let cut = SafetensorsReaderTests.file(Self.offsets("[0,4]"), [1, 2, 3])
    let error = #expect(throws: CheckpointError.self) { try SafetensorsReader(file: cut) }
    #expect(
      error?.description
        == "f: the tensors take 4 bytes, the file has 3 of them; copy it again (truncated)")
  }

  @Test(.timeLimit(.minutes(20))) func `reads or refuses whatever is changed in a file`() throws {
    for seed in 0..<3000 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      var bytes = WorkedFileTests.bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(#"{}[]",:\0129eu"#.utf8.randomElement(using: &random) ?? 0, at: place)
        default: bytes.removeSubrange(place...)
        }
        if bytes.isEmpty { bytes = [0] }
      }
      try readAll(bytes)
    }
  }

  @Test func `reads or refuses every beginning of a file`() throws {
    for count in 0..<WorkedFileTests.bytes.count {
      let file = MemoryFile(Array(WorkedFileTests.bytes.prefix(count)))
      #expect(throws: CheckpointError.self) { try SafetensorsReader(file: file) }
    }
  }

  // What can be opened can be read: everything was checked.
  private func readAll(_ bytes: [UInt8]) throws {
    let reader: SafetensorsReader
    do {
      reader = try SafetensorsReader(file: MemoryFile(bytes))
    } catch { return }
    for entry in try reader.entries() { _ = try reader.tensor(for: entry.key) }
  }
}
