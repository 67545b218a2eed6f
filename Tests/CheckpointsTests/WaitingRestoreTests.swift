import CheckpointTensors
import CheckpointSafetensors
import CheckpointPlans
import CheckpointMapping
import CheckpointGraph
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that what waits for objects to come costs nothing that grows: no file is open after a
/// restore, and what nobody waits for any more is forgotten.
@Suite(.serialized) struct WaitingRestoreTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private final class Model: Checkpointable {
    let w: Variable<Float>
    @Dependency var head: TestLayer?
    @Dependency var tail: TestLayer?

    init(_ start: Float = 0, isWhole: Bool = false) {
      w = Variable(start)
      guard isWhole else { return }
      (head, tail) = (TestLayer(start), TestLayer(start))
    }
  }

  private func written(_ start: Float, _ name: String = "ckpt") throws -> String {
    try Checkpoint(["model": Model(start, isWhole: true)]).write(to: directory.path(name))
  }

  /// The files below the directory that this process has open.
  private var openFiles: [String] {
    let descriptors = "/proc/self/fd"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: descriptors)) ?? []
    return names.compactMap { name in
      try? FileManager.default.destinationOfSymbolicLink(atPath: "\(descriptors)/\(name)")
    }.filter { $0.hasPrefix(directory.path + "/") }
  }

  /// The checkpoints below the directory that something waits for.
  private var waiting: [String] {
    DeferredRestores.paths.filter { $0.hasPrefix(directory.path + "/") }
  }

  private func failure(_ body: () throws -> Void) -> CheckpointError? {
    #expect(throws: CheckpointError.self) { try body() }
  }

  // MARK: Files

  static let placements: [RestoreOptions.Placement] = [
    .transactional, .replacing, .inPlace, .mapped(), .mapped(isChecked: false),
  ]

  @Test(arguments: placements)
  func `leaves no file open, whatever waits`(placement: RestoreOptions.Placement) throws {
    let path = try written(3)
    let model = Model()
    let options = RestoreOptions(placement: placement)
    let status = try Checkpoint(["model": model]).restore(from: path, options: options)
    #expect(openFiles == [])
    model.head = TestLayer()
    #expect(openFiles == [])
    #expect(model.head?.number == 3)
    status.expectPartial()
    model.tail = TestLayer()
    #expect(model.tail?.number == 3)
    try status.assertConsumed()
    #expect(openFiles == [])
  }

  @Test(arguments: ["v1", "v2", "safetensors"])
  func `leaves no file of a checkpoint without objects open`(format: String) throws {
    let path = directory.path("names")
    let names: KeyValuePairs<String, any TensorVariable> = [
      "model/w": Variable<Float>(3), "late": Variable<Float>(4),
    ]
    if format == "safetensors" {
      var writer = try SafetensorsWriter(path)
      for (name, variable) in names { try writer.add(variable, for: TensorKey(name)) }
      try writer.finish()
    } else {
      var options = SaveOptions()
      options.format = format == "v1" ? .v1 : .v2
      try Saver(names, options: options).save(to: path)
    }
    let model = Model()
    let checkpoint = try Checkpoint(["model": model])
    let mapping = KeyMapping.names(["late": "other/late"])
    let status = try checkpoint.restore(from: path, mapping: mapping)
    #expect(model.w.scalar == 3)
    #expect(openFiles == [])
    let late = Variable<Float>(0, name: "other/late")
    try checkpoint.track(late, as: "anything")
    #expect(late.scalar == 4)
    #expect(openFiles == [])
    status.expectPartial()
  }

  @Test func `leaves no file open for a report, which reads the list when it is asked`() throws {
    let w = Variable<Float>(0)
    let all: KeyValuePairs<String, any TensorVariable> = ["w": Variable<Float>(3), "v": w]
    let path = try Saver(all).save(to: directory.path("names"))
    let report = try Saver(["w": w]).restore(from: path)
    #expect(openFiles == [])
    #expect(try report.unused() == ["v"])
  }

  @Test func `leaves no file open after 300 partial restores`() throws {
    let path = try written(3)
    let model = Model()
    let checkpoint = try Checkpoint(["model": model])
    for _ in 0..<300 { try checkpoint.read(from: path).expectPartial() }
    #expect(openFiles == [])
    for _ in 0..<20 {
      try Checkpoint(["model": model]).restore(from: path).expectPartial()
      #expect(openFiles == [])
    }
  }

  // MARK: A checkpoint that is gone

  @Test func `says that a checkpoint was deleted before an object was created`() throws {
    let whole = Model(3, isWhole: true)
    let run = directory.path("run")
    let keepsOne = RetentionPolicy.latest(1)
    try CheckpointManager(Checkpoint(["model": whole]), directory: run, retention: keepsOne).save()
    let model = Model()
    let checkpoint = try Checkpoint(["model": model])
    let manager = try CheckpointManager(checkpoint, directory: run, retention: .latest(1))
    let status = try checkpoint.restore(from: "\(run)/ckpt-1")
    #expect(model.w.scalar == 3)
    try manager.save()
    try manager.save()
    let texts = warnings(about: directory) { model.head = TestLayer() }
    #expect(texts.count == 1)
    let text = "\(run)/ckpt-1: this checkpoint was deleted before 'model/head' was created"
    #expect(texts.first?.hasPrefix(text) == true, "\(texts)")
    #expect(model.head?.number == 0)
    #expect(status.failures.map(\.code) == [.notFound])
    #expect("\(status)".contains(text))
    #expect(failure { try status.assertConsumed() } != nil)
    #expect(try warnings(about: directory) { try checkpoint.restoreDeferred() } == [])
    #expect(try warnings(about: directory) { try manager.save() } == [], "it was said")
  }

  @Test(arguments: placements)
  func `says that a checkpoint was replaced before an object was created`(
    placement: RestoreOptions.Placement
  ) throws {
    let path = try written(3)
    let model = Model()
    let checkpoint = try Checkpoint(["model": model])
    let status = try checkpoint.restore(from: path, options: RestoreOptions(placement: placement))
    _ = try written(4)
    _ = try written(5)  // the file system may give the first one's number to this one
    let text = "\(path): this checkpoint was replaced before 'model/head' was created"
    #expect(warnings(about: directory) { model.head = TestLayer() }.first?.hasPrefix(text) == true)
    #expect(model.head?.number == 0)
    #expect(status.failures.count == 1)
    try checkpoint.restore(from: path).expectPartial()
    #expect(model.head?.number == 5)
    #expect(model.tail == nil)
    model.tail = TestLayer()
    #expect(model.tail?.number == 5)
  }

  @Test func `says so of a plain property when it is saved, or asked for`() throws {
    let path = try Checkpoint(["m": TestModule(["a": TestLayer(1), "b": TestLayer(1)])])
      .write(to: directory.path("m"))
    let module = TestModule([:])
    let checkpoint = try Checkpoint(["m": module])
    let status = try checkpoint.restore(from: path)
    for name in ["m.index", "m.data-00000-of-00001"] {
      try FileManager.default.removeItem(atPath: directory.path(name))
    }
    module.properties = [("a", TestLayer())]
    let texts = try warnings(about: directory) { try checkpoint.write(to: directory.path("n")) }
    #expect(texts.first?.hasPrefix("\(path): this checkpoint was deleted before 'm/a'") == true)
    #expect(status.failures.count == 1)
    try checkpoint.restoreDeferred()
    module.properties.append(("b", TestLayer()))
    let error = failure { try checkpoint.restoreDeferred() }
    #expect(error?.description.contains("was deleted before 'm/b' was created") == true)
    #expect(status.failures.count == 2)
  }

  @Test func `restores from a checkpoint that was away for a while`() throws {
    let path = try written(3)
    let model = Model()
    let status = try Checkpoint(["model": model]).restore(from: path)
    for suffix in [".index", ".data-00000-of-00001"] {
      try FileManager.default.moveItem(atPath: path + suffix, toPath: path + "-away" + suffix)
    }
    #expect(warnings(about: directory) { model.head = TestLayer() }.count == 1)
    for suffix in [".index", ".data-00000-of-00001"] {
      try FileManager.default.moveItem(atPath: path + "-away" + suffix, toPath: path + suffix)
    }
    model.tail = TestLayer()
    #expect(model.tail?.number == 3)
    #expect(model.head?.number == 3, "it waits as well")
    try status.assertExistingObjectsMatched()
  }

  // MARK: What is forgotten

  @Test func `forgets what is finished wherever it stands`() throws {
    let (first, second) = (try written(1, "first"), try written(2, "second"))
    let model = Model()
    let status = try Checkpoint(["model": model]).restore(from: first)
    #expect(waiting == [first])
    for _ in 0..<10 {
      try Checkpoint(["model": Model(isWhole: true)]).restore(from: second).assertConsumed()
    }
    #expect(waiting == [first], "complete restores are not kept because of an older one")
    var others: [Model] = []
    for _ in 0..<3 {
      others.append(Model())
      try Checkpoint(["model": others[others.count - 1]]).restore(from: second).expectPartial()
    }
    #expect(waiting.count == 4)
    others.remove(at: 1)
    #expect(waiting.count == 3, "its objects are gone")
    others[0].head = TestLayer()
    others[0].tail = TestLayer()
    #expect(others[0].tail?.number == 2)
    #expect(waiting == [first, second])
    model.head = TestLayer()
    model.tail = TestLayer()
    #expect(waiting == [second])
    try status.assertConsumed()
    others = []
    #expect(waiting == [])
  }

  @Test(.timeLimit(.minutes(30)))
  func `keeps one of thousands of partial restores in a loop`() throws {
    let path = try written(3)
    let model = Model()
    let checkpoint = try Checkpoint(["model": model])
    for _ in 0..<TestCases.count(9_000, sample: 1_000) {
      try checkpoint.read(from: path).expectPartial()
    }
    #expect(waiting.count == 1)
    // Another checkpoint object each time, and other files of the same structure.
    let other = try written(4, "other")
    for count in 0..<TestCases.count(1_000, sample: 200) {
      try Checkpoint(["model": model]).read(from: count % 2 == 0 ? path : other).expectPartial()
    }
    #expect(waiting == [other])
    model.head = TestLayer()
    #expect(model.head?.number == 4)
  }

  @Test func `keeps one of many partial restores by name`() throws {
    let names: KeyValuePairs<String, any TensorVariable> = [
      "model/w": Variable<Float>(3), "late": Variable<Float>(4),
    ]
    let path = try Saver(names).save(to: directory.path("names"))
    let checkpoint = try Checkpoint(["model": Model()])
    for _ in 0..<50 { try checkpoint.read(from: path).expectPartial() }
    #expect(waiting.count == 1)
    let late = Variable<Float>(0, name: "late")
    try checkpoint.track(late, as: "late")
    #expect(late.scalar == 4)
    #expect(waiting == [])
  }

  @Test func `keeps one of many restores that wait for an optimizer`() throws {
    let (layer, optimizer) = (TestLayer(1), TestMomentum())
    (optimizer[layer.kernel], optimizer[layer.bias]) = (5, 6)
    let path = try Checkpoint(["model": layer, "optimizer": optimizer])
      .write(to: directory.path("trained"))
    let (fresh, momentum) = (TestLayer(), TestMomentum())
    let checkpoint = try Checkpoint(["model": fresh])
    for _ in 0..<50 { try checkpoint.read(from: path).expectPartial() }
    #expect(waiting.count == 1)
    try checkpoint.track(momentum, as: "optimizer")
    #expect((momentum[fresh.kernel], momentum[fresh.bias]) == (5, 6))
  }

  @Test func `keeps an older restore for what a newer one does not have`() throws {
    let older = try written(1, "older")
    let model = Model()
    let newer = try Checkpoint([
      "model": TestModule(["w": Variable<Float>(2), "head": TestLayer(2)])
    ])
    .write(to: directory.path("newer"))
    let checkpoint = try Checkpoint(["model": model])
    try checkpoint.read(from: older).expectPartial()
    for _ in 0..<3 { try checkpoint.read(from: newer).expectPartial() }
    #expect(waiting == [older, newer])
    (model.head, model.tail) = (TestLayer(), TestLayer())
    #expect(model.head?.number == 2)
    #expect(model.tail?.number == 1)
  }

  @Test func `tells the status of an older restore what a newer one has restored`() throws {
    let (older, newer) = (try written(1, "older"), try written(2, "newer"))
    let model = Model()
    let checkpoint = try Checkpoint(["model": model])
    let status = try checkpoint.restore(from: older)
    for _ in 0..<3 { try checkpoint.restore(from: newer).expectPartial() }
    #expect(waiting == [older, newer])
    #expect(status.deferred.count == 4)
    (model.head, model.tail) = (TestLayer(), TestLayer())
    #expect(model.head?.number == 2)
    try status.assertConsumed()
    model.head = TestLayer(7)
    #expect(model.head?.number == 7, "the newer restore has had its say")
  }

  @Test func `leaves alone what a restore that is forgotten has given its values`() throws {
    let (older, newer) = (try written(1, "older"), directory.path("newer"))
    let model = Model()
    let checkpoint = try Checkpoint(["model": model])
    try checkpoint.restore(from: older).expectPartial()
    let head = TestLayer(9)
    try Checkpoint(["layer": head]).write(to: newer)
    head.kernel.value = Tensor(repeating: 0, shape: [2, 3])
    try Checkpoint(["layer": head]).restore(from: newer).assertConsumed()
    #expect(waiting == [older])
    model.head = head
    #expect(head.number == 9)
    model.tail = TestLayer()
    #expect(model.tail?.number == 1)
  }

  // MARK: Threads

  @Test func `restores on several threads, each its own objects`() async throws {
    let path = try written(3)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<50).allSatisfy { _ in
            let model = Model()
            let checkpoint = try? Checkpoint(["model": model])
            _ = try? checkpoint?.restore(from: path).expectPartial()
            model.head = TestLayer()
            model.tail = TestLayer()
            return model.head?.number == 3 && model.tail?.number == 3
          }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
    #expect(waiting == [])
  }

  // MARK: Several checkpoints

  @Test func `names that wait are those of the checkpoint that restored them`() throws {
    let path = directory.path("names")
    try Saver(["w": Variable<Float>(1), "late": Variable<Float>(2)]).save(to: path)
    let mine = try Checkpoint(["w": Variable<Float>(0)])
    let status = try mine.read(from: path)
    let (stranger, late) = (Variable<Float>(9), Variable<Float>(0))
    let other = try Checkpoint(["late": stranger])
    try other.restoreDeferred()
    try other.track(Variable<Float>(9), as: "w")
    try other.write(to: directory.path("other"))
    #expect(stranger.scalar == 9, "it is another checkpoint's")
    try mine.track(late, as: "late")
    #expect(late.scalar == 2)
    try status.assertConsumed()
  }

  @Test func `an assignment finds its restore whatever else waits`() throws {
    let model = Model()
    try Checkpoint(["model": model]).restore(from: written(4)).expectPartial()
    let path = directory.path("names")
    try Saver(["w": Variable<Float>(1), "late": Variable<Float>(2)]).save(to: path)
    let other = try Checkpoint(["w": Variable<Float>(0)])
    try other.read(from: path).expectPartial()
    model.head = TestLayer()
    #expect(model.head?.number == 4)
  }

  /// State whose restoring creates the object that waits beside it.
  private final class Maker: StateRepresentable {
    weak var model: Growing?
    func stateBytes() -> [UInt8] { [1] }
    func restoreState(_ bytes: [UInt8]) { model?.head = TestLayer() }
  }

  private final class Growing: Checkpointable {
    @Dependency var maker: Maker?
    @Dependency var head: TestLayer?
  }

  @Test func `what a restore creates while it restores has its values, too`() throws {
    let whole = Growing()
    (whole.maker, whole.head) = (Maker(), TestLayer(6))
    let path = try Checkpoint(["model": whole]).write(to: directory.path("ckpt"))
    let model = Growing()
    let status = try Checkpoint(["model": model]).read(from: path)
    let maker = Maker()
    maker.model = model
    model.maker = maker
    #expect(model.head?.number == 6)
    try status.assertConsumed()
    model.head?.kernel.value = Tensor(repeating: 0, shape: [2, 3])
    model.maker = maker
    #expect(model.head?.kernel.value.array == [0, 0, 0, 0, 0, 0], "it is not restored again")
  }

  @Test func `a further name, or a touch, makes no other checkpoint of it`() throws {
    let path = try written(3)
    let model = Model()
    let status = try Checkpoint(["model": model]).restore(from: path)
    for file in [".index", ".data-00000-of-00001"] {
      try FileManager.default.linkItem(atPath: path + file, toPath: path + file + ".backup")
    }
    model.head = TestLayer()
    #expect(model.head?.number == 3)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path + ".index")
    model.tail = TestLayer()
    #expect(model.tail?.number == 3)
    try status.assertConsumed()
  }

  // MARK: Two threads

  /// State that stays in the middle of being restored until it may go on.
  private final class SlowState: StateRepresentable {
    let hasBegun = DispatchSemaphore(value: 0)
    let mayEnd = DispatchSemaphore(value: 0)

    func stateBytes() -> [UInt8] { [7] }
    func restoreState(_ bytes: [UInt8]) {
      hasBegun.signal()
      mayEnd.wait()
    }
  }

  private final class SlowModel: Checkpointable {
    @NoDependency var isWhole: Bool
    let state = SlowState()
    init(isWhole: Bool) { self.isWhole = isWhole }

    func registerDependencies(in registrar: inout DependencyRegistrar) {
      if isWhole { registrar.track(state, as: "state") }
    }
  }

  @Test func `says so when another thread restores the same objects`() throws {
    let path = directory.path("slow")
    try Checkpoint(["model": SlowModel(isWhole: true)]).write(to: path)
    let model = SlowModel(isWhole: false)
    let checkpoint = try Checkpoint(["model": model])
    let status = try checkpoint.read(from: path)
    #expect(status.deferred == ["model/state"])
    model.isWhole = true
    // Swift Testing's own threads are not to wait.
    nonisolated(unsafe) let other = checkpoint
    let thread = Thread { try? unsafe other.restoreDeferred() }
    thread.start()
    model.state.hasBegun.wait()
    let error = failure { try checkpoint.restoreDeferred() }
    #expect(error?.code == .busy)
    model.state.mayEnd.signal()
    while !status.deferred.isEmpty { Thread.sleep(forTimeInterval: 0.001) }
    try status.assertConsumed()
    try checkpoint.restoreDeferred()
  }
}
