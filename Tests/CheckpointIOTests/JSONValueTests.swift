import CheckpointIO
import Testing

@Suite struct JSONValueTests {
  @Test func `writes every kind of value`() {
    let value: JSONValue = [
      "null": .null, "flag": .bool(true), "name": .string("a\"b"), "count": .number(3 as UInt64),
      "shape": .numbers([2, 3]), "names": .strings(["x"]), "rules": .raw("[1]"), "none": [],
      "gone": .stringIfAny(nil),
    ]
    #expect(
      value.text
        == #"{"null":null,"flag":true,"name":"a\"b","count":3,"shape":[2,3],"names":["x"],"#
        + #""rules":[1],"none":[],"gone":null}"#)
  }

  @Test(arguments: [
    (JSONValue.Lines.none, "[1,2]", "[]"), (.before, "[\n1,\n2]", "[]"),
    (.around, "[\n1,\n2\n]", "[]"), (.between, "[1,\n2]", "[]"),
  ])
  func `ends lines where they are wanted`(lines: JSONValue.Lines, two: String, none: String) {
    #expect(JSONValue.array([.number(1), .number(2)], lines).text == two)
    #expect(JSONValue.array([], lines).text == none)
  }

  @Test func `escapes what a terminal would obey only where people see it`() {
    let text = "\u{8}\u{1B}\u{85}\u{2028}\n"
    var json = JSONText()
    json.append(string: text.utf8)
    #expect(String(decoding: json.bytes, as: UTF8.self) == "\"\\b\\u001b\u{85}\u{2028}\\n\"")
    #expect(JSONValue.string(text).text == #""\u0008\u001b\u0085\u2028\n""#)
  }
}
