import CheckpointIO
import CheckpointTestSupport
@testable import Checkpoints
import Foundation
import Testing

/// Proves that a history is read as it was written, and that nothing else is taken for it.
@Suite struct CheckpointHistoryTests {
  private static var history: CheckpointHistory {
    var history = CheckpointHistory()
    history.since = 999
    history.lastPreserved = 1_000.5
    history.highest = 9
    history.checkpoints = [
      CheckpointHistory.Entry(
        name: "ckpt-7", step: 7, time: 1_700_000_000.25, metrics: ["loss": 0.25, "acc": .nan]),
      CheckpointHistory.Entry(
        name: "a \"b\\\n é/8", step: nil, time: -1e300, metrics: ["": -.infinity],
        isPinned: true, isPreserved: true, isDamaged: true),
    ]
    history.saving = [
      CheckpointHistory.Pending(
        entry: CheckpointHistory.Entry(name: "ckpt-9", step: 9, time: 3), replacedIndex: 4)
    ]
    return history
  }

  private static let text = """
    {"crc32c":"1da96559","history":{"checkpoints":[
    {"name":"ckpt-7","step":7,"time":1700000000.25,"metrics":{"acc":"nan","loss":0.25},"pinned":false,\
    "preserved":false,"damaged":false},
    {"name":"a \\"b\\\\\\n é/8","time":-1e+300,"metrics":{"":"-inf"},"pinned":true,"preserved":true,\
    "damaged":true}
    ],"highest":9,"last_preserved":1000.5,"saving":[{"entry":{"name":"ckpt-9","step":9,"time":3.0,\
    "metrics":{},"pinned":false,"preserved":false,"damaged":false},"replaced_index":4}],"since":999.0,\
    "version":1}}

    """

  @Test func `has a line for each checkpoint`() {
    #expect(String(decoding: Self.history.text, as: UTF8.self) == Self.text)
  }

  @Test func `is read as it was written`() throws {
    let read = try CheckpointHistory(text: Array(Self.text.utf8))
    #expect(read.text == Self.history.text)
    #expect(read.checkpoints[1] == Self.history.checkpoints[1])
    #expect(read.checkpoints[0].metrics["acc"]?.isNaN == true)
    #expect(read.saving == Self.history.saving)
    #expect(try CheckpointHistory(text: CheckpointHistory().text) == CheckpointHistory())
  }

  // Such a file is what an editor makes of it, or another writer of JSON.
  @Test func `may be laid out in another way`() throws {
    let text = try JSONSerialization.data(
      withJSONObject: JSONSerialization.jsonObject(with: Data(Self.small.utf8)),
      options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    #expect(text.count > Self.small.utf8.count)
    #expect(try CheckpointHistory(text: Array(text)).checkpoints.map(\.name) == ["a b"])
  }

  // Members in the order of their names, and numbers in their shortest form, as the writer above has them.
  private static let small = """
    {"crc32c":"92c893df","history":{"checkpoints":[{"damaged":false,"metrics":{},"name":"a b",\
    "pinned":false,"preserved":false,"step":7,"time":7}],"highest":7,"saving":[],"version":1}}
    """

  @Test(arguments: ["ckpt-7", "nan", "9", "since", "version"])
  func `is refused if anything has changed`(part: String) {
    let changed = Self.text.replacingOccurrences(
      of: part, with: part == "9" ? "8" : part + "x", range: Self.text.range(of: part))
    #expect(changed != Self.text)
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointHistory(text: Array(changed.utf8))
    }
    #expect(error?.code == .corrupt)
  }

  @Test func `is refused if it is cut anywhere, but for the last line's end`() {
    let bytes = Array(Self.text.utf8)
    for count in 0..<(bytes.count - 1) {
      #expect(throws: CheckpointError.self) { try CheckpointHistory(text: Array(bytes[..<count])) }
      #expect(CheckpointHistory.mayBe(Array(bytes[..<count])))
    }
  }

  @Test func `is refused without its checksum in front`() {
    let history = Self.text.drop { $0 != "," }.dropFirst()
    for text in ["{\(history)", "{\"history\":{},\"crc32c\":\"00000000\"}"] {
      let error = #expect(throws: CheckpointError.self) {
        try CheckpointHistory(text: Array(text.utf8))
      }
      #expect(error?.message == "this is no history of checkpoints")
    }
  }
}
