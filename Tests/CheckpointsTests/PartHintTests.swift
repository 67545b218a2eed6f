import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that somebody who asks for a part of a partitioned variable by its name learns where it is.
@Suite struct PartHintTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory("parts") }

  // The second part is stored first.
  private func saved(_ format: CheckpointFormat) throws -> CheckpointReader {
    var writer = try CheckpointWriter(
      to: directory.path("m"), options: SaveOptions(format: format))
    for row in [2, 0] {
      let slice = TensorSlice([.range(start: row, length: 2), .full])
      try writer.add(
        Tensor<Float>(repeating: Float(row), shape: [2, 3]), for: "emb",
        part: TensorSlice.Part(fullShape: [4, 3], slice: slice))
    }
    try writer.add(Tensor<Float>(1), for: "whole")
    try writer.finish()
    return try CheckpointReader(directory.path("m"))
  }

  private static func hint(_ slice: String) -> String {
    "; 'emb' is stored in 2 slices: ask for 'emb', or for a slice of it, '\(slice)' (TensorSlice; in "
      + "the tool --slice)"
  }

  @Test(arguments: [CheckpointFormat.v2, .v1])
  func `a reader says which slice a part is`(format: CheckpointFormat) throws {
    let reader = try saved(format)
    for (key, slice) in [("emb/part_0", "0,2:-"), ("emb/part_1", "2,2:-"), ("emb/part_9", "0,2:-")]
    {
      let read = #expect(throws: CheckpointError.self) { try reader.tensor(for: TensorKey(key)) }
      #expect(read?.code == .notFound)
      #expect(read?.message == "there is no such tensor" + Self.hint(slice))
      let entry = #expect(throws: CheckpointError.self) {
        try reader.requiredEntry(for: TensorKey(key))
      }
      #expect(entry?.message == "no tensor has the key '\(key)'" + Self.hint(slice))
    }
    let mapped = try KeyMapping([.prefix("whole", to: "one")]).reader(over: reader)
    let error = #expect(throws: CheckpointError.self) { try mapped.tensor(for: "emb/part_1") }
    #expect(error?.message.hasSuffix(Self.hint("2,2:-")) == true)
  }

  @Test func `a saver says it of variables that are parts`() throws {
    let path = try saved(.v2).path
    let saver = try Saver(["emb/part_1": Variable<Float>(repeating: 0, shape: [2, 3])])
    let error = #expect(throws: CheckpointError.self) { try saver.restore(from: path) }
    #expect(error?.description.contains(Self.hint("2,2:-")) == true)
  }

  @Test(arguments: ["whole/part_0", "emb/part_", "emb/part_-1", "emb/part_x", "part_0", "/part_0"])
  func `other names are not taken for parts`(key: String) throws {
    let reader = try saved(.v2)
    let error = #expect(throws: CheckpointError.self) { try reader.tensor(for: TensorKey(key)) }
    #expect(error?.message.contains("slices") == false)
  }
}
