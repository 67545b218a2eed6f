import CheckpointGraph
import CheckpointIO
import CheckpointMapping
import CheckpointSafetensors
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Names with dots, names with slashes, and the keys of objects.
@Suite struct NameStyleTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test(arguments: [
    ("model/layers/0/kernel/.ATTRIBUTES/VARIABLE_VALUE", "model.layers.0.kernel"),
    ("step/.ATTRIBUTES/VARIABLE_VALUE", "step"),
    (
      "w/.OPTIMIZER_SLOT/optimizer/m/.ATTRIBUTES/VARIABLE_VALUE",
      "w..OPTIMIZER_SLOT.optimizer.m"
    ),
    ("table/.ATTRIBUTES/table-keys", "table..ATTRIBUTES.table-keys"),
    ("conv..1/w/.ATTRIBUTES/VARIABLE_VALUE", "conv..1.w"),
    ("é/w/.ATTRIBUTES/VARIABLE_VALUE", "é.w"),
    // These would not come back: a slash in a local name, a dot at the end of one, an empty one.
    ("a.Sb/w/.ATTRIBUTES/VARIABLE_VALUE", "a.Sb/w/.ATTRIBUTES/VARIABLE_VALUE"),
    ("a/..b/.ATTRIBUTES/VARIABLE_VALUE", "a/..b/.ATTRIBUTES/VARIABLE_VALUE"),
    ("a//b/.ATTRIBUTES/VARIABLE_VALUE", "a//b/.ATTRIBUTES/VARIABLE_VALUE"),
    ("_CHECKPOINTABLE_OBJECT_GRAPH", "_CHECKPOINTABLE_OBJECT_GRAPH"),
  ])
  func `object keys become dotted names, and come back`(key: String, dotted: String) {
    #expect(KeyMapping.NameStyle.dotted.name(of: TensorKey(key)) == TensorKey(dotted))
    #expect(KeyMapping.NameStyle.objects.name(of: TensorKey(dotted)) == TensorKey(key))
    #expect(KeyMapping.NameStyle.dotted.name(of: TensorKey(dotted)) == TensorKey(dotted))
    #expect(KeyMapping.NameStyle.objects.name(of: TensorKey(key)) == TensorKey(key))
  }

  @Test(arguments: [
    ("dense/kernel", "dense.kernel", "dense/kernel"),
    ("dense/kernel/Adam_1", "dense.kernel.Adam_1", "dense/kernel/Adam_1"),
    ("global_step", "global_step", "global_step"),
    ("conv.1/kernel", "conv.1.kernel", "conv/1/kernel"),  // its own dot is one like the others then
    ("model.layers.0.kernel", "model.layers.0.kernel", "model/layers/0/kernel"),
  ])
  func `names with slashes become dotted names, and back`(
    name: String, dotted: String, slashed: String
  ) {
    #expect(KeyMapping.NameStyle.dotted.name(of: TensorKey(name)) == TensorKey(dotted))
    #expect(KeyMapping.NameStyle.slashed.name(of: TensorKey(dotted)) == TensorKey(slashed))
    #expect(KeyMapping.NameStyle.slashed.name(of: TensorKey(slashed)) == TensorKey(slashed))
  }

  @Test func `slashed names are the paths of objects, as they are found by`() {
    let style = KeyMapping.NameStyle.slashed
    #expect(style.name(of: "a/conv..1/w/.ATTRIBUTES/VARIABLE_VALUE") == "a/conv..1/w")
    #expect(style.name(of: "a.conv..1.w") == "a/conv..1/w")
    #expect(style.name(of: "w..OPTIMIZER_SLOT.optimizer.m") == "w/.OPTIMIZER_SLOT/optimizer/m")
    #expect(style.name(of: "t/.ATTRIBUTES/table-keys") == "t/.ATTRIBUTES/table-keys")
  }

  @Test(arguments: TestCases.every(7, of: 0..<20 as Range<UInt64>))
  func `random object keys go to dotted names and back`(seed: UInt64)
    throws
  {
    var random = SeededGenerator(seed: seed)
    let keys = Set((0..<500).map { _ in Self.randomKey(&random) })
    let dotted = keys.map { KeyMapping.NameStyle.dotted.name(of: $0) }
    #expect(Set(dotted).count == keys.count, "seed \(seed)")
    #expect(Set(dotted.map { KeyMapping.NameStyle.objects.name(of: $0) }) == keys, "seed \(seed)")

    let one = AnyTensor(Tensor<Float>(1))
    let reader = MemoryReader(tensors: Dictionary(uniqueKeysWithValues: keys.map { ($0, one) }))
    let mapping = KeyMapping.names(.dotted).then(.names(.objects))
    #expect(try mapping.reader(over: reader).entries().map(\.key) == keys.sorted(), "seed \(seed)")
  }

  // Of local names that have whatever means something in keys.
  private static func randomKey(_ random: inout SeededGenerator) -> TensorKey {
    let parts = ["a", "b", ".", "/", "S", "0", "ATTRIBUTES", "OPTIMIZER_SLOT", "é", "..", "_"]
    func path() -> String {
      (0..<Int.random(in: 1...3, using: &random)).map { _ in
        let name = (0..<Int.random(in: 1...3, using: &random)).map { _ in
          parts.randomElement(using: &random) ?? ""
        }
        return CheckpointKey.escape(name.joined())
      }.joined(separator: "/")
    }
    var place = path()
    if Int.random(in: 0..<4, using: &random) == 0 {
      place = CheckpointKey.slotPath(variable: place, optimizer: path(), slotName: "m.1")
    }
    let attribute = Bool.random(using: &random) ? CheckpointKey.variableValue : "table.keys"
    return TensorKey(CheckpointKey.key(path: place, attribute: attribute))
  }

  @Test func `two names that would be one are an error that names both`() throws {
    let one = AnyTensor(Tensor<Float>(1))
    let reader = MemoryReader(tensors: ["dense/kernel": one, "dense.kernel": one, "b": one])
    let error = try #require(throws: CheckpointError.self) {
      try KeyMapping.names(.dotted).reader(over: reader)
    }
    #expect(error.code == .duplicateName)
    #expect(
      error.message
        == "rule 1 of the mapping: 'dense.kernel' and 'dense/kernel' would both be called "
        + "'dense.kernel'")
  }

  // MARK: The preferred one

  @Test func `the preferred tensor counts where there is one`() throws {
    let names: [TensorKey] = [
      "conv/w", "conv/w/ExponentialMovingAverage", "bn/mean", "only/ExponentialMovingAverage",
      "/ExponentialMovingAverage",
    ]
    let tensors = zip(names, 0...).map { ($0, AnyTensor(Tensor<Float>(Float($1)))) }
    let mapping: KeyMapping = [.prefer("/ExponentialMovingAverage")]
    let stored = MemoryReader(tensors: Dictionary(uniqueKeysWithValues: tensors))
    let reader = try mapping.reader(over: stored)
    let values = try reader.entries().map { entry in
      "\(entry.key) \(try Tensor<Float>(reader.tensor(for: entry.key)).scalar)"
    }
    #expect(values == ["/ExponentialMovingAverage 4.0", "bn/mean 2.0", "conv/w 1.0", "only 3.0"])
    let preview = try mapping.preview(of: stored)
    #expect(preview.dropped.map(\.name) == ["conv/w"])
    #expect(preview.idleRules.isEmpty)
    #expect(try KeyMapping([.prefer("/Missing")]).preview(of: stored).idleRules == [1])
  }

  @Test func `both front ends take moving averages`() throws {
    let path = directory.path("m")
    try Saver([
      "w": Variable<Float>(1), "w/ExponentialMovingAverage": Variable<Float>(2),
      "b": Variable<Float>(3),
    ]).save(to: path)
    let (w, b) = (Variable<Float>(0), Variable<Float>(0))
    let mapping: KeyMapping = [.prefer("/ExponentialMovingAverage")]
    try Saver(["w": w, "b": b]).restore(from: path, mapping: mapping)
    #expect([w.value.scalar, b.value.scalar] == [2, 3])
    (w.value, b.value) = (Tensor(0), Tensor(0))
    try Checkpoint(["w": w, "b": b]).restore(from: path, mapping: mapping)
      .assertExistingObjectsMatched()
    #expect([w.value.scalar, b.value.scalar] == [2, 3])
  }

  // MARK: Restoring

  private final class Layer: Checkpointable {
    let kernel = Variable<Float>([0, 0])
    let bias = Variable<Float>([0])
  }

  private final class Model: Checkpointable {
    let layers = [Layer()]
  }

  private func writeDotted() throws -> String {
    let path = directory.path("model.safetensors")
    var writer = try SafetensorsWriter(path)
    try writer.add(Tensor<Float>([1, 2]), for: "model.layers.0.kernel")
    try writer.add(Tensor<Float>([3]), for: "model.layers.0.bias")
    try writer.finish()
    return path
  }

  @Test(arguments: [false, true])
  func `a checkpoint is restored from dotted names`(isConverted: Bool) throws {
    var path = try writeDotted()
    if isConverted {
      let saved = Model()
      saved.layers[0].kernel.value = Tensor([1, 2])
      saved.layers[0].bias.value = Tensor([3])
      let source = try Checkpoint(["model": saved]).save(to: directory.path("ckpt"))
      path = directory.path("converted.safetensors")
      var options = CheckpointConversion.Options()
      options.mapping = .names(.dotted)
      try CheckpointConversion(from: source, to: path, options: options).run()
      #expect(
        try CheckpointReader(path).entries().map(\.key)
          == ["model.layers.0.bias", "model.layers.0.kernel", "save_counter"])
    }
    let model = Model()
    try Checkpoint(["model": model]).restore(from: path, mapping: .names(.slashed))
      .assertExistingObjectsMatched()
    #expect(model.layers[0].kernel.value.array == [1, 2])
    #expect(model.layers[0].bias.value.array == [3])
  }

  @Test func `a saver has either style`() throws {
    let path = try writeDotted()
    let kernel = Variable<Float>([0, 0])
    try Saver(["model/layers/0/kernel": kernel]).restore(from: path, mapping: .names(.slashed))
    #expect(kernel.value.array == [1, 2])
    let saved = Variable<Float>([5, 6])
    try Saver(["model/layers/0/kernel": saved]).save(to: directory.path("slashed"))
    try Saver(["model.layers.0.kernel": kernel])
      .restore(from: directory.path("slashed"), mapping: .names(.dotted))
    #expect(kernel.value.array == [5, 6])
  }

  // MARK: Errors

  @Test func `the error of a restore proposes the style`() throws {
    let path = try writeDotted()
    let layer = Layer()
    let advice =
      "the checkpoint has 2 of the 2 missing in another style, 'model.layers.0.bias' for 'model/layers/0/bias': "
      + "restore with mapping: .names(.slashed)"
    let names = try #require(throws: CheckpointError.self) {
      try Saver(["model/layers/0/bias": layer.bias, "model/layers/0/kernel": layer.kernel]).restore(
        from: path)
    }
    #expect(names.message.hasSuffix(advice), "\(names)")
    let objects = try #require(throws: CheckpointError.self) {
      try Checkpoint(["model": Model()]).restore(from: path)
    }
    #expect(objects.message.contains("2 of the 2 missing in another style"), "\(objects)")
    #expect(objects.message.hasSuffix(".names(.slashed)"), "\(objects)")
    let single = try #require(throws: CheckpointError.self) {
      try Saver(["model/layers/0/bias": layer.bias]).restore(from: path)
    }
    #expect(single.message.hasSuffix(".names(.slashed)"), "\(single)")
  }

  @Test func `the error for one name says what it is called`() throws {
    let reader = try CheckpointReader(try writeDotted())
    let error = try #require(throws: CheckpointError.self) {
      try reader.key(named: "model/layers/0/kernel")
    }
    #expect(
      error.message
        == "there is no such tensor; 'model.layers.0.kernel' is this name in another style: ask "
        + "for that, or read through KeyMapping.names(.slashed)")
    #expect(error.code == .notFound)
  }
}
