import CheckpointMapping
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Rules of a mapping as JSON.
@Suite struct KeyMappingJSONTests {
  /// Every kind of rule, each in the form that the documentation has.
  static let everyRule: [(json: String, rule: KeyMapping.Rule)] = [
    (#"{"prefix": "bert/", "to": "encoder/"}"#, .prefix("bert/", to: "encoder/")),
    (
      #"{"replace": "layer_(\\d+)/", "with": "layers/$1/"}"#,
      .replace(#"layer_(\d+)/"#, with: "layers/$1/")
    ),
    (#"{"rename": {"a": "b"}}"#, .rename(["a": "b"])),
    (
      "{\"rename\": {\n    \"a\": \"b\",\n    \"é\": \"\\\"\\\\\"\n  }}",
      .rename(["a": "b", "é": "\"\\"])
    ),
    (#"{"assign": {"bert/": "encoder/"}}"#, .assign(["bert/": "encoder/"])),
    (#"{"names": "dotted"}"#, .names(.dotted)), (#"{"names": "slashed"}"#, .names(.slashed)),
    (#"{"names": "objects"}"#, .names(.objects)),
    (#"{"prefer": "/ExponentialMovingAverage"}"#, .prefer("/ExponentialMovingAverage")),
    (#"{"drop": {"all": true}}"#, .drop(.all)),
    (#"{"drop": {"name": "step"}}"#, .drop(.name("step"))),
    (#"{"keep": {"prefix": "encoder/"}}"#, .keep(.prefix("encoder/"))),
    (#"{"keep": {"suffix": "/kernel"}}"#, .keep(.suffix("/kernel"))),
    (#"{"drop": {"regex": "Adam(_1)?$"}}"#, .drop(.regex("Adam(_1)?$"))),
    (
      #"{"transpose": [1, 0], "of": {"suffix": "kernel"}}"#,
      .transform(.suffix("kernel"), .transpose([1, 0]))
    ),
    (#"{"reshape": [-1, 10], "of": {"name": "w"}}"#, .transform(.name("w"), .reshape([-1, 10]))),
    (#"{"squeeze": [0], "of": {"name": "w"}}"#, .transform(.name("w"), .squeeze([0]))),
    (#"{"unsqueeze": [0, 1], "of": {"all": true}}"#, .transform(.all, .unsqueeze([0, 1]))),
    (
      #"{"slice": "0,2:-", "of": {"name": "w"}}"#,
      .transform(.name("w"), .slice(TensorSlice([.range(start: 0, length: 2), .full])))
    ),
    (#"{"convert": "bfloat16", "of": {"all": true}}"#, .transform(.all, .convert(to: .bfloat16))),
    (
      #"{"split": "qkv", "axis": 1, "into": ["q", "k", "v"]}"#,
      .split("qkv", axis: 1, into: ["q", "k", "v"])
    ),
    (
      #"{"split": "ab", "axis": 0, "into": ["a", "b"], "lengths": [1, 2]}"#,
      .split("ab", axis: 0, into: ["a", "b"], lengths: [1, 2])
    ),
    (#"{"stack": ["a", "b"], "axis": 0, "into": "ab"}"#, .stack(["a", "b"], axis: 0, into: "ab")),
    (
      #"{"stack": "^layer\\.(\\d+)\\.w$", "axis": 0, "into": "w"}"#,
      .stackMatches(#"^layer\.(\d+)\.w$"#, axis: 0, into: "w")
    ),
    (
      #"{"unstack": "^(w|b)$", "axis": 1, "into": "layer.$i.$1"}"#,
      .unstack("^(w|b)$", axis: 1, into: "layer.$i.$1")
    ),
    (
      #"{"concatenate": ["a", "b"], "axis": 2, "into": "ab"}"#,
      .concatenate(["a", "b"], axis: 2, into: "ab")
    ),
  ]

  @Test(arguments: everyRule.indices) func `writes and reads each rule`(index: Int) throws {
    let (json, rule) = Self.everyRule[index]
    let text = try KeyMapping([rule]).json()
    #expect(text == "[\n  \(json)\n]\n")
    let read = try KeyMapping(json: text)
    #expect(read.description == "[\(rule)]")
    #expect(try read.json() == text)
  }

  @Test func `writes all rules, one a line, and reads them back`() throws {
    let text = try KeyMapping(Self.everyRule.map(\.rule)).json()
    #expect(text == "[\n  \(Self.everyRule.map(\.json).joined(separator: ",\n  "))\n]\n")
    #expect(try KeyMapping(json: text).rules.count == Self.everyRule.count)
    #expect(try KeyMapping([]).json() == "[]\n")
    #expect(try KeyMapping(json: " [ ]\n").rules.isEmpty)
  }

  @Test func `is JSON as Foundation reads it, whatever the names`() throws {
    let names = ["a\"b", "\\", "\n\t\u{0}\u{1F}\u{7F}", "日本語", "🧠", "", "a\u{2028}b"]
    let pairs = Dictionary(uniqueKeysWithValues: names.map { ($0, $0 + "'") })
    let text = try KeyMapping.names(pairs).json()
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
    #expect(object?.first?["rename"] as? [String: String] == pairs)
    #expect(try KeyMapping(json: text).json() == text)
  }

  @Test func `takes fields in any order, comments, and scopes`() throws {
    let mapping = try KeyMapping(
      json: #"""
        [
          {"to": "encoder", "scope": "bert", "comment": "the encoder alone"},
          {"scope": "/", "to": "model"},
          {"of": {"regex" : "k$"}, "transpose":[1,0]},
          {"comment": "é", "lengths": [1, 1], "into": ["a", "b"], "axis": 0, "split": "ab"}
        ]
        """#)
    #expect(
      mapping.description == #"[.prefix("bert/", to: "encoder/"), .prefix("", to: "model/"), "#
        + #".transform(.regex("k$"), .transpose([1, 0])), "#
        + #".split("ab", axis: 0, into: ["a", "b"], lengths: [1, 1])]"#)
  }

  @Test func `says which rules are functions`() {
    let one = #expect(throws: CheckpointError.self) {
      try KeyMapping([.drop(.all), .custom { $0 }]).json()
    }
    #expect(
      one?.description
        == "rule 2 is a function, .custom, which cannot be written as JSON; say it with .rename or "
        + ".replace (unsupported)")
    let two = #expect(throws: CheckpointError.self) {
      try KeyMapping([.custom { $0 }, .custom { _ in nil }]).json()
    }
    #expect(two?.message == "2 rules cannot be written as JSON")
    #expect(two?.problems.count == 2)
  }

  // MARK: What is no mapping

  private static let kinds =
    "'prefix', 'scope', 'replace', 'rename', 'assign', 'names', 'prefer', 'drop', 'keep', 'transpose', "
    + "'reshape', 'squeeze', 'unsqueeze', 'slice', 'convert', 'split', 'stack', 'unstack', 'concatenate'"

  static let faults: [(json: String, problem: String)] = [
    ("", "byte 0: line 1: expected '[', the text ends"),
    ("{}", "byte 0: line 1: expected '[', found '{'"),
    ("[", "byte 1: line 1: rule 1: expected '{', the text ends"),
    ("[\n  1\n]", "byte 4: line 2: rule 1: expected '{', found '1'"),
    (#"[{"drop": {"all": true}},]"#, "byte 25: line 1: rule 2: expected '{', found ']'"),
    ("[] x", "byte 3: line 1: expected the end of the text, found 'x'"),
    (
      #"[{"prefx": "a", "to": "b"}]"#,
      "byte 2: line 1: rule 1: there is no field 'prefx'; a rule has one of \(kinds)"
    ),
    ("[{}]", "byte 1: line 1: rule 1: nothing says what the rule does: it needs one of \(kinds)"),
    (
      #"[{"to": "b"}]"#,
      "byte 1: line 1: rule 1: nothing says what the rule does: it needs one of \(kinds)"
    ),
    (
      #"[{"names": "dots"}]"#,
      "byte 11: line 1: rule 1: field 'names': 'dots' is no style of names: 'dotted', 'slashed' or "
        + "'objects'"
    ),
    (#"[{"prefix": "a"}]"#, "byte 1: line 1: rule 1: 'prefix' needs the field 'to' too"),
    (#"[{"transpose": [1, 0]}]"#, "byte 1: line 1: rule 1: 'transpose' needs the field 'of' too"),
    (
      #"[{"prefix": "a", "to": "b", "axis": 1}]"#,
      "byte 1: line 1: rule 1: the field 'axis' does not go with 'prefix', but 'to'"
    ),
    (
      #"[{"drop": {"all": true}, "to": "b"}]"#,
      "byte 1: line 1: rule 1: the field 'to' does not go with 'drop'"
    ),
    (
      #"[{"drop": {"all": true}, "keep": {"all": true}}]"#,
      "byte 1: line 1: rule 1: a rule does one thing, not 'drop', 'keep'"
    ),
    (
      #"[{"prefix": "a", "prefix": "b"}]"#,
      "byte 17: line 1: rule 1: the field 'prefix' occurs twice"
    ),
    (
      "[{\"drop\": {\"all\": true}},\n{\"prefix\": 1, \"to\": \"\"}]",
      "byte 37: line 2: rule 2: field 'prefix': expected a string, found '1'"
    ),
    (
      #"[{"rename": {"a": "b", "a": "c"}}]"#,
      "byte 23: line 1: rule 1: field 'rename': the name 'a' occurs twice, or two of its spellings do; "
        + "make two rules of them"
    ),
    (#"[{"rename": ["a"]}]"#, "byte 12: line 1: rule 1: field 'rename': expected '{', found '['"),
    (#"[{"drop": "Adam"}]"#, "byte 10: line 1: rule 1: field 'drop': expected '{', found '\"'"),
    (
      #"[{"drop": {"infix": "Adam"}}]"#,
      "byte 11: line 1: rule 1: field 'drop': there is no pattern 'infix', but 'name', 'prefix', "
        + "'suffix', 'regex' and 'all'"
    ),
    (
      #"[{"drop": {"all": false}}]"#,
      "byte 18: line 1: rule 1: field 'drop': expected a value, found 'f'"
    ),
    (
      #"[{"drop": {"name": "a", "prefix": "b"}}]"#,
      "byte 22: line 1: rule 1: field 'drop': expected '}': a pattern has one field, found ','"
    ),
    (
      #"[{"slice": "0-2", "of": {"all": true}}]"#,
      "byte 11: line 1: rule 1: field 'slice': '0-2' is not a slice, as '0,2:-'"
    ),
    (
      #"[{"convert": "float", "of": {"all": true}}]"#,
      "byte 13: line 1: rule 1: field 'convert': 'float' is not a dtype, as 'float32'"
    ),
    (
      #"[{"transpose": [1, 0.5], "of": {"all": true}}]"#,
      "byte 19: line 1: rule 1: field 'transpose': a number has to be an integer, not negative, in its "
        + "shortest form"
    ),
    (
      #"[{"reshape": [9223372036854775808], "of": {"all": true}}]"#,
      "byte 14: line 1: rule 1: field 'reshape': a number of more than 63 bits"
    ),
    (
      #"[{"stack": 1, "axis": 0, "into": "b"}]"#,
      "byte 11: line 1: rule 1: field 'stack': expected a string, found '1'"
    ),
    (
      #"[{"unstack": ["a"], "axis": 0, "into": "b"}]"#,
      "byte 13: line 1: rule 1: field 'unstack': expected a string, found '['"
    ),
    (
      #"[{"stack": "a", "axis": 0, "into": ["b"]}]"#,
      "byte 1: line 1: rule 1: field 'into': for 'stack' it is one name"
    ),
    (
      #"[{"stack": ["a"], "axis": 0, "into": ["b"]}]"#,
      "byte 1: line 1: rule 1: field 'into': for 'stack' it is one name"
    ),
    (
      #"[{"split": "a", "axis": 0, "into": "b"}]"#,
      "byte 1: line 1: rule 1: field 'into': for 'split' it is a list of names"
    ),
    (
      #"[{"split": "a", "axis": "0", "into": ["b"]}]"#,
      "byte 24: line 1: rule 1: field 'axis': a number has to be an integer, not negative, in its "
        + "shortest form"
    ),
  ]

  @Test(arguments: faults.indices) func `says where and what is allowed`(index: Int) {
    let (json, problem) = Self.faults[index]
    let error = #expect(throws: CheckpointError.self) { try KeyMapping(json: json) }
    #expect(error?.description == problem + " (corrupt)")
  }

  @Test func `refuses what is no regular expression`() {
    for json in [#"[{"replace": "(", "with": ""}]"#, #"[{"keep": {"regex": "("}}]"#] {
      let error = #expect(throws: CheckpointError.self) { try KeyMapping(json: json) }
      #expect(error?.code == .corrupt)
      #expect(error?.message.contains("'(' is not a regular expression") == true)
    }
  }

  @Test(arguments: ["[", "{\"rename\":", "[{\"drop\":", "[{\"prefix\":\"\\u00"])
  func `neither crashes nor hangs on deep or cut texts`(piece: String) {
    let text = String(repeating: piece, count: 100_000)
    #expect(throws: CheckpointError.self) { try KeyMapping(json: text) }
  }

  @Test func `neither crashes nor hangs on expressions that nest deep`() {
    for bracket in ["(", "[", "(?:", "(?=", "[^"] {
      let pattern = String(repeating: bracket, count: 50_000)
      let json = #"[{"keep": {"regex": "\#(pattern)"}}]"#
      let error = #expect(throws: CheckpointError.self) { try KeyMapping(json: json) }
      #expect(error?.message.contains("more than 256 brackets") == true)
    }
    let deep = String(repeating: "(", count: 16) + String(repeating: ")", count: 16)
    #expect(throws: Never.self) { try KeyMapping(json: #"[{"keep": {"regex": "\#(deep)"}}]"#) }
  }

  @Test func `gives a mapping or an error for any cut and any changed byte`() throws {
    let text = Array(try KeyMapping(Self.everyRule.map(\.rule)).json().utf8)
    for end in text.indices.dropLast(2) {  // without the last bracket
      let cut = String(decoding: text[..<end], as: UTF8.self)
      #expect(throws: CheckpointError.self) { try KeyMapping(json: cut) }
    }
    for seed in 0..<UInt64(TestCases.count(2_000, sample: 400)) {
      var rng = SeededGenerator(seed: seed)
      var changed = text
      let place = Int.random(in: changed.indices, using: &rng)
      changed[place] = UInt8.random(in: 0x20...0x7E, using: &rng)
      // What is read can be written.
      if let mapping = try? KeyMapping(json: String(decoding: changed, as: UTF8.self)) {
        #expect(throws: Never.self, "seed \(seed)") { try mapping.json() }
      }
    }
  }

  // MARK: Files

  @Test func `reads a file, and names it in errors`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path("rules.json")
    try #"[{"prefix": "a/", "to": "b/"}]"#.write(toFile: path, atomically: true, encoding: .utf8)
    #expect(try KeyMapping(jsonFile: path).description == #"[.prefix("a/", to: "b/")]"#)
    try "[\n{\"drop\": {}}]".write(toFile: path, atomically: true, encoding: .utf8)
    let error = #expect(throws: CheckpointError.self) { try KeyMapping(jsonFile: path) }
    #expect(
      error?.description
        == "\(path): byte 12: line 2: rule 1: field 'drop': expected a string, found '}' (corrupt)")
    let missing = #expect(throws: CheckpointError.self) {
      try KeyMapping(jsonFile: directory.path("none.json"))
    }
    #expect(missing?.file == directory.path("none.json"))
  }

  @Test func `refuses a text that is too large, and takes one that just is not`() throws {
    let most = "[]" + String(repeating: " ", count: (16 << 20) - 2)
    #expect(try KeyMapping(json: most).rules.isEmpty)
    let error = #expect(throws: CheckpointError.self) { try KeyMapping(json: most + " ") }
    #expect(
      error?.description
        == "more than 16777216 bytes of rules; a pattern can stand for the names that a rule lists "
        + "(limitExceeded)")
  }

  @Test func `refuses a file that is too large, and one that is not UTF-8`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path("rules.json")
    try Data().write(to: URL(fileURLWithPath: path))
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.truncate(atOffset: 17 << 20)
    let large = #expect(throws: CheckpointError.self) { try KeyMapping(jsonFile: path) }
    #expect(large?.code == .limitExceeded)
    try file.truncate(atOffset: 0)
    try file.write(contentsOf: Data([0x5B, 0xFF]))
    try file.close()
    let odd = #expect(throws: CheckpointError.self) { try KeyMapping(jsonFile: path) }
    #expect(odd?.description == "\(path): byte 1: line 1: the text is not UTF-8 (corrupt)")
  }
}
