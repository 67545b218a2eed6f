import CheckpointIO
import CheckpointSafetensors
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

@Suite struct ListTests {
  @Test func `a list has columns, slices and totals`() throws {
    let run = try ToolRun.checkpoint("list", ToolRun.fixture("worked/sliced"))
    #expect(run.status == 0)
    #expect(run.errors == "")
    #expect(
      run.output == """
        bias  float32  []       4 B
        w     float32  [4, 3]  48 B  in 2 slices
        2 tensors, 52 B in 1 data file

        """)
  }

  @Test func `the JSON form says where each tensor is`() throws {
    let run = try ToolRun.checkpoint("list", "--json", ToolRun.fixture("worked/sliced"))
    #expect(
      run.output == """
        [
        {"name":"bias","dtype":"float32","shape":[],"bytes":4,"shard":0,"slices":[]},
        {"name":"w","dtype":"float32","shape":[4,3],"bytes":48,"shard":null,"slices":["0,2:-","2,2:-"]}
        ]

        """)
  }

  @Test func `a list shows the texts that a file has about itself`() throws {
    let directory = try TemporaryDirectory("list")
    let path = directory.path("m.safetensors")
    let long = String(repeating: "x", count: 80)
    var writer = try SafetensorsWriter(path, metadata: ["step": "7", "long": long, "odd": "a\nb"])
    try writer.add(Tensor<Float>([3]), for: "w")
    try writer.finish()
    #expect(
      try ToolRun.checkpoint("list", path).output == """
        w  float32  [1]  4 B
        1 tensor, 4 B in 1 data file
        metadata: long=\(long.prefix(59))…
        metadata: odd=a\\x0ab
        metadata: step=7

        """)
    #expect(
      try ToolRun.checkpoint("list", "--metadata", path).output
        == "long=\(long)\nodd=a\\x0ab\nstep=7\n")
    #expect(
      try ToolRun.checkpoint("list", "--metadata", "--json", path).output
        == #"{"long":"\#(long)","odd":"a\nb","step":"7"}"# + "\n")
    let none = try ToolRun.checkpoint(
      "list", "--metadata", "--json", ToolRun.fixture("worked/sliced"))
    #expect(none.output == "{}\n")
  }

  struct Item: Decodable {
    let name: String?
    let name_base64: String?
    let dtype: String
    let shape: [Int]
    let sha256: String?
  }

  struct Fixture: Decodable {
    let prefix: String
    let count: Int
    let tensors: [Item]
  }

  static let fixtures: [Fixture] = {
    let manifest = URL(fileURLWithPath: ToolRun.fixture("manifest.json"))
    let data = try? Data(contentsOf: manifest)
    return data.flatMap { try? JSONDecoder().decode([Fixture].self, from: $0) } ?? []
  }()

  @Test func `the JSON form is valid for all names, and says what TensorFlow says`() throws {
    try #require(!Self.fixtures.isEmpty)
    for fixture in Self.fixtures {
      let run = try ToolRun.checkpoint("list", "--json", ToolRun.fixture(fixture.prefix))
      let items = try JSONDecoder().decode([Item].self, from: Data(run.outputBytes))
      #expect(items.count == fixture.count, "\(fixture.prefix)")
      guard items.count == fixture.tensors.count else { continue }  // the manifest lists samples
      for (item, expected) in zip(items, fixture.tensors) {
        #expect(item.name_base64 == expected.name_base64)
        #expect(item.dtype == expected.dtype)
        #expect(item.shape == expected.shape)
        // Characters that mean the same are different names.
        guard let name = expected.name else { continue }
        #expect(item.name.map { Array($0.utf8) } == Array(name.utf8))
      }
    }
  }

  @Test func `names are shown without obeying them`() throws {
    let run = try ToolRun.checkpoint("list", ToolRun.fixture("names/not_utf8"))
    let shown = run.output.split(separator: "\n").map { $0.prefix { $0 != " " } }
    for name in ["a\\xffb", "inner\\x00zero", "line\\x0abreak", "s\\x00l\\xffice", "\\xff"] {
      #expect(shown.contains { $0 == name }, "\(name)")
    }
  }

  @Test func `a directory stands for its latest checkpoint`() throws {
    let folder = ToolRun.fixture("object")
    let run = try ToolRun.checkpoint("list", folder + "/")
    #expect(run.status == 0)
    #expect(run.errors == "checkpoint: the latest checkpoint in \(folder) is \(folder)/nested-1\n")
    #expect(run.output.hasSuffix("18 tensors, 1.9 KiB in 1 data file\n"))
  }

  @Test(arguments: [".index", ".data-00000-of-00001"])
  func `a file stands for its checkpoint`(suffix: String) throws {
    let prefix = ToolRun.fixture("worked/sliced")
    let run = try ToolRun.checkpoint("list", prefix + suffix)
    #expect(run.status == 0)
    #expect(run.errors == "checkpoint: \(prefix + suffix) is a file of the checkpoint \(prefix)\n")
  }

  @Test func `a wrong prefix gets those that are there, the nearest first`() throws {
    let folder = ToolRun.fixture("worked")
    let run = try ToolRun.checkpoint("list", folder + "/slice")
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(
      run.errors == """
        checkpoint: \(folder)/slice: there is no 'slice.index'; the directory has '\(folder)/sliced', \
        '\(folder)/object', '\(folder)/two_tensors' (notACheckpoint)

        """)
  }

  @Test func `a reader that goes away is no error`() throws {
    let prefix = ToolRun.fixture("many/five_thousand")
    let run = try ToolRun.shell("checkpoint list \"$1\" | head -1", prefix)
    #expect(run.errors == "")
    #expect(run.output.split(separator: "\n").count == 1)
    let ignoring = try ToolRun.shell("trap '' PIPE; checkpoint list \"$1\" | head -1", prefix)
    #expect(ignoring.errors == "")
  }

  #if os(Linux)
  @Test func `a full disk is reported`() throws {
    let run = try ToolRun.shell("checkpoint list \"$1\" > /dev/full", ToolRun.fixture("dtypes/all"))
    #expect(run.status == 3)
    #expect(
      run.errors == """
        checkpoint: standard output: write: No space left on device; the output is cut off there, \
        send it elsewhere (io)

        """)
  }
  #endif
}
