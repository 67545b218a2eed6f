import CheckpointBundle
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

@testable import CheckpointTool

/// Proves which tensors names, layers and patterns stand for, and that all commands know the names that
/// `graph` shows.
@Suite struct TensorSelectionTests {
  static let objects = ToolRun.fixture("object/nested-1")
  static let ending = "/.ATTRIBUTES/VARIABLE_VALUE"

  private func names(_ prefix: String, _ patterns: String...) throws -> [String] {
    let run = try ChildProcess.run("checkpoint", ["list", "--names", prefix] + patterns)
    #expect(run.errors == "")
    return run.output.split(separator: "\n").map(String.init)
  }

  private static func fits(_ pattern: String, _ name: String) -> Bool {
    TensorPattern(Array(pattern.utf8)).fits(Array(name.utf8))
  }

  @Test(arguments: [
    ("*", "", true), ("*", "a/b", true), ("a*", "a", true), ("a*b", "ab", true),
    ("a*b", "a/x/b", true),
    ("a*b", "a/x/c", false), ("*a*a", "banana", true), ("*a*b", "banana", false), ("?", "ß", true),
    ("?", "", false), ("??", "漢字", true), ("??", "漢", false), ("a?c", "a/c", true), ("", "", true),
    ("", "a", false), ("**", "x", true), ("a", "a", true), ("a", "ab", false),
    ("*/kernel", "dense/kernel", true), ("*.weight", "a.b.weight", true),
  ])
  func `patterns fit whole names`(pattern: String, name: String, fits: Bool) {
    #expect(Self.fits(pattern, name) == fits)
  }

  @Test(.timeLimit(.minutes(20))) func `a pattern of many stars is quickly done`() {
    let name = String(repeating: "a", count: 10_000)
    #expect(!Self.fits(String(repeating: "*a", count: 100) + "b", name))
    #expect(Self.fits(String(repeating: "*a", count: 100), name))
  }

  @Test func `names, layers and patterns select, each tensor once, in order`() throws {
    let slices = "/.OPTIMIZER_SLOT/optimizer/"
    #expect(
      try names(Self.objects, "step", "model/a/*", "model/a") == [
        "model/a/bias\(Self.ending)", "model/a/bias\(slices)m\(Self.ending)",
        "model/a/bias\(slices)v\(Self.ending)", "model/a/kernel\(Self.ending)",
        "step\(Self.ending)",
      ])
    #expect(try names(Self.objects, "model/?/kernel") == ["model/a/kernel\(Self.ending)"])
    #expect(try names(Self.objects, "beta?_power").count == 2)  // full names
  }

  @Test(arguments: [
    ("model/a/kernel", "model/a/kernel"), ("model/zed/kernel", "model/shared"),
    ("model/layers/0/kernel", "model/shared"), ("model/me/me/pair/0", "model/shared"),
    ("model/tables/a.b/c", "model/tables/a..b.Sc"),
    ("model/tables/a..b.Sc", "model/tables/a..b.Sc"),
    ("kernel/Adam", "model/shared/.OPTIMIZER_SLOT/optimizer/m"),
    ("model/shared/.OPTIMIZER_SLOT/optimizer/m", "model/shared/.OPTIMIZER_SLOT/optimizer/m"),
    ("global_step", "step"), ("global_step:0", "step"),
  ])
  func `the names that a graph shows lead to the same tensor everywhere`(name: String, path: String)
    throws
  {
    let key = path + Self.ending
    #expect(try names(Self.objects, name) == [key])
    let shown = try ToolRun.checkpoint("show", Self.objects, name)
    #expect(shown.output.hasPrefix("\(key)  "))
    let (bytes, expected) = (
      try ToolRun.checkpoint("cat", Self.objects, name),
      try ToolRun.checkpoint("cat", Self.objects, key)
    )
    #expect(bytes.outputBytes == expected.outputBytes)
    #expect(bytes.status == 0)
    let stats = try ToolRun.checkpoint("stats", Self.objects, name)
    #expect(stats.output.contains("\n\(key) "))
  }

  @Test func `an object of several tensors has to be told which`() throws {
    let prefix = ToolRun.fixture("table/objects")
    let key = "model/words/.ATTRIBUTES/table"
    let run = try ToolRun.checkpoint("show", prefix, "model/words")
    #expect(run.status == 1)
    #expect(run.errors.contains("this object has 2 tensors: '\(key)-keys', '\(key)-values'"))
  }

  @Test func `a variable that is renamed by its path stays one`() throws {
    let directory = try TemporaryDirectory("rename")
    let prefix = try Checkpoint(["w": Variable<Float>(repeating: 1, shape: [2])])
      .save(to: directory.path("ckpt"))
    let new = directory.path("new")
    let run = try ToolRun.checkpoint("rename", prefix, "w", "v", "-o", new)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try names(new).contains("v\(Self.ending)"))
    let copy = Variable<Float>(repeating: 0, shape: [2])
    try Checkpoint(["w": copy]).restore(from: new).assertConsumed()
    #expect(copy.value.array == [1, 1])
  }

  @Test func `every name that leads nowhere is told`() throws {
    let run = try ToolRun.checkpoint("stats", Self.objects, "step", "nope", "x*y", "model/a/kernal")
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(run.errors.hasPrefix("checkpoint: 3 names lead to no tensor (notFound)\n"))
    #expect(run.errors.contains("no tensor has a name like 'x*y'"))
    #expect(run.errors.contains("no tensor has the key 'model/a/kernal'; nearest "))
  }

  @Test func `bytes that are no text are typed as they are shown`() throws {
    let prefix = ToolRun.fixture("names/not_utf8")
    #expect(try names(prefix, "a\\xffb") == ["a\\xffb"])
    #expect(try ToolRun.checkpoint("show", prefix, "a\\xffb").status == 0)
  }
}
