import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves what an alignment does to files.
@Suite struct AlignedBundleTests {
  private func files(alignment: Int) throws -> MemoryFileSystem {
    let system = MemoryFileSystem()
    var options = FileOptions()
    options.fileSystem = system
    options.alignment = alignment
    var writer = try BundleWriter(prefix: "/m", options: options)
    try writer.add(Tensor<UInt8>([1, 2, 3]), for: "a")
    try writer.add(Tensor<Float>([1.5, -2]), for: "b")
    try writer.add(Tensor<String>(["x", "yz"]), for: "c")
    try writer.add(Tensor<Double>(3), for: "d")
    try writer.finish()
    return system
  }

  private func data(alignment: Int) throws -> [UInt8] {
    try #require(files(alignment: alignment).image.files["/m.data-00000-of-00001"])
  }

  @Test func `leaves no gaps without one`() throws {
    #expect(try data(alignment: 1).count == 3 + 8 + (2 + 4 + 3) + 8)
  }

  @Test func `fills gaps with zeros, behind the last tensor too`() throws {
    let bytes = try data(alignment: 16)
    #expect(bytes.count == 4 * 16)
    #expect(Array(bytes[..<16]) == [1, 2, 3] + Array(repeating: 0, count: 13))
    #expect(
      Array(bytes[16..<32]) == [0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0] + Array(repeating: 0, count: 8))
    #expect(Array(bytes[32..<34]) == [1, 2])  // the lengths of the strings
    #expect(Array(bytes[38..<48]) == Array("xyz".utf8) + Array(repeating: 0, count: 7))
  }

  @Test(arguments: [1, 2, 7, 64, 4096])
  func `reads what it has written`(alignment: Int) throws {
    let reader = try BundleReader(prefix: "/m", fileSystem: files(alignment: alignment))
    #expect(try Tensor<UInt8>(reader.tensor(for: "a")).array == [1, 2, 3])
    #expect(try Tensor<Float>(reader.tensor(for: "b")).array == [1.5, -2])
    #expect(try Tensor<String>(reader.tensor(for: "c")).array == ["x", "yz"])
    #expect(try Tensor<Double>(reader.tensor(for: "d")).scalar == 3)
    #expect(BundleVerifier(reader).verify().problems.count == 0)
  }
}
