import CheckpointStore
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

@Suite struct VerifyTests {
  @Test func `an intact checkpoint gets one line`() throws {
    let prefix = ToolRun.fixture("dtypes/all")
    let run = try ToolRun.checkpoint("verify", prefix)
    #expect(run.status == 0)
    #expect(run.errors == "")
    #expect(run.output.hasPrefix("\(prefix) is intact: 124 tensors, 69.4 KiB ("))
    #expect(run.output.hasSuffix(" GB/s)\n"))
    #expect(run.output.split(separator: "\n").count == 1)
  }

  @Test func `all that TensorFlow wrote is intact`() throws {
    try #require(!ListTests.fixtures.isEmpty)
    for fixture in ListTests.fixtures {
      let run = try ToolRun.checkpoint("verify", ToolRun.fixture(fixture.prefix))
      #expect(run.status == 0, "\(run.output)")
      #expect(run.output.contains(" is intact: \(fixture.count) tensors, ") || fixture.count == 1)
      #expect(run.errors == "")
    }
  }

  @Test func `a variant with any byte changed is damaged`() throws {
    let directory = try TemporaryDirectory("verify")
    for suffix in ["index", "data-00000-of-00001"] {
      let file = URL(fileURLWithPath: ToolRun.fixture("strings/tensor_list.\(suffix)"))
      try directory.write(Data(contentsOf: file), to: "m.\(suffix)")
    }
    let data = "m.data-00000-of-00001"
    let intact = try directory.bytes(data)
    for offset in intact.indices {
      var bytes = intact
      bytes[offset] ^= 0x40
      try directory.write(bytes, to: data)
      let result = try Verification(of: directory.path("m"))
      #expect(result.problemCount == 1, "byte \(offset)")
    }
  }

  @Test func `each problem gets a line that says where it is`() throws {
    let directory = try TemporaryDirectory("verify")
    for suffix in ["index", "data-00000-of-00001"] {
      let bytes = try Data(
        contentsOf: URL(fileURLWithPath: ToolRun.fixture("worked/sliced.\(suffix)")))
      try directory.write(bytes, to: "m.\(suffix)")
    }
    var data = try directory.bytes("m.data-00000-of-00001")
    data[30] ^= 1  // in the second slice of `w`
    data[48] ^= 1  // in `bias`
    try directory.write(data, to: "m.data-00000-of-00001")
    let prefix = directory.path("m")
    let run = try ToolRun.checkpoint("verify", prefix)
    let lines = run.output.split(separator: "\n")
    try #require(lines.count == 3)
    let file = "\(prefix).data-00000-of-00001"
    #expect(
      lines[0].hasPrefix("\(file): byte 24: key 'w': slice 2,2:-: the tensor's checksum is 0x"))
    #expect(lines[1].hasPrefix("\(file): byte 48: key 'bias': the tensor's checksum is 0x"))
    #expect(lines[2].hasPrefix("\(prefix) is damaged: 2 problems; 2 tensors, 52 B ("))
    #expect(run.status == 1)
    #expect(run.errors == "")
  }

  @Test func `an index that cannot be opened is damage`() throws {
    let directory = try TemporaryDirectory("verify")
    try directory.write([1, 2, 3], to: "m.index")
    let run = try ToolRun.checkpoint("verify", directory.path("m"))
    #expect(run.status == 1)
    #expect(run.output.hasPrefix("\(directory.path("m")).index: byte 3: the file has 3 bytes"))
  }

  @Test func `what is not there cannot be verified`() throws {
    let run = try ToolRun.checkpoint("verify", ToolRun.fixture("nothing/here"))
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(run.errors.contains("there is no directory '"))
  }

  @Test func `the JSON form says what is wrong, and where`() throws {
    let intact = ToolRun.fixture("worked/sliced")
    let run = try ToolRun.checkpoint("verify", "--json", intact)
    #expect(run.status == 0)
    #expect(
      run.output
        == #"{"path":"\#(intact)","intact":true,"tensors":2,"bytes":52,"problem_count":0,"problems":[],"notes":[]}"#
        + "\n")
    let directory = try TemporaryDirectory("verify")
    try directory.write([1, 2, 3], to: "m.index")
    let damaged = try ToolRun.checkpoint("verify", "--json", directory.path("m"))
    #expect(damaged.status == 1)
    #expect(damaged.errors == "")
    let json = try JSONSerialization.jsonObject(with: Data(damaged.outputBytes))
    let object = try #require(json as? [String: Any])
    #expect(object["intact"] as? Bool == false)
    #expect(object["problem_count"] as? Int == 1)
    let problem = try #require((object["problems"] as? [[String: Any]])?.first)
    #expect(problem["file"] as? String == "\(directory.path("m")).index")
    #expect(problem["code"] as? String == "truncated")
    #expect(problem["offset"] as? Int == 3)
    #expect(problem["key"] is NSNull)
  }

  @Test func `a note of the format is in the JSON form`() throws {
    let directory = try TemporaryDirectory("verify")
    let path = directory.path("m.safetensors")
    let made = try ToolRun.checkpoint("convert", ToolRun.fixture("worked/sliced"), path)
    #expect(made.status == 0)
    let run = try ToolRun.checkpoint("verify", "--json", path)
    #expect(run.errors == "")
    let json = try JSONSerialization.jsonObject(with: Data(run.outputBytes)) as? [String: Any]
    #expect((json?["notes"] as? [String])?.count == 1)
  }
}
