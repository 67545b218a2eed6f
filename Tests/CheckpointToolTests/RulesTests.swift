import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Rule sets on the command line.
@Suite struct RulesTests {
  private let directory: TemporaryDirectory
  private let source: String

  init() throws {
    directory = try TemporaryDirectory()
    let name = "bert/encoder/layer_0/attention/self/query/kernel"
    source = try Saver([
      name: Variable<Float>(Tensor(shape: [1, 2], scalars: [1, 2])),
      "\(name)/adam_m": Variable<Float>(repeating: 0, shape: [1, 2]),
    ]).save(to: directory.path("model.ckpt"))
  }

  @Test func `are listed, and written as JSON with comments`() throws {
    let list = try ToolRun.checkpoint("rules")
    #expect(list.status == 0)
    let lines = list.output.split(separator: "\n")
    #expect(lines.count == KeyMapping.RuleSet.all.count)
    #expect(lines.first?.hasPrefix("bert ") == true)
    let bert = try ToolRun.checkpoint("rules", "bert")
    #expect(bert.output.contains(#""comment": "tied, not stored: "#))
    #expect(try KeyMapping(json: bert.output).rules.count > 5)
    let unknown = try ToolRun.checkpoint("rules", "brt")
    #expect(unknown.status == 1)
    #expect(unknown.errors.contains("there is no rule set 'brt', but bert,"))
  }

  @Test func `convert there and back by name`() throws {
    let torch = directory.path("model.safetensors")
    let there = try ToolRun.checkpoint("convert", source, torch, "--map", "bert")
    #expect(there.status == 0, "\(there.errors)")
    let reader = try CheckpointReader(torch)
    #expect(
      try reader.entries().map(\.key) == ["bert.encoder.layer.0.attention.self.query.weight"])
    #expect(try reader.entries().map(\.spec.shape) == [[2, 1]])
    let back = try ToolRun.checkpoint(
      "convert", torch, directory.path("back"), "--map", "bert-to-tensorflow")
    #expect(back.status == 0, "\(back.errors)")
    let diff = try ToolRun.checkpoint("diff", source, directory.path("back"))
    #expect(diff.output.contains("adam_m"))
    #expect(!diff.output.contains("kernel float32"))
  }

  // Whatever lies in the working directory, the name means the set.
  @Test func `go before a file of that name, which is written with a slash`() throws {
    try directory.write(Data(#"[{"drop": {"all": true}}]"#.utf8), to: "bert")
    func map(_ rules: String) throws -> String {
      try ChildProcess.run(
        "checkpoint", ["map", source, rules, "--dry-run"], directory: directory.path
      ).output
    }
    #expect(try map("bert").hasSuffix("1 tensor, 1 changed, 1 dropped\n"))
    #expect(try map("./bert").hasSuffix("0 tensors, 0 changed, 2 dropped\n"))
  }

  @Test func `a word that is neither a set nor a file says so`() throws {
    let run = try ToolRun.checkpoint("convert", source, directory.path("x"), "--map", "brt")
    #expect(run.status == 1)
    #expect(run.errors.contains("it is no rule set either: 'checkpoint rules' lists them"))
  }

  @Test func `moving averages are preferred before a set leaves them out`() throws {
    let name = "MobilenetV1/Conv2d_0/weights"
    let path = try Saver([
      name: Variable<Float>(repeating: 1, shape: [1, 1, 1, 1]),
      "\(name)/ExponentialMovingAverage": Variable<Float>(repeating: 2, shape: [1, 1, 1, 1]),
    ]).save(to: directory.path("mobilenet"))
    let torch = directory.path("averages.safetensors")
    let run = try ToolRun.checkpoint(
      "convert", path, torch, "--map", "mobilenet-v1", "--prefer", "/ExponentialMovingAverage")
    #expect(run.status == 0, "\(run.errors)")
    let reader = try CheckpointReader(torch)
    let key: TensorKey = "mobilenet_v1.conv_stem.convolution.weight"
    #expect(try Tensor<Float>(reader.tensor(for: key)).array == [2])
  }

  // The sets are part of the program.
  @Test func `a copy of the program has them too`() throws {
    let copy = directory.path("copy")
    try FileManager.default.copyItem(
      atPath: ChildProcess.products.appendingPathComponent("checkpoint").path, toPath: copy)
    let run = try ChildProcess.run(copy, ["rules", "bert"])
    #expect(run.output == KeyMapping.RuleSet.all.first?.json)
  }
}
