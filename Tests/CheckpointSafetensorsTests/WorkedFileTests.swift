import CheckpointIO
@testable import CheckpointSafetensors
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves the bytes of a small file, written down by hand.
@Suite struct WorkedFileTests {
  static let header =
    #"{"__metadata__":{"by":"hand"},"#
    + #""n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"#
    + #""b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"#
    + #""e":{"dtype":"F32","shape":[0,3],"data_offsets":[16,16]},"#
    + #""m":{"dtype":"BOOL","shape":[1,2],"data_offsets":[16,18]}}"#
    + "     "

  static let elements: [UInt8] = [
    0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,  // -2
    0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0,  // 1.5, -2
    1, 0,  // true, false
  ]

  static let bytes: [UInt8] = [0, 1, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + elements

  @Test func `reads it`() throws {
    let reader = try SafetensorsReader(file: MemoryFile(Self.bytes, path: "worked"))
    #expect(reader.path == "worked")
    #expect(reader.metadata == ["by": "hand"])
    #expect(reader.unsupportedTensors.isEmpty)
    let entries = try reader.entries()
    #expect(entries.map(\.key) == ["b", "e", "m", "n"])
    #expect(entries.map(\.byteCount) == [8, 0, 2, 8])
    #expect(
      entries.map(\.spec.description) == ["float32[2]", "float32[0, 3]", "bool[1, 2]", "int64[]"])
    #expect(try Tensor<Int64>(reader.tensor(for: "n")).scalar == -2)
    #expect(try Tensor<Float>(reader.tensor(for: "b")).array == [1.5, -2])
    #expect(try Tensor<Float>(reader.tensor(for: "e")).array == [])
    #expect(try Tensor<Bool>(reader.tensor(for: "m")).array == [true, false])
    #expect(try reader.entry(for: "x") == nil)
  }

  @Test func `writes it`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path("new/model.safetensors")
    var writer = try SafetensorsWriter(path, metadata: ["by": "hand"])
    try writer.add(Tensor<Bool>(shape: [1, 2], scalars: [true, false]), for: "m")
    try writer.add(Tensor<Float>(shape: [0, 3], scalars: []), for: "e")
    try writer.add(Tensor<Float>([1.5, -2]), for: "b")
    #expect(!directory.names.contains("new/model.safetensors"))
    try writer.add(Tensor<Int64>(-2), for: "n")
    try writer.finish()
    #expect(directory.names == ["new", "new/model.safetensors"])
    #expect(try directory.bytes("new/model.safetensors") == Self.bytes)
  }

  @Test func `writes a file of no tensors, and reads it`() throws {
    let directory = try TemporaryDirectory()
    var writer = try SafetensorsWriter(directory.path("none"))
    try writer.finish()
    #expect(try directory.bytes("none") == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
    #expect(try SafetensorsReader(directory.path("none")).entries().isEmpty)
  }
}
