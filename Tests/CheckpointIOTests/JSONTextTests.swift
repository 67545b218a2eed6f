import CheckpointIO
import Testing

/// JSON being written.
@Suite struct JSONTextTests {
  @Test(arguments: [0, 9, 10, 99, 100, 1_000_000, 9_999_999_999_999_999_999, .max] as [UInt64])
  func `writes a number by its digits`(number: UInt64) {
    var text = JSONText()
    text.append(number)
    #expect(text.bytes == Array("\(number)".utf8))
  }

  @Test func `goes on behind bytes that are none of it`() {
    var text = JSONText(after: [0xFF, 0], capacity: 4)
    text.append(string: "a\u{7F}\"".utf8)
    #expect(text.bytes == [0xFF, 0] + Array("\"a\u{7F}\\\"\"".utf8))
  }
}
