import CheckpointTensors
import CheckpointPlans
import CheckpointIO
import CheckpointGraph
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that objects that come after a restore get their values, once and from the newest restore,
/// and that nothing is kept alive for it.
@Suite(.serialized) struct DeferredRestoreTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private final class Classifier: Checkpointable {
    @Dependency var head: TestLayer?
    @Dependency var block: Block?
    @Dependency var fields: Tracked<Fields>?
    @Dependency var state: RunState<Int>?
    let w: Variable<Float>

    init(_ start: Float = 0, isWhole: Bool = false) {
      w = Variable(start)
      guard isWhole else { return }
      head = TestLayer(start)
      block = Block(TestLayer(start))
      fields = Tracked(Fields(weight: Tensor(start)))
      state = RunState(Int(start))
    }
  }

  private final class Block: Checkpointable {
    @Dependency var inner: TestLayer?
    @Dependency var list: [TestLayer] = []
    init(_ inner: TestLayer? = nil) {
      self.inner = inner
      if let inner { list = [TestLayer(inner.number ?? 0)] }
    }
  }

  private struct Fields: CheckpointableValue {
    var weight = Tensor<Float>(0)
    static func registerFields(in fields: inout FieldRegistrar<Self>) {
      fields.tensor("weight", \.weight)
    }
  }

  private func written(_ start: Float) throws -> String {
    let model = Classifier(start, isWhole: true)
    return try Checkpoint(["model": model]).write(to: directory.path("ckpt-\(start)"))
  }

  private func failure(_ body: () throws -> Void) -> CheckpointError? {
    #expect(throws: CheckpointError.self) { try body() }
  }

  // MARK: When

  @Test func `gives a property its values as it is assigned`() throws {
    let model = Classifier()
    let checkpoint = try Checkpoint(["model": model])
    let status = try checkpoint.restore(from: written(3))
    #expect(model.w.value[] == 3)
    model.head = TestLayer()
    #expect(model.head?.number == 3)
    model.block = Block()
    model.block?.inner = TestLayer()
    #expect(model.block?.inner?.number == 3)
    model.block?.list.append(TestLayer())
    #expect(model.block?.list[0].number == 3)
    #expect(failure { try status.assertConsumed() } != nil)
    model.fields = Tracked(Fields())
    #expect(model.fields?.value.weight[] == 3)
    model.state = RunState(0)
    #expect(model.state?.value == 3)
    try status.assertConsumed()
    #expect(status.failures.isEmpty)
  }

  @Test func `gives an object its values with those of what it brings along`() throws {
    let model = Classifier()
    let checkpoint = try Checkpoint(["model": model])
    try checkpoint.restore(from: written(3)).expectPartial()
    model.block = Block(TestLayer())
    #expect(model.block?.inner?.number == 3)
    #expect(model.block?.list[0].number == 3)
  }

  @Test func `gives a tracked object its values`() throws {
    let path = try written(3)
    let checkpoint = try Checkpoint([:])
    let status = try checkpoint.restore(from: path)
    let model = Classifier()
    try checkpoint.track(model, as: "model")
    #expect(model.w.value[] == 3)
    #expect(failure { try checkpoint.track(TestLayer(), as: "model") }?.code == .duplicateName)
    try status.assertExistingObjectsMatched()
  }

  @Test func `gives plain properties their values when asked to`() throws {
    let saved = TestModule(["a": TestLayer(1), "b": [TestLayer(2)]])
    let path = try Checkpoint(["m": saved]).write(to: directory.path("m"))
    let module = TestModule([:])
    let checkpoint = try Checkpoint(["m": module])
    let status = try checkpoint.restore(from: path)
    let (a, b) = (TestLayer(), TestLayer())
    module.properties = [("a", a), ("b", [b])]
    #expect(a.number == 0)
    try checkpoint.restoreDeferred()
    #expect((a.number, b.number) == (1, 2))
    try status.assertConsumed()
  }

  @Test func `restores once: an object assigned later keeps its values`() throws {
    let model = Classifier()
    let checkpoint = try Checkpoint(["model": model])
    try checkpoint.restore(from: written(3)).expectPartial()
    model.head = TestLayer()
    for _ in 0..<20 {  // the next one may get the memory of the one before
      model.head = nil
      model.head = TestLayer(8)
      #expect(model.head?.number == 8)
    }
  }

  @Test func `takes the newest of several restores`() throws {
    let model = Classifier()
    let checkpoint = try Checkpoint(["model": model])
    let (first, second) = (try written(1), try written(2))
    let older = try checkpoint.restore(from: first)
    let newer = try checkpoint.restore(from: second)
    let isWhole = Classifier(isWhole: true)
    model.head = isWhole.head
    model.block = isWhole.block
    model.fields = isWhole.fields
    model.state = isWhole.state
    #expect(model.w.value[] == 2)
    #expect(model.head?.number == 2)
    #expect(model.block?.inner?.number == 2)
    #expect(model.fields?.value.weight[] == 2)
    #expect(model.state?.value == 2)
    try newer.assertConsumed()
    try older.assertConsumed()
  }

  @Test func `falls back on an older restore for what the newest does not have`() throws {
    let model = Classifier()
    let checkpoint = try Checkpoint(["model": model])
    try checkpoint.restore(from: written(1)).expectPartial()
    let small = try Checkpoint(["model": TestModule(["w": Variable<Float>(2)])])
    try checkpoint.restore(from: small.write(to: directory.path("small"))).assertConsumed()
    model.head = TestLayer()
    #expect(model.head?.number == 1)
    #expect(model.w.value[] == 2)
  }

  @Test func `restores objects of a checkpoint that is gone`() throws {
    let model = Classifier()
    try Checkpoint(["model": model]).restore(from: written(3)).expectPartial()
    model.head = TestLayer()
    #expect(model.head?.number == 3)
  }

  // MARK: Slot variables

  private func trained() throws -> String {
    let (layer, optimizer) = (TestLayer(1), TestMomentum())
    optimizer[layer.kernel] = 5
    optimizer[layer.bias] = 6
    return try Checkpoint(["model": layer, "optimizer": optimizer])
      .write(to: directory.path("trained"))
  }

  @Test func `makes slot variables of an optimizer that has none yet`() throws {
    let (layer, optimizer) = (TestLayer(), TestMomentum())
    let checkpoint = try Checkpoint(["model": layer, "optimizer": optimizer])
    try checkpoint.restore(from: trained()).assertConsumed()
    #expect((optimizer[layer.kernel], optimizer[layer.bias]) == (5, 6))
  }

  @Test func `makes no slot variables if the restore fails`() throws {
    let path = try trained()
    let (layer, optimizer) = (TestLayer(), TestMomentum())
    let more = TestModule(["layer": layer, "w": Variable<Float>(0)])
    let checkpoint = try Checkpoint(["model": layer, "optimizer": optimizer, "more": more])
    #expect(failure { _ = try checkpoint.restore(from: path) }?.code == .notFound)
    #expect(optimizer[layer.kernel] == nil && optimizer[layer.bias] == nil)
    layer.bias = Variable([1, 2, 3])
    #expect(failure { _ = try checkpoint.read(from: path, options: .partial) }?.code == .mismatch)
    #expect(optimizer[layer.kernel] == nil && optimizer[layer.bias] == nil)
    #expect(layer.kernel.value.array == [0, 0, 0, 0, 0, 0])
  }

  @Test func `makes no slot variables if the files are damaged`() throws {
    let path = try trained()
    let data = "\(path).data-00000-of-00001"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: data))
    bytes[0] ^= 1
    try bytes.write(to: URL(fileURLWithPath: data))
    let (layer, optimizer) = (TestLayer(), TestMomentum())
    let checkpoint = try Checkpoint(["model": layer, "optimizer": optimizer])
    #expect(failure { _ = try checkpoint.restore(from: path) }?.code == .corrupt)
    #expect(optimizer[layer.kernel] == nil && optimizer[layer.bias] == nil)
  }

  @Test func `compares slot variables that an optimizer would make, and makes none`() throws {
    let (layer, optimizer) = (TestLayer(), TestMomentum())
    let checkpoint = try Checkpoint(["model": layer, "optimizer": optimizer])
    let comparison = try checkpoint.compare(with: trained())
    #expect(comparison.isComplete, "\(comparison)")
    #expect(optimizer[layer.kernel] == nil)
  }

  @Test func `refuses a slot variable of another shape, and nothing else`() throws {
    let path = try trained()
    let (layer, optimizer) = (TestLayer(), TestMomentum())
    optimizer.slots["momentum", of: layer.bias].value = Tensor([1, 2, 3])
    let checkpoint = try Checkpoint([:])
    let status = try checkpoint.restore(from: path)
    try checkpoint.track(layer, as: "model")
    #expect(failure { try checkpoint.track(optimizer, as: "optimizer") }?.code == .mismatch)
    #expect(layer.number == 1 && optimizer[layer.kernel] == 5 && optimizer[layer.bias] == 1)
    optimizer.slots.remove(for: layer.bias)
    try checkpoint.restoreDeferred()
    #expect(optimizer[layer.bias] == 6)
    try status.assertConsumed()
  }

  @Test(arguments: [true, false])
  func `restores slot variables whichever comes first`(modelComesFirst: Bool) throws {
    let (layer, optimizer) = (TestLayer(), TestMomentum())
    let checkpoint = try Checkpoint([:])
    let status = try checkpoint.restore(from: trained())
    let objects: [(any Checkpointable, String)] = [(layer, "model"), (optimizer, "optimizer")]
    for (object, name) in modelComesFirst ? objects : objects.reversed() {
      try checkpoint.track(object, as: name)
    }
    #expect((optimizer[layer.kernel], optimizer[layer.bias]) == (5, 6))
    try status.assertConsumed()
  }

  @Test func `fills slot variables that exist before model and optimizer are known`() throws {
    let (layer, optimizer) = (TestLayer(), TestMomentum())
    optimizer[layer.kernel] = 0
    optimizer[layer.bias] = 0
    let slot = optimizer.slots.existing("momentum", of: layer.kernel)
    let checkpoint = try Checkpoint([:])
    let status = try checkpoint.restore(from: trained())
    try checkpoint.track(layer, as: "model")
    try checkpoint.track(optimizer, as: "optimizer")
    #expect(slot?.value.array.first == 5)
    try status.assertConsumed()
  }

  @Test func `takes slot variables of the newest restore`() throws {
    let path = try trained()
    let (layer, optimizer) = (TestLayer(2), TestMomentum())
    optimizer[layer.kernel] = 7
    optimizer[layer.bias] = 8
    let newer = try Checkpoint(["model": layer, "optimizer": optimizer])
      .write(to: directory.path("newer"))
    let checkpoint = try Checkpoint([:])
    try checkpoint.restore(from: path).expectPartial()
    try checkpoint.restore(from: newer).expectPartial()
    let (fresh, momentum) = (TestLayer(), TestMomentum())
    try checkpoint.track(momentum, as: "optimizer")
    try checkpoint.track(fresh, as: "model")
    #expect(fresh.number == 2)
    #expect((momentum[fresh.kernel], momentum[fresh.bias]) == (7, 8))
  }

  // MARK: What goes wrong

  @Test func `names the restore that a value comes from which does not fit`() throws {
    let path = try written(3)
    let checkpoint = try Checkpoint([:])
    let status = try checkpoint.restore(from: path, fileID: "App/main.swift", line: 12)
    let wrong = TestModule(["w": Variable<Float>([1, 2])])
    let error = failure { try checkpoint.track(wrong, as: "model") }
    #expect(error?.code == .mismatch)
    #expect(
      error?.message.hasSuffix("this comes from the restore of '\(path)' at App/main.swift:12")
        == true)
    #expect(status.failures.map(\.code) == [.mismatch])
    #expect(failure { try status.assertExistingObjectsMatched() } != nil)
  }

  @Test func `warns of an assignment whose values do not fit`() throws {
    let model = Classifier()
    let checkpoint = try Checkpoint(["model": model])
    let status = try checkpoint.restore(from: written(3))
    let wrong = TestLayer()
    wrong.bias = Variable([1, 2, 3])
    let texts = warnings(about: directory) { model.head = wrong }
    #expect(texts.count == 1)
    #expect(texts.first?.contains("DeferredRestoreTests.swift:") == true)
    #expect(status.failures.count == 1)
    #expect(wrong.kernel.value.array.first == 0)
    let right = TestLayer()
    model.head = right  // the values wait still
    #expect(right.number == 3)
    #expect(status.failures.count == 1)
  }

  @Test func `says each time that values are damaged which an object waits for`() throws {
    let late = Variable<Float>(repeating: 3, shape: [1_000])
    let saved = TestModule(["w": Variable<Float>(3), "late": late])
    let path = try Checkpoint(["m": saved]).write(to: directory.path("m"))
    var bytes = try directory.bytes("m.data-00000-of-00001")
    bytes[bytes.count / 2] ^= 1  // most of it is what comes late
    try directory.write(bytes, to: "m.data-00000-of-00001")
    let (w, module) = (Variable<Float>(0), TestModule([:]))
    module.properties = [("w", w)]
    let checkpoint = try Checkpoint(["m": module])
    let status = try checkpoint.restore(from: path)
    #expect(w.value[] == 3)
    let unfilled = Variable<Float>(repeating: 0, shape: [1_000])
    module.properties.append(("late", unfilled))
    for _ in 0..<2 {
      let error = failure { try checkpoint.restoreDeferred() }
      #expect(error?.code == .corrupt)
      #expect(error?.file == path + ".data-00000-of-00001")
      #expect(error?.message.contains("; this comes from the restore of '\(path)' at ") == true)
    }
    #expect(unfilled.value.array.allSatisfy { $0 == 0 })
    #expect(status.failures.map(\.code) == [.corrupt])
  }

  @Test func `says once what does not fit, and restores the rest`() throws {
    let path = try written(3)
    let (module, head) = (TestModule([:]), TestLayer())
    let checkpoint = try Checkpoint(["model": module])
    let status = try checkpoint.restore(from: path)
    head.bias = Variable([1, 2, 3])
    module.properties = [("head", head), ("w", Variable<Float>(0))]
    let error = failure { try checkpoint.restoreDeferred() }
    #expect(error?.code == .mismatch)
    #expect(error?.message.contains("this comes from the restore of '\(path)'") == true)
    #expect(head.kernel.value.array.first == 0, "an object gets all its values or none")
    #expect((module.properties[1].value as? Variable<Float>)?.scalar == 3)
    try checkpoint.restoreDeferred()
    #expect(failure { try status.assertExistingObjectsMatched() } != nil)
    let other = TestLayer()
    other.bias = Variable([1, 2, 3])
    module.properties[0].value = other
    #expect(failure { try checkpoint.restoreDeferred() } != nil, "another object, so it is said")
    other.bias = Variable([0, 0])
    try checkpoint.restoreDeferred()
    #expect(other.number == 3)
    #expect(status.failures.count == 2)
    try status.assertExistingObjectsMatched()
  }

  @Test func `keeps older values out of an object that newer ones do not fit`() throws {
    let older = TestModule(["a": TestLayer(1), "b": TestLayer(1)])
    let newer = TestModule(["a": TestModule(["kernel": Variable<Float>(2)]), "c": TestLayer(2)])
    let module = TestModule([:])
    let checkpoint = try Checkpoint(["m": module])
    for (saved, name) in [(older, "older"), (newer, "newer")] {
      let path = try Checkpoint(["m": saved]).write(to: directory.path(name))
      try checkpoint.restore(from: path).expectPartial()
    }
    let layers = (0..<3).map { _ in TestLayer() }
    module.properties = [("a", layers[0]), ("b", layers[1]), ("c", layers[2])]
    #expect(failure { try checkpoint.restoreDeferred() }?.code == .mismatch)
    #expect(layers[0].kernel.value.array.first == 0)
    #expect(layers[1].number == 1 && layers[2].number == 2)
  }

  @Test func `warns of a status that nobody looked at`() throws {
    let path = try written(3)
    let model = Classifier()
    let checkpoint = try Checkpoint(["model": model])
    let texts = try warnings(about: directory) { _ = try checkpoint.restore(from: path) }
    #expect(texts.count == 1)
    #expect(texts.first?.hasPrefix("\(path): 1 restored\n  8 wait for objects: ") == true)
    #expect(
      try warnings(about: directory) { try checkpoint.restore(from: path).expectPartial() } == [])
    let whole = try Checkpoint(["model": Classifier(isWhole: true)])
    #expect(try warnings(about: directory) { _ = try whole.restore(from: path) } == [])
  }

  @Test func `warns of saving objects that did not get their values`() throws {
    let path = try Checkpoint(["m": TestModule(["a": TestLayer(1)])]).write(to: directory.path("m"))
    let module = TestModule([:])
    let checkpoint = try Checkpoint(["m": module])
    try checkpoint.restore(from: path).expectPartial()
    #expect(try warnings(about: directory) { try checkpoint.write(to: directory.path("n")) } == [])
    module.properties = [("a", TestLayer())]
    let texts = try warnings(about: directory) { try checkpoint.write(to: directory.path("n")) }
    #expect(texts.count == 1)
    #expect(texts.first?.hasPrefix("'m/a' came after the restore of '\(path)'") == true)
  }

  // MARK: Life times

  @Test func `keeps no object alive`() throws {
    let path = try written(3)
    weak var seenModel: Classifier?
    weak var seenHead: TestLayer?
    weak var seenCheckpoint: Checkpoint?
    do {
      let model = Classifier()
      let checkpoint = try Checkpoint(["model": model])
      let status = try checkpoint.restore(from: path)
      model.head = TestLayer()
      (seenModel, seenHead, seenCheckpoint) = (model, model.head, checkpoint)
      #expect(model.head?.number == 3)
      model.head = nil
      #expect(seenHead == nil)
      status.expectPartial()
    }
    #expect(seenModel == nil && seenCheckpoint == nil)
  }

  @Test func `gives no values to objects that took the memory of others`() throws {
    let path = try written(3)
    for _ in 0..<50 {
      try Checkpoint(["model": Classifier()]).restore(from: path).expectPartial()
      let other = Classifier()
      other.head = TestLayer()
      #expect(other.head?.number == 0)
    }
  }
}
