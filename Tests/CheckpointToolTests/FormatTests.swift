import CheckpointTensors
import CheckpointSafetensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that every reading command works on every format, by every path that leads to a checkpoint.
@Suite struct FormatTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory("formats") }

  private func file(_ name: String, from fixture: String) throws {
    let file = URL(fileURLWithPath: ToolRun.fixture(fixture))
    try directory.write(Data(contentsOf: file), to: name)
  }

  private func safetensors() throws -> String {
    var writer = try SafetensorsWriter(directory.path("m.safetensors"))
    try writer.add(Tensor<Float>([1, 2]), for: "w")
    try writer.add(Tensor<Int64>(7), for: "step")
    try writer.finish()
    return directory.path("m.safetensors")
  }

  // MARK: V1

  @Test func `list, show, cat and verify read V1`() throws {
    let path = ToolRun.fixture("v1/worked")
    let list = try ToolRun.checkpoint("list", path)
    #expect(
      list.output == """
        b            float32  [2]      8 B
        global_step  int64    []       8 B
        w            float32  [5, 3]  60 B  in 2 slices
        3 tensors, 76 B in 1 data file

        """)
    #expect(list.errors == "")
    let show = try ToolRun.checkpoint("show", path, "b")
    #expect(show.output == "b  float32[2]\n[7. 8.]\n")
    let cat = try ToolRun.checkpoint("cat", path, "global_step")
    #expect(cat.outputBytes == [0, 0, 0, 0, 0, 0, 0, 0])
    let verify = try ToolRun.checkpoint("verify", path)
    #expect(verify.output.hasPrefix("\(path) is intact: 3 tensors, "))
    #expect(verify.status == 0)
  }

  @Test func `the JSON form is the same for V1`() throws {
    let run = try ToolRun.checkpoint("list", "--json", ToolRun.fixture("v1/worked"))
    #expect(
      run.output.hasSuffix(
        #"{"name":"w","dtype":"float32","shape":[5,3],"bytes":60,"shard":null,"#
          + #""slices":["0,3:0,3","3,2:0,3"]}"# + "\n]\n"))
  }

  @Test(arguments: ["v1/two-00001-of-00002", "v1/two-?????-of-00002", "v1/two"])
  func `any path of a sharded V1 checkpoint leads to all of it`(path: String) throws {
    let path = ToolRun.fixture(path)
    let pattern = ToolRun.fixture("v1/two-?????-of-00002")
    let run = try ToolRun.checkpoint("verify", path)
    #expect(run.status == 0)
    #expect(run.output.hasPrefix("\(pattern) is intact: "))
    if path != pattern {
      #expect(
        run.errors.hasSuffix("the checkpoint \(pattern)\n")
          || run.errors.hasSuffix("the checkpoint is \(pattern)\n"))
    }
  }

  @Test func `a directory leads to the V1 checkpoint that its state file names`() throws {
    let folder = ToolRun.fixture("v1/saver")
    let run = try ToolRun.checkpoint("list", folder)
    #expect(run.status == 0)
    #expect(
      run.errors == "checkpoint: the latest checkpoint in \(folder) is "
        + "\(folder)/model.ckpt-41-?????-of-00001\n")
  }

  @Test func `a V1 checkpoint with a shard missing is damaged`() throws {
    try file("m-00000-of-00002", from: "v1/two-00000-of-00002")
    let run = try ToolRun.checkpoint("verify", directory.path("m-00000-of-00002"))
    #expect(run.status == 1)
    #expect(
      run.output.hasPrefix(
        "\(directory.path("m-00001-of-00002")): this shard is missing; 1 of 2 are there"))
  }

  @Test func `damage in a V1 file is found, and where it is`() throws {
    try file("m", from: "v1/worked")
    var bytes = try directory.bytes("m")
    bytes[0xB0] ^= 1  // in the values of a slice of `w`
    try directory.write(bytes, to: "m")
    let run = try ToolRun.checkpoint("verify", directory.path("m"))
    #expect(run.status == 1)
    #expect(run.output.contains("damaged"))
    let cat = try ToolRun.checkpoint("cat", directory.path("m"), "w")
    #expect(cat.status == 1)
    #expect(cat.outputBytes == [])
  }

  @Test func `all V1 files that TensorFlow wrote are intact`() throws {
    for name in ["blocks", "dtypes", "joinable_types", "names", "partitioned", "snappy"] {
      let run = try ToolRun.checkpoint("verify", ToolRun.fixture("v1/\(name)"))
      #expect(run.status == 0, "\(name): \(run.output)")
    }
  }

  // MARK: safetensors

  @Test func `list, show, cat and verify read safetensors`() throws {
    let path = try safetensors()
    let list = try ToolRun.checkpoint("list", path)
    #expect(
      list.output == """
        step  int64    []   8 B
        w     float32  [2]  8 B
        2 tensors, 16 B in 1 data file

        """)
    #expect(try ToolRun.checkpoint("show", path, "w").output == "w  float32[2]\n[1. 2.]\n")
    let cat = try ToolRun.checkpoint("cat", path, "w")
    #expect(cat.outputBytes == [0, 0, 128, 63, 0, 0, 0, 64])
    let verify = try ToolRun.checkpoint("verify", path)
    #expect(verify.status == 0)
    #expect(verify.output.hasPrefix("\(path) is intact: 2 tensors, 16 B ("))
    #expect(
      verify.errors == "checkpoint: note: safetensors files have no checksums: changed values "
        + "cannot be told from right ones\n")
  }

  @Test func `a directory with a safetensors file leads to it`() throws {
    let path = try safetensors()
    let run = try ToolRun.checkpoint("list", directory.path)
    #expect(run.status == 0)
    #expect(
      run.errors == "checkpoint: \(directory.path) has no state file; the model in it is "
        + "\(path)\n")
  }

  @Test func `a safetensors file cut short is damaged`() throws {
    _ = try safetensors()
    try directory.write(directory.bytes("m.safetensors").dropLast(), to: "m.safetensors")
    let run = try ToolRun.checkpoint("verify", directory.path("m.safetensors"))
    #expect(run.status == 1)
    #expect(run.output.contains("the tensors take 16 bytes, the file has 15 of them"))
  }

  @Test func `types that are not read here are no tensors of the list, but noted`() throws {
    let header = #"{"a":{"dtype":"F8_E8M0","shape":[1],"data_offsets":[0,1]}}"#
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    try directory.write(length + Array(header.utf8) + [1], to: "odd")
    let run = try ToolRun.checkpoint("list", directory.path("odd"))
    #expect(run.output == "0 tensors, 0 B in 1 data file\n")
    let note = "checkpoint: note: 1 tensor of types that are not read here: 'a'\n"
    #expect(run.errors == note)
    // Nobody knows whether they differ.
    let odd = directory.path("odd")
    let difference = try ToolRun.checkpoint("diff", odd, odd)
    #expect(difference.status == 1 && difference.errors == note + note)
    #expect(difference.output == "0 tensors the same, 1 not compared\n")
    let layers = try ToolRun.checkpoint("diff", "--layers", odd, odd)
    #expect(layers.status == 1)
    #expect(layers.output == "0 layers the same, 1 tensor not compared\n")
    let file = try ToolRun.checkpoint("diff", odd, safetensors())
    #expect(file.status == 1)
    #expect(file.output.hasSuffix(", 0 tensors the same, 1 not compared\n"), "\(file.output)")
  }

  // MARK: Graphs and strangers

  @Test func `graph shows the objects of a V1 file, and says that others have none`() throws {
    let v1 = directory.path("objects")
    _ = try ToolRun.checkpoint("convert", ToolRun.fixture("object/nested-1"), v1, "--to", "v1")
    let run = try ToolRun.checkpoint("graph", v1)
    #expect(
      run.output == (try ToolRun.checkpoint("graph", ToolRun.fixture("object/nested-1"))).output)
    for path in [ToolRun.fixture("v1/worked"), try safetensors()] {
      let none = try ToolRun.checkpoint("graph", path)
      #expect(none.status == 1)
      #expect(none.errors.contains("this checkpoint was saved by name, it has no objects"))
    }
  }

  @Test func `a file of no checkpoint is told so`() throws {
    try directory.write("hello".utf8, to: "text")
    let run = try ToolRun.checkpoint("list", directory.path("text"))
    #expect(run.status == 1)
    #expect(
      run.errors.hasPrefix(
        "checkpoint: \(directory.path("text")): this file is no checkpoint, or a damaged one: "))
  }
}
