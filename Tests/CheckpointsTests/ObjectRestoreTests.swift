import CheckpointTensors
import CheckpointStore
import CheckpointPlans
import CheckpointIO
import CheckpointGraph
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that objects are restored whole or not at all, and that what was left out is said.
@Suite struct ObjectRestoreTests {
  let directory: TemporaryDirectory
  var path: String { directory.path("ckpt") }

  init() throws { directory = try TemporaryDirectory() }

  /// Writes objects.
  private func written(_ objects: KeyValuePairs<String, any Checkpointable>) throws -> String {
    try Checkpoint(objects).write(to: path)
  }

  private func failure(_ body: () throws -> Void) -> CheckpointError? {
    #expect(throws: CheckpointError.self) { try body() }
  }

  // MARK: Strictness

  @Test func `restores everything, and says so`() throws {
    let path = try written(["model": TestLayer(3), "step": Variable<Int64>(7)])
    let (model, step) = (TestLayer(), Variable<Int64>(0))
    let status = try Checkpoint(["model": model, "step": step]).restore(from: path)
    #expect(model.number == 3)
    #expect(step.value[] == 7)
    #expect(status.path == path)
    #expect(status.restored == ["step", "model/kernel", "model/bias"])
    #expect(status.description == "\(path): 3 restored")
    #expect(status.missing + status.unused + status.deferred + status.conflicting == [])
    try status.assertConsumed().assertExistingObjectsMatched().assertNontrivialMatch()
  }

  @Test func `changes nothing if a variable gets no value, and names all with near misses`() throws
  {
    let path = try written(["model": TestLayer(3), "old_name": TestLayer(4)])
    let (model, renamed) = (TestLayer(), TestLayer())
    let extra = Variable(1.0)
    let error = failure {
      try Checkpoint(["model": model, "new_name": renamed, "extra": extra]).restore(from: path)
        .expectPartial()
    }
    #expect(error?.code == .notFound)
    #expect(error?.message == "3 of 5 variables cannot be restored; nothing has been changed")
    #expect(error?.problems.map(\.key) == ["extra", "new_name/kernel", "new_name/bias"])
    #expect(error?.problems[1].message.contains("old_name/kernel") == true)
    #expect(model.number == 0)
    #expect(extra.value[] == 1)
  }

  @Test func `checks dtypes and shapes of everything before anything changes`() throws {
    let path = try written(["a": Variable<Float>([1, 2]), "b": Variable<Int32>(1)])
    let (a, b) = (Variable<Float>([0, 0, 0]), Variable<Int64>(0))
    let error = failure {
      try Checkpoint(["a": a, "b": b]).restore(from: path).expectPartial()
    }
    #expect(error?.code == .mismatch)
    #expect(error?.problems.count == 2)
    #expect(error?.problems.first?.message == "the checkpoint has shape [2], the variable [3]")
    #expect(a.value.array == [0, 0, 0])
  }

  @Test func `takes what is there if that is asked for, but not what does not fit`() throws {
    let path = try written(["a": Variable<Float>([1, 2]), "b": Variable<Float>(5)])
    let (a, extra) = (Variable<Float>([0, 0]), Variable<Float>(9))
    let status = try Checkpoint(["a": a, "extra": extra]).restore(
      from: path, options: .init(.partial))
    #expect(a.value.array == [1, 2])
    #expect(extra.value[] == 9)
    #expect(status.missing == ["extra"])
    #expect(status.deferred == ["b"])
    let wrong = Variable<Float>([0, 0, 0])
    let error = failure {
      try Checkpoint(["a": wrong]).restore(from: path, options: .init(.partial)).expectPartial()
    }
    #expect(error?.code == .mismatch)
  }

  @Test func `leaves out what does not fit if that is asked for`() throws {
    let path = try written(["a": Variable<Float>([1, 2]), "b": Variable<Float>(5)])
    let (a, b) = (Variable<Float>([0, 0, 0]), Variable<Float>(0))
    let status = try Checkpoint(["a": a, "b": b]).restore(from: path, options: .init(.matching))
    #expect(a.value.array == [0, 0, 0])
    #expect(b.value[] == 5)
    #expect(status.missing == ["a"])
    #expect(status.restored == ["b"])
    #expect(failure { try status.assertExistingObjectsMatched() }?.key == "a")
    #expect(failure { try status.assertConsumed() } != nil)
  }

  @Test func `reshapes only if that is asked for`() throws {
    let path = try written(["a": Variable<Float>([1, 2, 3, 4])])
    let a = Variable<Float>(repeating: 0, shape: [2, 2])
    let checkpoint = try Checkpoint(["a": a])
    let error = failure { try checkpoint.restore(from: path).expectPartial() }
    #expect(error?.message.contains("allowsReshape") == true)
    try checkpoint.restore(from: path, options: .init(allowsReshape: true)).assertConsumed()
    #expect(a.value == Tensor(shape: [2, 2], scalars: [1, 2, 3, 4]))
  }

  @Test(arguments: [RestoreOptions.Placement.transactional, .replacing, .inPlace, .mapped()])
  func `restores the same values wherever they are put`(placement: RestoreOptions.Placement) throws
  {
    let path = try written(["model": TestLayer(3), "text": Variable("x")])
    let (model, text) = (TestLayer(), Variable(""))
    try Checkpoint(["model": model, "text": text]).restore(
      from: path, options: .init(placement: placement)
    )
    .assertConsumed()
    #expect(model.number == 3)
    #expect(text.value[] == "x")
  }

  @Test func `changes nothing if a tensor turns out to be damaged`() throws {
    let path = try written(["a": Variable<Float>([1, 2]), "b": Variable<Float>([3, 4])])
    var bytes = try directory.bytes("ckpt.data-00000-of-00001")
    bytes[8] ^= 1  // in the second variable
    try directory.write(bytes, to: "ckpt.data-00000-of-00001")
    let (a, b) = (Variable<Float>([0, 0]), Variable<Float>([0, 0]))
    let error = failure {
      try Checkpoint(["a": a, "b": b]).restore(from: path).expectPartial()
    }
    #expect(error?.code == .corrupt)
    #expect(a.value.array == [0, 0])
  }

  @Test func `says where there is no checkpoint`() {
    let error = failure {
      try Checkpoint(["a": Variable<Float>(0)]).restore(from: directory.path("none"))
        .expectPartial()
    }
    #expect(error?.code == .notACheckpoint)
  }

  // MARK: Status

  @Test func `restores nothing from nothing, and every assertion fails`() throws {
    let status = try Checkpoint(["a": TestLayer()]).restore(from: nil)
    #expect(status.path == nil)
    #expect(status.description == "there was no checkpoint to restore from")
    #expect(failure { try status.assertConsumed() }?.code == .notFound)
    #expect(failure { try status.assertExistingObjectsMatched() }?.code == .notFound)
    #expect(failure { try status.assertNontrivialMatch() }?.code == .notFound)
    #expect(status.expectPartial().restored == [])
  }

  @Test func `says what waits and what nobody takes`() throws {
    let path = try written(["model": TestLayer(3), "other": TestLayer(4)])
    let model = TestModule(["kernel": Variable<Float>(repeating: 0, shape: [2, 3])])
    let status = try Checkpoint(["model": model]).restore(from: path)
    #expect(status.deferred == ["model/bias", "other/kernel", "other/bias"])
    #expect(status.unused == [])
    try status.assertExistingObjectsMatched().assertNontrivialMatch()
    let error = failure { try status.assertConsumed() }
    #expect(error?.code == .notFound)
    #expect(error?.message == "the checkpoint and the program differ in 3 places")
    #expect(
      status.description
        == "\(path): 1 restored\n  3 wait for objects: 'model/bias', 'other/kernel', 'other/bias'")
  }

  @Test func `calls a value unused that its object cannot take`() throws {
    let path = try written(["a": Variable<Float>(1), "b": Variable<Float>(2)])
    let b = Variable<Float>(0)
    let status = try Checkpoint(["a": TestModule([:]), "b": b]).restore(from: path)
    #expect(status.unused == ["a"])
    #expect(failure { try status.assertConsumed() }?.key == "a")
  }

  @Test func `finds a match trivial if only the counter has it`() throws {
    let path = try Checkpoint(["a": Variable<Float>(1)]).save(to: path)
    let status = try Checkpoint(["b": TestModule([:])]).restore(from: path)
    #expect(status.restored == ["save_counter"])
    #expect(failure { try status.assertNontrivialMatch() }?.code == .notFound)
  }

  @Test func `reports two saved nodes for one object, of which the first counts`() throws {
    let path = try written(["a": Variable<Float>(1), "b": Variable<Float>(2)])
    let shared = Variable<Float>(0)
    let status = try Checkpoint(["a": shared, "b": shared]).restore(from: path)
    #expect(shared.value[] == 1)
    #expect(status.conflicting == ["b"])
    #expect(status.unused == ["b"])
    let error = failure { try status.assertConsumed() }  // TensorFlow's passes
    #expect(error != nil)
    try status.assertExistingObjectsMatched()
  }

  @Test func `takes two saved nodes with equal values for one object in no conflict`() throws {
    let (a, b, optimizer) = (Variable<Float>(1), Variable<Float>(1), TestMomentum())
    (optimizer[a], optimizer[b]) = (5, 5)
    let path = try written(["a": a, "b": b, "optimizer": optimizer])
    for isThere in [false, true] {
      let (shared, restored) = (Variable<Float>(0), TestMomentum())
      if isThere { restored[shared] = 0 }
      let checkpoint = try Checkpoint(["a": shared, "b": shared, "optimizer": restored])
      let comparison = try checkpoint.compare(with: path)
      #expect(comparison.conflicting == [] && comparison.unused == [])
      let status = try checkpoint.restore(from: path)
      #expect((shared.scalar, restored[shared]) == (1, 5))
      #expect(status.conflicting == [])
      try status.assertConsumed()
    }
  }

  @Test func `restores the slot variables of two saved variables that are one now`() throws {
    let (a, b, optimizer) = (Variable<Float>(1), Variable<Float>(2), TestMomentum())
    (optimizer[a], optimizer[b]) = (5, 6)
    let path = try written(["a": a, "b": b, "optimizer": optimizer])
    for isThere in [false, true] {
      let (shared, restored) = (Variable<Float>(0), TestMomentum())
      if isThere { restored[shared] = 0 }
      let checkpoint = try Checkpoint(["a": shared, "b": shared, "optimizer": restored])
      let status = try checkpoint.restore(from: path)
      #expect((shared.scalar, restored[shared]) == (1, 5))
      #expect(status.conflicting == ["b", "b/.OPTIMIZER_SLOT/optimizer/momentum"])
      try checkpoint.restoreDeferred()
      #expect(status.conflicting.count == 2)
      #expect(status.deferred == [])
    }
  }

  @Test func `restores the children of two saved objects that are one now`() throws {
    let path = try written([
      "a": TestModule(["x": Variable<Float>(1)]), "b": TestModule(["y": [Variable<Float>(2)]]),
      "c": Variable<Float>(3),
    ])
    let (x, y) = (Variable<Float>(0), Variable<Float>(0))
    let one = TestModule(["x": x, "y": [y]])
    let status = try Checkpoint(["a": one, "b": one, "c": one]).restore(from: path)
    #expect((x.scalar, y.scalar) == (1, 2))
    #expect(status.conflicting == [] && status.unused == ["c"])
    try status.assertExistingObjectsMatched()
  }

  @Test func `warns once of a checkpoint without a value`() throws {
    let empty = try Checkpoint(["nothing to save": TestModule(["number": 1])])
    let full = try Checkpoint(["something to save": TestModule(["w": Variable<Float>(1)])])
    let texts = try warnings(containing: " to save'") {
      for checkpoint in [empty, full] {
        try checkpoint.save(to: path)
        try checkpoint.write(to: path)
      }
    }
    #expect(
      texts == [
        "a checkpoint of 'nothing to save' is saved without a single value: nothing in it is a Variable, "
          + "or registered"
      ])
  }

  @Test func `refuses what is forgotten when the checkpoint is made, and when it comes later`()
    throws
  {
    let module = TestModule(["numbers": [1.5]])
    #expect(throws: CheckpointError.self) { try Checkpoint(["m": module]) }
    module.properties = [("w", Variable<Float>(1))]
    let checkpoint = try Checkpoint(["m": module])
    let path = try checkpoint.save(to: self.path)
    module.properties.append(("numbers", [1.5]))
    #expect(failure { try checkpoint.save(to: path) }?.key == "m/numbers")
    #expect(failure { try checkpoint.restore(from: path).expectPartial() }?.key == "m/numbers")
  }

  @Test func `refuses one saved node for two objects`() throws {
    let shared = Variable<Float>(1)
    let path = try written(["a": shared, "b": shared])
    let (a, b) = (Variable<Float>(0), Variable<Float>(0))
    let error = failure { try Checkpoint(["a": a, "b": b]).restore(from: path).expectPartial() }
    #expect(error?.key == "b")
    #expect(a.value[] == 0)
    let status = try Checkpoint(["a": a, "b": b]).restore(from: path, options: .init(.partial))
    #expect((a.value[], b.value[]) == (1, 0))
    #expect(status.conflicting == ["a"])
    #expect(failure { try status.assertExistingObjectsMatched() }?.key == "b")
  }

  @Test func `notices an object that came after the restore`() throws {
    let path = try written(["a": TestModule(["w": Variable<Float>(1)])])
    let a = TestModule(["w": Variable<Float>(0)])
    let status = try Checkpoint(["a": a]).restore(from: path)
    try status.assertConsumed()
    a.properties.append(("new", Variable<Float>(0)))
    #expect(failure { try status.assertExistingObjectsMatched() }?.key == "a/new")
    #expect(failure { try status.assertConsumed() }?.key == "a/new")
  }

  @Test func `does not take an object for restored that got the memory of one that was`() throws {
    let path = try written(["a": TestModule(["w": Variable<Float>(1)])])
    let a = TestModule(["w": Variable<Float>(0)])
    let status = try Checkpoint(["a": a]).restore(from: path)
    for _ in 0..<100 {
      a.properties = []
      a.properties = [("w", Variable<Float>(0))]
      #expect(failure { try status.assertExistingObjectsMatched() }?.key == "a/w")
    }
  }

  // MARK: Counters

  @Test func `counts saves, and goes on counting after a restore`() throws {
    let checkpoint = try Checkpoint(["a": Variable<Float>(1)])
    #expect(try checkpoint.save(to: path) == "\(path)-1")
    #expect(try checkpoint.save(to: path) == "\(path)-2")
    let again = try Checkpoint(["a": Variable<Float>(0)])
    try again.restore(from: "\(path)-2").assertConsumed()
    #expect(again.saveCounter.value[] == 2)
    #expect(try again.save(to: path) == "\(path)-3")
  }

  @Test func `neither needs nor minds the counter`() throws {
    let (written, saved) = (directory.path("written"), directory.path("saved"))
    try Checkpoint(["a": Variable<Float>(1)]).write(to: written)
    try Checkpoint(["a": Variable<Float>(2)]).save(to: saved)
    #expect(try ObjectGraph(at: written).node(at: "save_counter") == nil)
    for (path, value) in [(written, 1), (saved + "-1", 2)] as [(String, Float)] {
      let a = Variable<Float>(0)
      try Checkpoint(["a": a]).restore(from: path).assertConsumed()
      try Checkpoint(["a": a]).read(from: path).assertConsumed()
      #expect(a.value[] == value)
    }
    let reading = try Checkpoint(["a": Variable<Float>(0)])
    try reading.read(from: saved + "-1").assertConsumed()
    #expect(reading.saveCounter.value[] == 0)
  }

  @Test func `uses the root's own counter`() throws {
    let counter = Variable<Int64>(7)
    let checkpoint = try Checkpoint(TestModule(["save_counter": counter]))
    #expect(try checkpoint.save(to: path) == "\(path)-8")
    #expect(counter.value[] == 8)
    let error = failure { _ = try Checkpoint(["save_counter": TestLayer()]) }
    #expect(error?.code == .mismatch)
  }

  @Test func `uses up the number of a save that failed`() throws {
    let checkpoint = try Checkpoint(["a": Variable<Float>(1)])
    try directory.write([], to: "file")
    #expect(failure { try checkpoint.save(to: directory.path("file/ckpt")) }?.code == .io)
    #expect(try checkpoint.save(to: path) == "\(path)-2")
  }

  @Test(arguments: [false, true])
  func `says what is saved if the state file cannot be written`(isOneOfSeveral: Bool) throws {
    var options = SaveOptions()
    if isOneOfSeveral { options.processes = try LaunchedProcesses(rank: 0, count: 1) }
    options.fileSystem = InterceptingFileSystem { _, call throws(CheckpointError) in
      guard call.kind == .rename, Path(call.path).name == "checkpoint" else { return }
      throw .system("injected failure", errno: ENOSPC, file: call.path)
    }
    let checkpoint = try Checkpoint(["a": Variable<Float>(3)], options: options)
    let error = failure { try checkpoint.save(to: path) }
    #expect(error?.code == .io && error?.systemError == ENOSPC)
    #expect(error?.file == directory.path("checkpoint"))
    #expect(error?.message.hasSuffix("; the checkpoint '\(path)-1' itself is saved") == true)
    let a = Variable<Float>(0)
    try Checkpoint(["a": a]).restore(from: "\(path)-1").expectPartial()
    #expect(a.value.scalar == 3)
  }

  @Test func `does not trap on the largest counter`() throws {
    let checkpoint = try Checkpoint(["a": Variable<Float>(1)])
    checkpoint.saveCounter.value[] = .max
    #expect(failure { try checkpoint.save(to: path) }?.code == .limitExceeded)
    #expect(checkpoint.saveCounter.value[] == .max)
  }

  @Test func `creates directories, and leaves a state file only when saving`() throws {
    let checkpoint = try Checkpoint(["a": Variable<Float>(1)])
    try checkpoint.write(to: directory.path("x/y/written"))
    #expect(!directory.names.contains("x/y/checkpoint"))
    let saved = try checkpoint.save(to: directory.path("z/ckpt"))
    #expect(try CheckpointDirectory(directory.path("z")).latest() == saved)
  }

  // MARK: Roots

  @Test func `refuses two names for different objects, and another object under a root's name`()
    throws
  {
    let layer = TestLayer()
    #expect(failure { _ = try Checkpoint(["a": layer, "a": TestLayer()]) }?.code == .duplicateName)
    #expect(failure { _ = try Checkpoint(layer, ["kernel": TestLayer()]) }?.code == .duplicateName)
    _ = try Checkpoint(layer, ["kernel": layer.kernel])
  }

  @Test func `restores objects under a root into the root alone`() throws {
    let root = TestLayer(5)
    try Checkpoint(root, ["step": Variable<Int64>(3)]).write(to: path)
    let fresh = TestLayer()
    let status = try Checkpoint(fresh).read(from: path)
    #expect(fresh.number == 5)
    #expect(status.deferred == ["step"])
  }

  // MARK: Subtrees and comparing

  @Test func `restores one saved object into the root`() throws {
    let saved = TestModule(["encoder": TestLayer(1), "decoder": TestLayer(2)])
    let path = try written(["model": saved, "step": Variable<Int64>(3)])
    let encoder = TestLayer()
    let status = try Checkpoint(encoder).restore(from: path, at: "model/encoder")
    try status.assertConsumed()
    #expect(encoder.number == 1)
    #expect(status.restored == ["model/encoder/kernel", "model/encoder/bias"])
    let error = failure {
      try Checkpoint(encoder).restore(from: path, at: "model/encodr").expectPartial()
    }
    #expect(error?.code == .notFound)
    #expect(error?.message == "there is no object at 'model/encodr'; the root has 'model', 'step'")
  }

  @Test func `restores one saved object under a name`() throws {
    let path = try written(["model": TestModule(["encoder": TestLayer(1), "w": TestLayer(2)])])
    let encoder = TestLayer()
    try Checkpoint(["encoder": encoder]).restore(from: path, at: "model").expectPartial()
    #expect(encoder.number == 1)
  }

  @Test func `counts the slot variables within a subtree`() throws {
    let (layer, optimizer) = (TestLayer(1), TestMomentum())
    optimizer[layer.kernel] = 5
    let path = try written(["t": TestModule(["m": layer, "o": optimizer]), "x": TestLayer(2)])
    let fresh = TestLayer()
    let status = try Checkpoint(["m": fresh]).restore(from: path, at: "t")
    #expect(status.deferred == ["t/m/kernel/.OPTIMIZER_SLOT/t/o/momentum"])
    #expect(failure { try status.assertConsumed() } != nil)
  }

  @Test func `compares without restoring`() throws {
    let path = try written([
      "a": Variable<Float>([1, 2]), "b": Variable<Float>(5), "old": Variable<Float>(6),
    ])
    let (a, b) = (Variable<Float>([0, 0, 0]), Variable<Float>(0))
    let checkpoint = try Checkpoint(["a": a, "b": b, "new": Variable<Float>(0)])
    let comparison = try checkpoint.compare(with: path)
    #expect(comparison.restored == ["b/.ATTRIBUTES/VARIABLE_VALUE"])
    #expect(comparison.mismatched.map(\.code) == [.mismatch])
    #expect(comparison.missing == ["new"])
    #expect(comparison.unused == ["old"])
    #expect(!comparison.isComplete)
    #expect(b.value[] == 0)
    let same = try Checkpoint(["a": Variable<Float>([0, 0])]).compare(with: path, at: "")
    #expect(same.conflicting == [] && same.unused == ["b", "old"])
  }

  // MARK: States

  private struct Position: Codable, Equatable {
    var epoch = 0
    var seeds: [Int] = []
    var name: String?
  }

  @Test func `restores values of the run`() throws {
    let path = try written(["p": RunState(Position(epoch: 3, seeds: [1, 2], name: "a/b"))])
    let position = RunState(Position())
    try Checkpoint(["p": position]).restore(from: path).assertConsumed()
    #expect(position.value == Position(epoch: 3, seeds: [1, 2], name: "a/b"))
  }

  @Test func `leaves a state alone that the stored one does not fit`() throws {
    let path = try written(["p": RunState("text"), "w": Variable<Float>(1)])
    let (position, w) = (RunState(Position(epoch: 5)), Variable<Float>(0))
    let error = failure {
      try Checkpoint(["p": position, "w": w]).restore(from: path).expectPartial()
    }
    #expect(error?.code == .mismatch)
    #expect(position.value.epoch == 5)
    #expect(w.value[] == 0)
  }

  @Test func `does not take a variable for a state, nor the reverse`() throws {
    let path = try written(["a": Variable("{}"), "b": RunState(1)])
    let (a, b) = (RunState(Position()), Variable(""))
    let error = failure { try Checkpoint(["a": a, "b": b]).restore(from: path).expectPartial() }
    #expect(error?.problems.map(\.key) == ["a", "b"])
  }

  private final class Run: Checkpointable {
    var epoch = 1
    var position = Position()
    func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.variable("epoch", of: self, \.epochNumber)
      registrar.state("position", of: self, \.position)
    }
    var epochNumber: Int64 {
      get { Int64(epoch) }
      set { epoch = Int(newValue) }
    }
  }

  @Test func `restores registered properties`() throws {
    let run = Run()
    (run.epoch, run.position.epoch) = (4, 5)
    let path = try written(["run": run])
    let fresh = Run()
    try Checkpoint(["run": fresh]).restore(from: path).assertConsumed()
    #expect((fresh.epoch, fresh.position.epoch) == (4, 5))
  }

  @Test(.timeLimit(.minutes(20))) func `restores a chain of 10,000 objects`() throws {
    func chain(_ end: Variable<Float>) -> [TestModule] {
      var nodes = [TestModule(["w": end])]
      for _ in 0..<10_000 { nodes.append(TestModule(["n": nodes[nodes.count - 1]])) }
      return nodes
    }
    let saved = chain(Variable(1))
    let path = try written(["m": saved[saved.count - 1]])
    let end = Variable<Float>(0)
    let fresh = chain(end)
    try Checkpoint(["m": fresh[fresh.count - 1]]).restore(from: path).assertConsumed()
    #expect(end.value[] == 1)
    for node in saved + fresh { node.properties = [] }  // not all at once: the stack is too short
  }
}
