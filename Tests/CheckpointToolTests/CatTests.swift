import CheckpointTestSupport
import Testing

@Suite struct CatTests {
  @Test func `numbers are little-endian and dense`() throws {
    let run = try ToolRun.checkpoint("cat", ToolRun.fixture("worked/two_tensors"), "b")
    #expect(run.status == 0)
    #expect(run.outputBytes == [0x00, 0x00, 0xC0, 0x3F, 0x00, 0x00, 0x00, 0xC0])
  }

  @Test(arguments: ["w", "w/part_1"])
  func `a slice is asked for by its place`(name: String) throws {
    let prefix = ToolRun.fixture("worked/sliced")
    let run = try ToolRun.checkpoint("cat", prefix, name, "--slice", "2,2:-")
    guard name == "w" else {
      #expect(run.status == 1)
      return #expect(run.errors.contains("'w' is stored in 2 slices: ask for 'w'"))
    }
    let all = try ToolRun.checkpoint("cat", prefix, name)
    #expect(run.outputBytes == Array(all.outputBytes[24...]))
    let shown = try ToolRun.checkpoint("show", prefix, name, "--slice", "2,2:-")
    #expect(shown.output.hasPrefix("w  float32[2, 3]  slice 2,2:- of [4, 3]\n"))
    #expect(try ToolRun.checkpoint("cat", prefix, name, "--slice", "x").status == 2)
    #expect(try ToolRun.checkpoint("show", prefix, name, "--slice", "3,2:-").status == 1)
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
