import CheckpointGraph
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that what has another name now gets the values that older checkpoints have under its former names.
@Suite struct FormerNameTests {
  let directory: TemporaryDirectory
  private var path: String { directory.path("ckpt") }

  init() throws { directory = try TemporaryDirectory("former") }

  /// The program as it is now.
  private final class Attention: Checkpointable {
    var query: TestLayer? = TestLayer()
    var heads = [TestLayer(), TestLayer()]
    var scale: Float = 0
    var offset = Tensor<Float>([0])
    let slots = TestMomentum()

    func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.track(query, as: "query", formerly: ["q", "w_q"])
      registrar.track(heads, as: "heads", formerly: ["layers"])
      registrar.variable("scale", of: self, \.scale, formerly: ["s"])
      registrar.attribute("offset", of: self, \.offset, formerly: ["o"])
    }
  }

  private final class Offset: Checkpointable {
    var tensor: Tensor<Float>
    let name: String
    let children: [(key: String, value: Any)]

    init(_ value: Float, as name: String, _ children: [(key: String, value: Any)]) {
      (tensor, self.name, self.children) = (Tensor([value]), name, children)
    }

    func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.attribute(name, of: self, \.tensor)
      for child in children { registrar.track(child.value, as: child.key) }
    }
  }

  /// What a program of that time saved.
  private func save(_ attention: any Checkpointable) throws {
    _ = try Checkpoint(["model": attention]).write(to: path)
  }

  private func old(_ query: String, _ more: KeyValuePairs<String, Any> = [:]) -> Offset {
    let layers = [TestLayer(2), TestLayer(3)]
    var children: [(key: String, value: Any)] = [
      (query, TestLayer(1)), ("layers", layers), ("s", Variable<Float>(4)),
    ]
    children += more.map { ($0.key, $0.value) }
    return Offset(5, as: "o", children)
  }

  @Test(arguments: ["query", "q", "w_q"])
  func `objects, lists, properties and attributes get their values`(name: String) throws {
    try save(old(name))
    let attention = Attention()
    let status = try Checkpoint(["model": attention]).restore(from: path)
    try status.assertConsumed()
    #expect(attention.query?.number == 1)
    #expect(attention.heads.map(\.number) == [2, 3])
    #expect(attention.scale == 4)
    #expect(attention.offset.array == [5])
  }

  @Test func `a save writes the new names`() throws {
    try save(Attention())
    let keys = try CheckpointReader(path).entries().map(\.key.description)
    #expect(keys.contains("model/query/kernel/.ATTRIBUTES/VARIABLE_VALUE"))
    #expect(!keys.contains { $0.contains("/q/") || $0.contains("layers") })
  }

  @Test(arguments: [("query", "q"), ("q", "query"), ("q", "w_q"), ("w_q", "q")])
  func `two names that match are a conflict, and the first name wins`(one: String, two: String)
    throws
  {
    try save(old(one, [two: TestLayer(9)]))
    let attention = Attention()
    let first = one == "query" || two != "query" && one == "q"
    let checkpoint = try Checkpoint(["model": attention])
    let status = try checkpoint.restore(from: path)
    #expect(attention.query?.number == (first ? 1 : 9))
    #expect(status.conflicting == ["model/\(first ? two : one)"])
    #expect(throws: CheckpointError.self) { try status.assertConsumed() }
  }

  @Test func `one object under both names is none`() throws {
    let layer = TestLayer(1)
    try save(
      Offset(
        5, as: "o",
        [
          ("q", layer), ("query", layer), ("layers", [TestLayer(2), TestLayer(3)]),
          ("s", Variable<Float>(4)),
        ]))
    let attention = Attention()
    let status = try Checkpoint(["model": attention]).restore(from: path)
    try status.assertConsumed()
    #expect(attention.query?.number == 1)
  }

  @Test(
    arguments: [
      ("q", nil), ("query", "q"), ("q", "query"), ("q", "w_q"), ("w_q", "q"),
    ] as [(String, String?)])
  func `an object that comes later gets the values of the first of its names`(
    one: String, two: String?
  ) throws {
    try save(old(one, two.map { [$0: TestLayer(9)] } ?? [:]))
    let attention = Attention()
    attention.query = nil
    let checkpoint = try Checkpoint(["model": attention])
    let status = try checkpoint.restore(from: path)
    attention.query = TestLayer()
    try checkpoint.restoreDeferred()
    let isFirst = two == nil || one == "query" || (two != "query" && one == "q")
    #expect(attention.query?.number == (isFirst ? 1 : 9))
    if two == nil { try status.assertConsumed() }
  }

  @Test func `checkpoints without objects have former names too`() throws {
    var writer = try CheckpointWriter(to: path)
    for (name, value) in [("q", 1), ("layers/0", 2), ("layers/1", 3)] as [(String, Float)] {
      try writer.add(
        Tensor<Float>(repeating: value, shape: [2, 3]), for: TensorKey("model/\(name)/kernel"))
      try writer.add(
        Tensor<Float>(repeating: value, shape: [2]), for: TensorKey("model/\(name)/bias"))
    }
    try writer.add(Tensor<Float>(4), for: "model/s")
    try writer.finish()
    let attention = Attention()
    _ = try Checkpoint(["model": attention])
      .restore(from: path, options: RestoreOptions(.partial))
    #expect(attention.query?.number == 1)
    #expect(attention.heads.map(\.number) == [2, 3])
    #expect(attention.scale == 4)
  }

  private final class Named: Checkpointable {
    let layers = [TestLayer(), TestLayer()]
    var numbers: [Float] = [0, 0]
    let names: [(name: String, formerly: [String])]
    let areAttributes: Bool

    init(_ names: [(String, [String])], areAttributes: Bool) {
      self.names = names
      self.areAttributes = areAttributes
    }

    func registerDependencies(in registrar: inout DependencyRegistrar) {
      for (index, entry) in names.enumerated() {
        if areAttributes {
          registrar.attribute(entry.name, of: self, \.numbers[index], formerly: entry.formerly)
        } else {
          registrar.track(layers[index], as: entry.name, formerly: entry.formerly)
        }
      }
    }
  }

  /// Values under it could be meant for both.
  @Test(arguments: [true, false])
  func `a former name that is a name of something else is refused`(areAttributes: Bool) throws {
    for names in [
      [("a", ["x"]), ("b", ["x"])], [("a", []), ("b", ["a"])], [("a", ["b"]), ("b", ["a"])],
    ] {
      let error = #expect(throws: CheckpointError.self, "\(names)") {
        try Checkpoint(["model": Named(names, areAttributes: areAttributes)]).write(to: path)
      }
      #expect(error?.description.contains("could be meant for both") == true, "\(names)")
    }
    let twice = Named([("a", ["x", "x"]), ("b", [])], areAttributes: areAttributes)
    _ = try Checkpoint(["model": twice]).write(to: path)
  }

  @Test func `an attribute under two of its names is a conflict`() throws {
    try save(Named([("offset", []), ("o", [])], areAttributes: true))
    let now = Named([("offset", ["o"])], areAttributes: true)
    let status = try Checkpoint(["model": now]).restore(from: path)
    #expect(status.conflicting == ["model"])
  }

  @Test func `what has no values under a name leaves the place to another`() throws {
    try save(old("w_q", ["q": TestModule([:])]))
    let attention = Attention()
    let status = try Checkpoint(["model": attention]).restore(from: path)
    try status.assertConsumed()
    #expect(attention.query?.number == 1)
  }

  // MARK: Slots and fields

  private final class Optimizer: SlotVariableHolder {
    let slots: SlotVariables<Variable<Float>>
    init(_ name: String, formerly: [String: [String]] = [:]) {
      slots = SlotVariables([name], formerly: formerly)
    }
  }

  @Test(arguments: [false, true])
  func `slots have former names`(exists: Bool) throws {
    let variable = Variable<Float>([1, 2])
    let before = Optimizer("m")
    before.slots["m", of: variable].value = Tensor([3, 4])
    _ = try Checkpoint(["w": variable, "optimizer": before]).write(to: path)

    let (now, other) = (
      Optimizer("momentum", formerly: ["momentum": ["m"]]), Variable<Float>([0, 0])
    )
    if exists { _ = now.slots["momentum", of: other] }
    let status = try Checkpoint(["w": other, "optimizer": now]).restore(from: path)
    try status.assertConsumed()
    #expect(now.slots.existing("momentum", of: other)?.value.array == [3, 4])
  }

  @Test func `of two slots the one of the present name counts`() throws {
    let variable = Variable<Float>([1, 2])
    let before = SlotPair()
    before.slots["m", of: variable].value = Tensor([3, 4])
    before.slots["momentum", of: variable].value = Tensor([5, 6])
    _ = try Checkpoint(["w": variable, "optimizer": before]).write(to: path)
    let (now, other) = (
      Optimizer("momentum", formerly: ["momentum": ["m"]]), Variable<Float>([0, 0])
    )
    _ = try Checkpoint(["w": other, "optimizer": now]).restore(from: path)
    #expect(now.slots.existing("momentum", of: other)?.value.array == [5, 6])
  }

  private final class SlotPair: SlotVariableHolder {
    let slots = SlotVariables<Variable<Float>>("m", "momentum")
  }

  private struct Layer: CheckpointableValue {
    var weight = Tensor<Float>([0])
    var bias: Tensor<Float>?
    var rate: Double?
    var blocks: [String: Block] = [:]
    var tensors: [String: Tensor<Float>] = [:]
    var block: Block?
    var layer: TestLayer?

    static func registerFields(in fields: inout FieldRegistrar<Self>) {
      fields.tensor("weight", \.weight, formerly: ["w"])
      fields.tensor("bias", \.bias)
      fields.scalar("rate", \.rate)
      fields.values("blocks", \.blocks)
      fields.tensors("tensors", \.tensors)
      fields.value("block", \.block)
      fields.object("layer", \.layer)
    }
  }

  private struct Block: CheckpointableValue {
    var w = Tensor<Float>([0])
    static func registerFields(in fields: inout FieldRegistrar<Self>) { fields.tensor("w", \.w) }
  }

  private func layer(_ start: Float) -> Layer {
    var layer = Layer()
    layer.weight = Tensor([start])
    layer.bias = Tensor([start + 1])
    layer.rate = Double(start + 2)
    layer.blocks = ["b": Block(w: Tensor([start + 3])), "a": Block(w: Tensor([start + 4]))]
    layer.tensors = ["x": Tensor([start + 5])]
    layer.block = Block(w: Tensor([start + 6]))
    layer.layer = TestLayer(start + 7)
    return layer
  }

  private func values(_ layer: Layer) -> [Float?] {
    [
      layer.weight.array[0], layer.bias?.array[0], layer.rate.map { Float($0) },
      layer.blocks["b"]?.w.array[0], layer.blocks["a"]?.w.array[0], layer.tensors["x"]?.array[0],
      layer.block?.w.array[0], layer.layer?.number,
    ]
  }

  @Test func `optional fields and dictionaries are saved and restored`() throws {
    _ = try Checkpoint(["model": Tracked(layer(1))]).write(to: path)
    let keys = try CheckpointReader(path).entries().map(\.key.description)
    #expect(
      keys.filter { $0.hasPrefix("model") }.map {
        $0.replacing("/.ATTRIBUTES/VARIABLE_VALUE", with: "")
      } == [
        "model/bias", "model/block/w", "model/blocks/a/w", "model/blocks/b/w", "model/layer/bias",
        "model/layer/kernel", "model/rate", "model/tensors/x", "model/weight",
      ])
    let model = Tracked(layer(100))
    try Checkpoint(["model": model]).restore(from: path).assertConsumed()
    #expect(values(model.value) == (1...8).map { Float($0) })
  }

  @Test func `empty optional fields and dictionaries save nothing, and stay empty`() throws {
    _ = try Checkpoint(["model": Tracked(Layer())]).write(to: path)
    _ = try Checkpoint(["model": Tracked(layer(1))]).write(to: directory.path("full"))
    let model = Tracked(Layer())
    try Checkpoint(["model": model]).restore(from: path).assertConsumed()
    let status = try Checkpoint(["model": model]).restore(from: directory.path("full"))
    #expect(model.value.weight.array == [1])
    #expect(values(model.value).dropFirst().allSatisfy { $0 == nil })
    #expect(throws: CheckpointError.self) { try status.assertConsumed() }
  }

  @Test func `a field has former names`() throws {
    _ = try Checkpoint(["model": TestModule(["w": Variable<Float>([7])])]).write(to: path)
    let model = Tracked(Layer())
    try Checkpoint(["model": model]).restore(from: path).assertConsumed()
    #expect(model.value.weight.array == [7])
  }
}
