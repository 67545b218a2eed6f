import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

// The code of the front page and of the articles on objects, as it stands there, compiled and run; a test compares it with
// the articles line by line. `\(run)` is a directory of the test's own, the articles have `run`.

final class Dense: Checkpointable {
  let kernel: Variable<Float>  // shape [inputs, outputs]
  let bias: Variable<Float>  // shape [outputs]

  init(_ inputs: Int, _ outputs: Int) {
    kernel = Variable(repeating: 0, shape: [inputs, outputs])
    bias = Variable(repeating: 0, shape: [outputs])
  }
}

final class Classifier: Checkpointable {
  let hidden = Dense(64, 128)
  let heads = [Dense(128, 10), Dense(128, 2)]  // heads/0, heads/1
  var extra: Dense? = nil  // extra, once it is there
}

final class Attention: Checkpointable {
  let query = Variable<Float>(repeating: 0, shape: [8, 8])
  var scale: Float = 1
  var mask: Tensor<Float> = Tensor(repeating: 0, shape: [8, 8])

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.track(query, as: "q")
    registrar.variable("scale", of: self, \.scale)  // a number
    registrar.variable("mask", of: self, \.mask)  // a tensor, or any storable value
  }
}

struct Layer: CheckpointableValue {
  var weight: Tensor<Float>
  var rate: Float

  static func registerFields(in fields: inout FieldRegistrar<Self>) {
    fields.tensor("weight", \.weight)
    fields.scalar("rate", \.rate)
  }
}

struct Perceptron: CheckpointableValue {
  var layers: [Layer]

  static func registerFields(in fields: inout FieldRegistrar<Self>) {
    fields.values("layers", \.layers)
  }
}

final class Momentum: SlotVariableHolder {
  let slots = SlotVariables<Float>("momentum")
  let rate = Variable<Float>(0.1)

  func update(_ weight: Variable<Float>, slope: Float) {
    let velocity = slots["momentum", of: weight]  // zero, when it is first asked for
    velocity.scalar = 0.9 * velocity.scalar + slope
    weight.scalar -= rate.scalar * velocity.scalar
  }
}

struct Progress: Codable {
  var epoch: Int
  var seed: UInt64
}

final class Sampler: Checkpointable {
  var temperature = 1.0

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.state("temperature", of: self, \.temperature)
  }
}

final class Decoder: Checkpointable {
  let embedding = Variable<Float>(repeating: 0, shape: [100, 8])
  @NoDependency var cache: [Int: Tensor<Float>] = [:]
}

final class Growing: Checkpointable {
  let hidden = Dense(64, 128)
  @Dependency var head: Dense? = nil
}

@Suite struct DocumentationExampleTests {
  let directory: TemporaryDirectory
  let run: String

  init() throws {
    directory = try TemporaryDirectory()
    run = directory.path("run")
  }

  // MARK: Checkpoints.md

  @Test func `the front page`() throws {
    let kernel = Variable<Float>(repeating: 0, shape: [784, 10])
    let bias = Variable<Float>(repeating: 0, shape: [10])
    let step = Variable<Int64>(0)

    let saver = try Saver([
      "dense/kernel": kernel,
      "dense/bias": bias,
      "global_step": step,
    ])
    let path = try saver.save(to: "\(run)/model", step: 1000)

    step.scalar = 5
    if let path = try CheckpointDirectory("\(run)").latest() {
      try saver.restore(from: path)
    }
    #expect(step.scalar == 0)

    do {
      let reader = try BundleReader(prefix: "\(run)/model-1000")
      for entry in try reader.entries() { print(entry.key, entry.spec) }
      let kernel = try Tensor<Float>(reader.tensor(for: "dense/kernel"))
      #expect(kernel.shape == [784, 10])
      #expect(reader.path == path)
    }
  }

  // MARK: CheckpointKeys.md

  @Test func `keys of objects`() throws {
    let model = Classifier()
    let step = Variable<Int64>(0, name: "global_step")
    let checkpoint = try Checkpoint(["model": model, "step": step])
    let path = try checkpoint.save(to: "\(run)/ckpt")  // run/ckpt-1

    let graph = try ObjectGraph(at: path)
    print(graph)  // the tree above
    let bias = graph.node(at: "model/heads/1/bias")  // 13
    print(graph.nodes[bias ?? 0].attributes[0].key)
    print(graph.keyMapping["global_step"] ?? [])  // ["step/.ATTRIBUTES/VARIABLE_VALUE"]

    #expect(bias == 13)
    #expect(graph.keyMapping["global_step"] == ["step/.ATTRIBUTES/VARIABLE_VALUE"])
    let article = try Self.text("Sources/Checkpoints/Checkpoints.docc/CheckpointKeys.md")
    #expect(article.contains("```\n\(graph)\n```\n"), "\(graph)")
  }

  @Test func `keys of slots and states`() throws {
    let (w, optimizer) = (Variable<Float>([1, 2]), Momentum())
    _ = optimizer.slots["momentum", of: w]
    let progress = RunState(Progress(epoch: 3, seed: 7))
    let checkpoint = try Checkpoint(["w": w, "optimizer": optimizer, "progress": progress])
    let path = try checkpoint.write(to: "\(run)/slots")
    let keys = try BundleReader(prefix: path).entries().map(\.key.description)
    #expect(
      keys == [
        "_CHECKPOINTABLE_OBJECT_GRAPH",
        "optimizer/rate/.ATTRIBUTES/VARIABLE_VALUE",
        "progress/.ATTRIBUTES/py_state",
        "w/.ATTRIBUTES/VARIABLE_VALUE",
        "w/.OPTIMIZER_SLOT/optimizer/momentum/.ATTRIBUTES/VARIABLE_VALUE",
      ]
    )
    let state = try BundleReader(prefix: path).tensor(for: "progress/.ATTRIBUTES/py_state")
    #expect(state.strings == [Array(#"{"epoch":3,"seed":7}"#.utf8)])
    let names = try ObjectGraph(at: path).keyMapping.keys.sorted()
    #expect(names == ["optimizer/rate", "optimizer/w/momentum", "w"])
  }

  @Test func `escapes in keys`() throws {
    let v = Variable<Float>(1)
    let path = try Checkpoint(["a.b/c": v]).write(to: "\(run)/names")
    #expect(try ObjectGraph(at: path).nodes[1].attributes[0].key.hasPrefix("a..b.Sc/.ATTRIBUTES/"))
    #expect(try ObjectGraph(at: path).node(at: "a..b.Sc") == 1)
  }

  // MARK: RegisteringObjects.md

  @Test func `registering`() throws {
    let model = Classifier()
    let attention = Attention()
    let perceptron = Tracked(
      Perceptron(layers: [Layer(weight: Tensor(repeating: 0, shape: [3, 4]), rate: 0.1)])
    )
    let weights = TensorBox(Matrix(rows: 128, columns: 10))
    let optimizer = Momentum()
    let progress = RunState(Progress(epoch: 0, seed: 7))
    let checkpoint = try Checkpoint([
      "model": model,
      "attention": attention,
      "perceptron": perceptron,
      "weights": weights,
      "optimizer": optimizer,
      "progress": progress,
      "sampler": Sampler(),
      "decoder": Decoder(),
    ])
    let path = try checkpoint.save(to: "\(run)/ckpt")

    perceptron.value.layers[0].rate = 5
    progress.value.epoch = 9
    try checkpoint.restore(from: path).assertConsumed()
    print(progress.value.epoch)  // 0

    #expect(perceptron.value.layers[0].rate == 0.1)
    #expect(progress.value.epoch == 0)
    let graph = try ObjectGraph(at: path)
    for path in [
      "attention/q", "attention/scale", "attention/mask", "perceptron/layers/0/weight",
      "perceptron/layers/0/rate", "weights", "optimizer/rate", "sampler/temperature",
      "decoder/embedding", "model/heads/1/kernel",
    ] {
      #expect(graph.node(at: path) != nil, "\(path)")
    }
    #expect(graph.node(at: "decoder/cache") == nil)
  }

  struct Refusal: CustomTestStringConvertible {
    let object: @Sendable () -> any Checkpointable
    let message: String
    var testDescription: String { message }
  }

  static let refusals = [
    Refusal(object: { Refused.Value() }, message: "is a value that could not be written back"),
    Refusal(object: { Refused.Struct() }, message: "is a value whose fields could not be written"),
    Refusal(object: { Refused.Forgotten() }, message: "holds variables, but is not Checkpointable"),
    Refusal(object: { Refused.Numbered() }, message: "only a dictionary with string keys"),
    Refusal(object: { Refused.Unordered() }, message: "a set has no order"),
    Refusal(object: { Refused.Twice() }, message: "two things have the name 'a'"),
    Refusal(object: { Refused.Suffix() }, message: "a name that ends in '.ATTRIBUTES'"),
  ]

  @Test(arguments: refusals) func `what is refused says why`(refusal: Refusal) throws {
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint(["it": refusal.object()]).write(to: "\(run)/refused")
    }
    #expect(error?.description.contains(refusal.message) == true, "\(String(describing: error))")
  }

  // MARK: RestoringObjects.md

  @Test func `restoring`() throws {
    let model = Classifier()
    let optimizer = Momentum()
    _ = try Checkpoint(["model": model, "optimizer": optimizer]).save(to: "\(run)/ckpt")

    let checkpoint = try Checkpoint(["model": model, "optimizer": optimizer])
    if let path = try CheckpointDirectory("\(run)").latest() {
      try checkpoint.restore(from: path).assertConsumed()
    }
    let path = "\(run)/ckpt-1"

    let status = try checkpoint.restore(from: path)
    print(status)  // run/ckpt-1: 8 restored
    for place in status.deferred { print("waits for an object:", place) }
    for place in status.unused { print("not in the program:", place) }

    #expect("\(status)" == "\(path): 8 restored")
  }

  @Test func `transfer learning`() throws {
    let pretrained = Classifier()
    pretrained.hidden.bias.withMutableScalars { $0[0] = 7 }
    let path = try Checkpoint(["model": pretrained]).save(to: "\(run)/ckpt")

    final class Other: Checkpointable {
      let hidden = Dense(64, 128)
      let heads = [Dense(128, 10), Dense(128, 5)]  // the second is for another task
    }
    let model = Other()
    let checkpoint = try Checkpoint(["model": model])

    let comparison = try checkpoint.compare(with: path)
    print(comparison)

    let status = try checkpoint.restore(from: path, RestoreOptions(.matching))
    print(status.missing)  // what still has to be trained

    #expect(comparison.mismatched.count == 2)
    #expect(comparison.matched.count == 4)
    #expect(status.missing.count == 2)
    #expect(model.hidden.bias.value[0] == 7)

    let hidden = Dense(64, 128)
    try Checkpoint(hidden).restore(from: path, at: "model/hidden").assertConsumed()

    #expect(hidden.bias.value[0] == 7)
    let error = #expect(throws: CheckpointError.self) {
      _ = try checkpoint.restore(from: path)
    }
    #expect(error?.description.contains("heads/1/kernel") == true)
  }

  @Test func `objects that come later`() throws {
    let saved = Growing()
    saved.head = Dense(128, 10)
    saved.head?.bias.withMutableScalars { $0[0] = 7 }
    let path = try Checkpoint(["model": saved]).save(to: "\(run)/ckpt")

    let model = Growing()
    let status = try Checkpoint(["model": model]).restore(from: path)
    #expect(status.deferred == ["model/head/kernel", "model/head/bias"])
    print(status.deferred)  // ["model/head/kernel", "model/head/bias"]
    model.head = Dense(128, 10)  // has the restored values now
    try status.assertConsumed()

    #expect(model.head?.bias.value[0] == 7)

    let plain = Classifier()
    plain.extra = Dense(128, 3)
    plain.extra?.bias.withMutableScalars { $0[0] = 7 }
    let other = try Checkpoint(["model": plain]).save(to: "\(run)/other")

    let classifier = Classifier()
    let checkpoint = try Checkpoint(["model": classifier])
    let later = try checkpoint.restore(from: other)
    classifier.extra = Dense(128, 3)
    try checkpoint.restoreDeferred()  // model/extra has its values now
    try later.assertConsumed()

    #expect(classifier.extra?.bias.value[0] == 7)

    let empty = try Checkpoint([:])
    let all = try empty.restore(from: other)
    let late = Classifier()
    late.extra = Dense(128, 3)
    try empty.track(late, as: "model")  // restored at once
    try all.assertConsumed()

    #expect(late.extra?.bias.value[0] == 7)
  }

  @Test func `maps names`() throws {
    let directory = try TemporaryDirectory()
    let run = directory.path("bert_model.ckpt")
    let stored = Variable<Float>(Tensor(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6]))
    let slot = Variable<Float>(repeating: 0, shape: [2, 3])
    let names = "bert/layer_0/x/kernel"
    try Saver([names: stored, "\(names)/adam_m": slot]).save(to: run)
    let kernel = Variable<Float>(repeating: 0, shape: [3, 2])
    let saver = try Saver(["encoder/layers/0/x/kernel": kernel])

    let mapping: KeyMapping = [
      .prefix("bert/", to: "encoder/"),
      .replace(#"layer_(\d+)/"#, with: "layers/$1/"),
      .transform(.suffix("/kernel"), .transpose([1, 0])),
      .drop(.regex("/adam_[mv]$")),
    ]
    try saver.restore(from: "\(run)", mapping: mapping)
    #expect(kernel.value.array == [1, 4, 2, 5, 3, 6])

    let reader = try CheckpointReader("\(run)")
    let proposal = try MappingProposal(from: reader, to: saver)
    print(proposal)
    #expect(proposal.pairs.map(\.stored) == [TensorKey(names)])
  }

  // MARK: The articles

  private static func text(_ path: String) throws -> String {
    let root = URL(filePath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  private static func lines(_ text: some StringProtocol) -> [String] {
    text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty && $0 != "import Checkpoints" }
  }

  @Test(
    arguments: [
      "Checkpoints", "CheckpointKeys", "RegisteringObjects", "RestoringObjects", "MappingNames",
      "ManagingCheckpoints", "README",
    ]
  )
  func `the code of the articles is the code of these tests`(name: String) throws {
    let isReadme = name == "README"
    let article = try Self.text(
      isReadme ? "README.md" : "Sources/Checkpoints/Checkpoints.docc/\(name).md"
    )
    var code: [String] = []
    for file in ["DocumentationExampleTests", "ReadmeExampleTests", "ManagingExampleTests"] {
      let text = try Self.text("Tests/CheckpointsTests/\(file).swift")
      code += Self.lines(text.replacing("\\(run)", with: "run"))
    }
    let blocks = article.split(separator: "```swift\n", omittingEmptySubsequences: false)
    #expect(blocks.count > 1)
    for block in blocks.dropFirst() {
      let wanted = Self.lines(
        block.prefix(upTo: block.range(of: "\n```")?.lowerBound ?? block.endIndex)
      )
      guard wanted.first?.hasPrefix("dependencies:") != true else { continue }
      // In this order, and with nothing but the tests' own lines between.
      var rest = wanted[...]
      if let start = code.firstIndex(where: { $0 == wanted.first }) {
        for line in code[start...] where line == rest.first { rest.removeFirst() }
      }
      #expect(rest.isEmpty, "\(name): no test has the line '\(rest.first ?? "")'")
    }
  }
}

/// What cannot be registered.
private enum Refused {
  final class Value: Checkpointable { var tensor: Tensor<Float> = Tensor(1) }
  final class Struct: Checkpointable {
    var layer = Layer(weight: Tensor(1), rate: 1)
  }
  final class Holder { let v = Variable<Float>(1) }
  final class Forgotten: Checkpointable { let holder = Holder() }
  final class Numbered: Checkpointable { let v = [1: Variable<Float>(1)] }
  final class Unordered: Checkpointable { let v: Set<Unique> = [Unique()] }
  final class Unique: Checkpointable, Hashable {
    let v = Variable<Float>(1)
    static func == (one: Unique, other: Unique) -> Bool { one === other }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
  }
  final class Twice: Checkpointable {
    func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.track(Variable<Float>(1), as: "a")
      registrar.track(Variable<Float>(2), as: "a")
    }
  }
  final class Suffix: Checkpointable {
    func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.track(Variable<Float>(1), as: "x.ATTRIBUTES")
    }
  }
}
