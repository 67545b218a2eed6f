import CheckpointIO
import CheckpointStore
import Testing

/// Proves the bytes of a saver's definition, and how scopes are taken off its names.
@Suite struct SaverDefinitionTests {
  // What TensorFlow 2.21 writes for Saver(max_to_keep=2, keep_checkpoint_every_n_hours=1.5).
  static let bytes: [UInt8] =
    [0x0A, 0x0C] + Array("save/Const:0".utf8)
    + [0x12, 0x19] + Array("save/control_dependency:0".utf8)
    + [0x1A, 0x10] + Array("save/restore_all".utf8)
    + [0x20, 0x02, 0x35, 0x00, 0x00, 0xC0, 0x3F, 0x38, 0x02]

  @Test func `is written and read as TensorFlow does`() throws {
    let definition = MetaGraphSummary.SaverDefinition(maxToKeep: 2, keepCheckpointEveryNHours: 1.5)
    #expect(definition.serialized() == Self.bytes)
    #expect(try MetaGraphSummary.SaverDefinition(serialized: Self.bytes) == definition)
    let empty = try MetaGraphSummary.SaverDefinition(serialized: [])
    #expect(empty.version == .legacy)
    #expect(empty.serialized() == [])
    let sharded = MetaGraphSummary.SaverDefinition(
      maxToKeep: -1, isSharded: true, version: .init(rawValue: 7))
    #expect(try MetaGraphSummary.SaverDefinition(serialized: sharded.serialized()) == sharded)
  }

  @Test func `refuses bytes that are no message`() {
    for count in 1..<12 {
      #expect(throws: CheckpointError.self) {
        try MetaGraphSummary.SaverDefinition(serialized: Array(Self.bytes.prefix(count)))
      }
    }
  }

  // Each as `ops.strip_name_scope` of TensorFlow 2.21 gives it.
  @Test(arguments: [
    ("outer", "save/Const:0"), ("outer/", "save/Const:0"), ("outer/save", "Const:0"),
    ("oute", "outer/save/Const:0"), ("", "outer/save/Const:0"), ("inner", nil),
    ("outer/save/Const", nil),
  ])
  func `loses its scope, if all of it is in it`(scope: String, filename: String?) {
    let definition = MetaGraphSummary.SaverDefinition(
      filenameTensorName: "outer/save/Const:0", saveTensorName: "outer/save/control_dependency:0",
      restoreOpName: "outer/save/restore_all")
    #expect(definition.strippingScope(scope)?.filenameTensorName == filename)
    let slashes = MetaGraphSummary.SaverDefinition(
      filenameTensorName: "a///b:0", saveTensorName: "a/c:0", restoreOpName: "a/d")
    #expect(slashes.strippingScope("a")?.filenameTensorName == "b:0")
  }
}
