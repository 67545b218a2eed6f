import CheckpointIO
import CheckpointStore
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

  @Test func `takes the last of a field that is not repeated`() throws {
    let text = """
      model_checkpoint_path: "m-1" last_preserved_timestamp: 1
      model_checkpoint_path: "m-2" last_preserved_timestamp: 2
      """
    let message = try CheckpointStateMessage(text: Array(text.utf8).span)
    #expect(message.modelCheckpointPath == "m-2")
    #expect(message.lastPreservedTimestamp == 2)
  }

  @Test(arguments: ["", " \n# nothing\n"]) func `reads nothing from nothing`(text: String) throws {
    #expect(try CheckpointStateMessage(text: Array(text.utf8).span) == CheckpointStateMessage())
  }

  @Test(arguments: [
    ("model: \"a\"", "byte 0: there is no field 'model' (corrupt)"),
    (
      "model_checkpoint_path: [\"a\"]", "byte 23: expected a text in quotes, found '[' (corrupt)"
    ),
    ("last_preserved_timestamp: \"1\"", "byte 26: expected a number, found '\"' (corrupt)"),
  ])
  func `refuses a text of another message, with its place`(text: String, error: String) {
    let thrown = #expect(throws: CheckpointError.self) {
      try CheckpointStateMessage(text: Array(text.utf8).span)
    }
    #expect(thrown?.description == error)
  }
}
