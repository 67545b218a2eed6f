import CheckpointGraph
import Testing

/// Proves that keys are spelled as TensorFlow spells them.
@Suite struct CheckpointKeyTests {
  static let escapes: [(name: String, escaped: String)] = [
    ("", ""), ("kernel", "kernel"), (".", ".."), ("/", ".S"), ("a.b/c", "a..b.Sc"),
    ("k/1.2", "k.S1..2"), (".S", "..S"), ("./", "...S"), ("/.", ".S.."), ("//", ".S.S"),
    ("a b", "a b"), ("日本", "日本"), ("é", "é"), ("e\u{301}", "e\u{301}"),
    (".\u{301}x", "..\u{301}x"), ("/\u{301}", ".S\u{301}"), ("🙂.", "🙂.."),
  ]

  @Test(arguments: escapes)
  func `escapes a name, and finds it again`(name: String, escaped: String) {
    #expect(CheckpointKey.escape(name).utf8.elementsEqual(escaped.utf8))
    #expect(CheckpointKey.unescape(escaped).utf8.elementsEqual(name.utf8))
  }

  @Test func `makes keys of paths`() {
    let value = CheckpointKey.variableValue
    #expect(CheckpointKey.key(path: "", attribute: value) == "/.ATTRIBUTES/VARIABLE_VALUE")
    #expect(CheckpointKey.key(path: "m/", attribute: value) == "m//.ATTRIBUTES/VARIABLE_VALUE")
    #expect(CheckpointKey.key(path: "a", attribute: "py_state") == "a/.ATTRIBUTES/py_state")
    #expect(
      CheckpointKey.slotPath(variable: "model/w", optimizer: "opt", slotName: "m")
        == "model/w/.OPTIMIZER_SLOT/opt/m")
    #expect(
      CheckpointKey.slotPath(variable: "w", optimizer: "", slotName: "a/b")
        == "w/.OPTIMIZER_SLOT//a.Sb")
  }
}
