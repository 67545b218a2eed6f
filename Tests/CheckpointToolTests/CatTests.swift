import CheckpointTestSupport
import Testing

@Suite struct CatTests {
  @Test func `numbers are little-endian and dense`() throws {
    let run = try ToolRun.checkpoint("cat", ToolRun.fixture("worked/two_tensors"), "b")
    #expect(run.status == 0)
    #expect(run.outputBytes == [0x00, 0x00, 0xC0, 0x3F, 0x00, 0x00, 0x00, 0xC0])
  }

  @Test func `strings have their length before them`() throws {
    let run = try ToolRun.checkpoint("cat", ToolRun.fixture("strings/scalar"), "hello")
    #expect(run.status == 0)
    #expect(run.outputBytes == [5, 0, 0, 0, 0, 0, 0, 0] + Array("hello".utf8))
  }

  @Test(arguments: ["bigendian/all", "slices/joinable_types", "sharded/three", "dtypes/all"])
  func `the bytes are those that TensorFlow restores`(prefix: String) throws {
    let fixture = try #require(ListTests.fixtures.first { $0.prefix == prefix })
    for tensor in fixture.tensors {
      let name = try #require(tensor.name)
      let run = try ToolRun.checkpoint("cat", ToolRun.fixture(prefix), name)
      #expect(SHA256.digest(of: run.outputBytes) == tensor.sha256, "\(name)")
    }
  }
}
