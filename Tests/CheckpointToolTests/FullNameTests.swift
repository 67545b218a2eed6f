import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that commands take the variables of objects by their full names, and objects by their paths.
@Suite struct FullNameTests {
  private let directory: TemporaryDirectory
  private var prefix: String { directory.path("m") }

  /// An object whose weights TensorFlow would find by a shorter way than that through the model.
  private final class Net: Checkpointable {
    let kernel = Variable<Float>(Tensor([1, 2, 3]), name: "net/dense/kernel")
    let bias = Variable<Float>(Tensor([4, .nan]), name: "net/dense/bias")
  }

  private final class Layers: Checkpointable {
    let dense = Net()
  }

  private final class Model: Checkpointable {
    let layers = Layers()
    var net: Net { layers.dense }
  }

  private final class Weights: Checkpointable {
    let all: [Variable<Float>]
    init(_ net: Net) { all = [net.kernel, net.bias] }
  }

  init() throws {
    directory = try TemporaryDirectory("fullnames")
    let model = Model()
    let weights = Weights(model.net)
    let checkpoint = try Checkpoint(["model": model, "weights": weights])
    try checkpoint.write(to: prefix)
  }

  @Test func `list, stats and diff go by them`() throws {
    let keys = try ToolRun.checkpoint("list", "--names", prefix).output
    #expect(keys.contains("weights/all/0/.ATTRIBUTES/VARIABLE_VALUE\n"))
    #expect(!keys.contains("net/dense"))
    let names = try ToolRun.checkpoint("list", "--names", "--full-names", prefix).output
    #expect(names.contains("net/dense/bias\nnet/dense/kernel\n"))
    #expect(!names.contains("weights/"))
    let hint = try ToolRun.checkpoint("stats", prefix).errors
    #expect(
      hint
        == "checkpoint: note: these are keys; '--full-names' shows the names of variables, such as "
        + "'net/dense/kernel'\n")
    let stats = try ToolRun.checkpoint(
      "stats", "--full-names", "--fail-on-nan", prefix, "net/dense")
    #expect(stats.status == 1)
    #expect(
      stats.output.hasSuffix(
        "2 tensors, 5 elements; 1 NaN, 0 infinite, in 1 tensor: 'net/dense/bias'\n"))
    let changed = try ToolRun.checkpoint("diff", "--layers", "--full-names", prefix, prefix)
    #expect(changed.status == 0)
    let table = try ToolRun.checkpoint("list", "--full-names", prefix)
    #expect(table.output.hasSuffix(" in 1 data file\n"))
  }

  @Test func `a report has the layers of the model`() throws {
    let page = directory.path("out.html")
    #expect(try ToolRun.checkpoint("report", "--full-names", page, prefix).status == 0)
    let outline = try PageOutline(String(decoding: try directory.bytes("out.html"), as: UTF8.self))
    #expect(outline.texts["summary"]?.contains { $0.hasPrefix("net/dense/") } == true)
  }

  @Test func `a conversion has them, and no objects`() throws {
    let run = try ToolRun.checkpoint("convert", "--full-names", prefix, directory.path("n"))
    #expect(run.status == 0)
    #expect(
      run.errors == "checkpoint: note: the object graph is left out: the tensors have the full "
        + "names of their variables\n")
    let names = try ToolRun.checkpoint("list", "--names", directory.path("n")).output
    #expect(names == "net/dense/bias\nnet/dense/kernel\n")
    // Values in pieces, and by rules that see the full names.
    let file = directory.path("m.safetensors")
    let rules = directory.path("rules.json")
    try directory.write(
      Array("[{\"prefix\": \"net/\", \"to\": \"\"}]".utf8), to: "rules.json")
    let mapped = try ToolRun.checkpoint("convert", "--full-names", "--map", rules, prefix, file)
    #expect(mapped.status == 0, "\(mapped.errors)")
    let show = try ToolRun.checkpoint("show", file, "dense/kernel")
    #expect(show.output.contains("1"))
    #expect(try CheckpointReader(file).tensor(named: "dense/kernel").spec.shape == [3])
    let twice = try ToolRun.checkpoint(
      "convert", "--full-names", file, directory.path("o.safetensors"))
    #expect(twice.status == 0 && twice.errors == "")
  }

  @Test func `an average has them, too, where a program asks for them`() throws {
    var options = CheckpointConversion.Options()
    options.usesFullNames = true
    let conversion = try CheckpointConversion(
      averaging: [prefix, prefix], decay: 1, to: directory.path("average"), options: options
    ) { _ in }
    #expect(conversion.notes.contains { $0.hasPrefix("the object graph is left out: ") })
    try conversion.run()
    let names = try ToolRun.checkpoint("list", "--names", directory.path("average")).output
    #expect(names == "net/dense/bias\nnet/dense/kernel\n")
  }

  @Test func `an object stands for all below it, and a full name for a layer`() throws {
    func names(_ name: String, _ options: String...) throws -> String {
      try ChildProcess.run("checkpoint", ["list", "--names"] + options + [prefix, name]).output
    }
    let both =
      "weights/all/0/.ATTRIBUTES/VARIABLE_VALUE\nweights/all/1/.ATTRIBUTES/VARIABLE_VALUE\n"
    for name in ["model", "model/layers/dense", "net/dense", "net", "weights"] {
      #expect(try names(name) == both, "\(name)")
    }
    #expect(try names("model/layers/dense/bias") == "weights/all/1/.ATTRIBUTES/VARIABLE_VALUE\n")
    let fullNames = "net/dense/bias\nnet/dense/kernel\n"
    #expect(try names("model", "--full-names") == fullNames)
    // A tensor has all its names, whatever it is listed under.
    for name in ["weights/all/1", "weights/all/1/.ATTRIBUTES/VARIABLE_VALUE", "net/dense/bias"] {
      #expect(try names(name, "--full-names") == "net/dense/bias\n", "\(name)")
    }
    #expect(try names("weights/*", "--full-names") == fullNames)
    #expect(try names("*dense/*") == both)
    let gate = try ToolRun.checkpoint(
      "stats", "--full-names", "--fail-on-nan", prefix, "weights/all/1")
    #expect(gate.status == 1)
    let missing = try ToolRun.checkpoint("list", prefix, "modle")
    #expect(missing.status == 1)
    #expect(missing.errors.contains("no tensor has the key 'modle'"))
  }
}
