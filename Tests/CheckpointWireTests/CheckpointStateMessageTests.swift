import CheckpointIO
import CheckpointTestSupport
import CheckpointWire
import Testing

@Suite struct CheckpointStateMessageTests {
  func text(of message: CheckpointStateMessage) -> String {
    String(decoding: message.text, as: UTF8.self)
  }

  // A file of TensorFlow 2.21's CheckpointManager.
  static let managed = """
    model_checkpoint_path: "ckpt-3"
    all_model_checkpoint_paths: "ckpt-2"
    all_model_checkpoint_paths: "ckpt-3"
    all_model_checkpoint_timestamps: 1795336786.7758505
    all_model_checkpoint_timestamps: 1795336786.781859
    last_preserved_timestamp: 1795336785.731321

    """

  @Test func `reads and writes what TensorFlow's manager writes`() throws {
    let message = try CheckpointStateMessage(text: Array(Self.managed.utf8).span)
    #expect(message.modelCheckpointPath == "ckpt-3")
    #expect(message.allModelCheckpointPaths == ["ckpt-2", "ckpt-3"])
    #expect(message.allModelCheckpointTimestamps == [1795336786.7758505, 1795336786.781859])
    #expect(message.lastPreservedTimestamp == 1795336785.731321)
    #expect(text(of: message) == Self.managed)
  }

  @Test func `leaves out what has its default`() {
    var message = CheckpointStateMessage()
    #expect(text(of: message) == "")
    message.allModelCheckpointPaths = [""]
    message.allModelCheckpointTimestamps = [0]
    message.lastPreservedTimestamp = -0.0
    #expect(
      text(of: message) == """
        all_model_checkpoint_paths: ""
        all_model_checkpoint_timestamps: 0.0
        last_preserved_timestamp: -0.0

        """)
  }

  @Test(arguments: [
    ("it's \"m\"", #"it\'s \"m\""#), ("a\\b", #"a\\b"#), ("\n\r\t", #"\n\r\t"#),
    ("\u{0}\u{1}\u{8}\u{1F}\u{7F}", #"\000\001\010\037\177"#), ("é😀\u{2028}", "é😀\u{2028}"),
    ("\u{1}7", #"\0017"#),
  ])
  func `escapes as Python does`(path: String, literal: String) throws {
    var message = CheckpointStateMessage()
    message.modelCheckpointPath = path
    #expect(text(of: message) == "model_checkpoint_path: \"\(literal)\"\n")
    #expect(try CheckpointStateMessage(text: message.text.span) == message)
  }

  // What Python's repr() gives.
  static let doubles: [(value: Double, text: String)] = [
    (0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (-2.5, "-2.5"), (10, "10.0"), (100, "100.0"),
    (0.1, "0.1"), (1e-4, "0.0001"), (1.25e-4, "0.000125"), (1e-5, "1e-05"), (9.9e-5, "9.9e-05"),
    (1700000001, "1700000001.0"), (1e15, "1000000000000000.0"),
    (123456789012345.67, "123456789012345.67"),
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
      let text = Array("last_preserved_timestamp: \(value.textFormat)".utf8)
      let read = try CheckpointStateMessage(text: text.span).lastPreservedTimestamp
      #expect(read == value || read.isNaN && value.isNaN, "seed \(seed)")
    }
  }

  @Test(.timeLimit(.minutes(20))) func `prints every path so that it reads back`() throws {
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
      var message = CheckpointStateMessage()
      message.modelCheckpointPath = path
      let read = try CheckpointStateMessage(text: message.text.span).modelCheckpointPath
      #expect(read.unicodeScalars.elementsEqual(path.unicodeScalars), "seed \(seed)")
    }
  }
}
