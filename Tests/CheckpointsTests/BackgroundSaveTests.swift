import CheckpointPlans
import CheckpointStore
import CheckpointBundle
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Synchronization
import Testing

/// Proves that a save in the background holds the values of the moment of its call, that one is under
/// way at a time, and that nothing that goes wrong there is lost.
@Suite(.timeLimit(.minutes(20))) struct BackgroundSaveTests {
  let system = MemoryFileSystem()
  let gate = Gate()

  // MARK: Values

  @Test func `holds the values of the moment of the call, whatever changes meanwhile`() throws {
    var options = SaveOptions()
    options.fileSystem = gate.fileSystem(over: system, at: .write, of: "ckpt-1.data")
    let variables = (0..<20).map { Variable<Float>(repeating: Float($0), shape: [100, 7]) }
    let strings = Variable<String>(["before"])
    let foreign = TensorBox(ForeignArray(values: [1, 2, 3]))
    let model = Model(variables, strings, foreign)
    let manager = try CheckpointManager(
      Checkpoint(["model": model], options: options), directory: "/run", retention: .all)
    let save = try #require(try manager.saveInBackground())
    gate.waitUntilReached()
    for variable in variables { variable.withMutableScalars { $0[3] = -1 } }
    variables[5].value = Tensor(repeating: 9, shape: [2])
    strings.value = Tensor(["after"])
    foreign.value.values.elements[0] = 100  // in place, seen by everybody who has it
    gate.open()
    #expect(try save.wait()?.path == "/run/ckpt-1")

    let reader = try BundleReader(prefix: "/run/ckpt-1", fileSystem: system)
    for index in variables.indices {
      let key = TensorKey("model/variables/\(index)/.ATTRIBUTES/VARIABLE_VALUE")
      let stored = try Tensor<Float>(reader.tensor(for: key))
      #expect(stored == Tensor(repeating: Float(index), shape: [100, 7]))
    }
    let text = try reader.tensor(for: "model/strings/.ATTRIBUTES/VARIABLE_VALUE")
    #expect(text.strings == [Array("before".utf8)])
    let other = try reader.tensor(for: "model/foreign/.ATTRIBUTES/VARIABLE_VALUE")
    #expect(try Tensor<Float>(other).array == [1, 2, 3])
    #expect(variables[0].value[0, 3] == -1)
  }

  @Test func `copies no tensor at the call, and only one that is written to`() throws {
    let run = try ManagerRun(gate.fileSystem(over: system, at: .write, of: "ckpt-1.data"))
    let storage = run.weights.value.tensorSnapshot().storage
    let save = try #require(try run.manager.saveInBackground())
    gate.waitUntilReached()
    #expect(run.weights.value.tensorSnapshot().storage === storage)
    run.weights.value[0] = 1
    #expect(run.weights.value.tensorSnapshot().storage !== storage)
    gate.open()
    try save.wait()
    #expect(try ManagerRun.value("/run/ckpt-1", system) == 0)
  }

  @Test func `saves a variable in parts, as it is at the call`() throws {
    let parts = (0..<2).map { Variable<Float>([Float($0), 7]) }
    let whole = try PartitionedVariable(parts, axis: 0, name: "table")
    let run = try ManagerRun(gate.fileSystem(over: system, at: .lock, of: "history"))
    try run.checkpoint.track(whole, as: "table")
    let save = try #require(try run.manager.saveInBackground())
    gate.waitUntilReached()
    parts[1].value = Tensor([-1, -1])
    gate.open()
    try save.wait()
    let reader = try BundleReader(prefix: "/run/ckpt-1", fileSystem: system)
    let key = TensorKey("table/.ATTRIBUTES/VARIABLE_VALUE")
    #expect(try reader.entry(for: key)?.slices.count == 2)
    #expect(try Tensor<Float>(reader.tensor(for: key)).array == [0, 7, 1, 7])
  }

  @Test func `saves the objects of the moment of the call, and the names they have`() throws {
    let layers = Layers()
    layers.list = [Variable<Float>([1], name: "first"), Variable<Float>([2])]
    let run = try ManagerRun(gate.fileSystem(over: system, at: .lock, of: "history"))
    try run.checkpoint.track(layers, as: "layers")
    let reference = MemoryFileSystem()
    let expected = try ManagerRun(reference)
    try expected.checkpoint.track(layers, as: "layers")
    try expected.manager.save()
    let save = try #require(try run.manager.saveInBackground())
    gate.waitUntilReached()
    layers.list = [Variable<Float>([3])]
    gate.open()
    try save.wait()
    for suffix in [".index", ".data-00000-of-00001"] {
      let path = "/run/ckpt-1" + suffix
      #expect(system.image.files[path] != nil)
      #expect(system.image.files[path] == reference.image.files[path])
    }
  }

  @Test func `lets the objects go, which the program may do without meanwhile`() throws {
    let run = try ManagerRun(gate.fileSystem(over: system, at: .lock, of: "history"))
    let layers = Layers()
    layers.list = [Variable<Float>([1])]
    weak let variable = layers.list.first
    try run.checkpoint.track(layers, as: "layers")
    let save = try #require(try run.manager.saveInBackground())
    gate.waitUntilReached()
    layers.list = []
    #expect(variable == nil)
    gate.open()
    try save.wait()
  }

  @Test func `lets go of each tensor once it is in the file, one by one`() throws {
    let variables = (0..<6).map { Variable<Float>(repeating: Float($0), shape: [100_000]) }
    let kept = KeptTensors(variables)
    let counts = Mutex<[Int]>([])
    let watched = InterceptingFileSystem(system) { _, call throws(CheckpointError) in
      guard call.kind == .write, Path(call.path).name.contains("ckpt-1.data") else { return }
      let count = kept.count
      counts.withLock { if $0.last != count { $0.append(count) } }
    }
    let run = try ManagerRun(gate.fileSystem(over: watched, at: .write, of: "ckpt-1.data"))
    for (index, variable) in variables.enumerated() {
      try run.checkpoint.track(variable, as: "v\(index)")
    }
    let save = try #require(try run.manager.saveInBackground())
    gate.waitUntilReached()
    for variable in variables { variable.value = Tensor(repeating: -1, shape: [1]) }
    gate.open()
    try save.wait()
    // While a tensor is written, those before it are gone.
    #expect(counts.withLock { $0 }.starts(with: [6, 5, 4, 3, 2, 1]))
    #expect(kept.count == 0)
  }

  @Test func `copies no tensor that is written to after it is in the file`() throws {
    let variables = (0..<2).map { Variable<Float>(repeating: Float($0), shape: [100_000]) }
    let run = try ManagerRun(gate.fileSystem(over: system, at: .sync, of: "ckpt-1.data"))
    for (index, variable) in variables.enumerated() {
      try run.checkpoint.track(variable, as: "v\(index)")
    }
    let before = variables.map(\.memory)
    let save = try #require(try run.manager.saveInBackground())
    gate.waitUntilReached()
    for variable in variables { variable.withMutableScalars { $0[0] = -1 } }
    #expect(variables.map(\.memory) == before)
    gate.open()
    try save.wait()
  }

  @Test func `keeps nothing of a save that has failed`() throws {
    let variables = (0..<3).map { Variable<Float>(repeating: Float($0), shape: [100_000]) }
    let kept = KeptTensors(variables)
    let broken = InterceptingFileSystem(gate.fileSystem(over: system, at: .lock, of: "history")) {
      _,
      call throws(CheckpointError) in
      guard call.kind == .write, Path(call.path).name.contains("ckpt-1.data") else { return }
      throw CheckpointError(.io, "the disk is full")
    }
    let run = try ManagerRun(broken)
    for (index, variable) in variables.enumerated() {
      try run.checkpoint.track(variable, as: "v\(index)")
    }
    let save = try #require(try run.manager.saveInBackground())
    gate.waitUntilReached()
    for variable in variables { variable.value = Tensor(repeating: -1, shape: [1]) }
    #expect(kept.count == 3)
    gate.open()
    #expect(throws: CheckpointError.self) { try save.wait() }
    #expect(kept.count == 0)
  }

  @Test func `touches no file before the call returns`() throws {
    let intercepted = InterceptingFileSystem(system)
    let run = try ManagerRun(gate.fileSystem(over: intercepted, at: .lock, of: "history"))
    let before = intercepted.calls.count
    let save = try #require(try run.manager.saveInBackground())
    gate.waitUntilReached()
    #expect(intercepted.calls.dropFirst(before).allSatisfy { !$0.kind.changesFiles })
    gate.open()
    try save.wait()
  }

  #if os(Linux)
  @Test func `works on a thread that does not take the core of the caller`() throws {
    let policies = Mutex<[Int32]>([])
    let watched = InterceptingFileSystem(system) { _, call throws(CheckpointError) in
      guard call.kind == .lock else { return }
      policies.withLock { $0.append(sched_getscheduler(0)) }  // of this thread
    }
    let run = try ManagerRun(watched)
    policies.withLock { $0 = [] }
    for _ in 0..<3 { try #require(try run.manager.saveInBackground()).wait() }
    // SCHED_BATCH, but not for threads that this one starts: sched(7).
    let batch: Int32 = 3 | 0x4000_0000
    #expect(policies.withLock { Set($0) } == Set([batch]))
    #expect(sched_getscheduler(0) == 0)
  }
  #endif

  // MARK: Order

  @Test func `numbers, keeps and records like a save that is waited for`() throws {
    let run = try ManagerRun(system)
    for value in 1...5 {
      run.weights.value = Tensor(repeating: Float(value), shape: [9])
      run.clock.now += 10
      try run.manager.saveInBackground()
    }
    try run.manager.waitUntilFinished()
    #expect(run.manager.checkpoints.map(\.path) == ["/run/ckpt-3", "/run/ckpt-4", "/run/ckpt-5"])
    #expect(ManagerRun.names(system) == ["ckpt-3", "ckpt-4", "ckpt-5"])
    for value in 3...5 {
      #expect(try ManagerRun.value("/run/ckpt-\(value)", system) == Float(value))
    }
    #expect(system.text("/run/checkpoint")?.hasPrefix("model_checkpoint_path: \"ckpt-5\"") == true)
    // One that is waited for follows those that are not.
    try run.manager.saveInBackground()
    #expect(try run.save(7)?.path == "/run/ckpt-7")
    #expect(run.manager.latest == "/run/ckpt-7")
  }

  @Test func `restores only when nothing is under way`() async throws {
    let run = try ManagerRun(gate.fileSystem(over: system, at: .write, of: "ckpt-1.data"))
    run.weights.value = Tensor(repeating: 4, shape: [9])
    try run.manager.saveInBackground()
    gate.waitUntilReached()
    DispatchQueue.global().asyncAfter(deadline: .now() + 0.05) { [gate] in gate.open() }
    run.weights.value = Tensor(repeating: 5, shape: [9])
    #expect(try run.manager.restoreOrInitialize()?.path == "/run/ckpt-1")
    #expect(run.weights.value[8] == 4)
    try await run.manager.finish()
  }

  @Test func `skips, if it is asked to, while another one is under way`() throws {
    let run = try ManagerRun(gate.fileSystem(over: system, at: .write, of: "ckpt-1.data"))
    let first = try #require(try run.manager.saveInBackground(whenBusy: .skip))
    gate.waitUntilReached()
    #expect(try run.manager.saveInBackground(whenBusy: .skip) == nil)
    #expect(run.checkpoint.saveCounter.value[] == 1)
    gate.open()
    try first.wait()
    let next = try #require(try run.manager.saveInBackground(whenBusy: .skip))
    #expect(try next.wait()?.path == "/run/ckpt-2")
  }

  @Test func `leaves only the newest of those that wait, if it is asked to`() throws {
    let run = try ManagerRun(gate.fileSystem(over: system, at: .write, of: "ckpt-1.data"), .all)
    var saves: [CheckpointManager.BackgroundSave] = []
    for value in 1...4 {
      run.weights.value = Tensor(repeating: Float(value), shape: [9])
      saves.append(try #require(try run.manager.saveInBackground(whenBusy: .coalesce)))
      if value == 1 { gate.waitUntilReached() }
    }
    #expect(saves.map(\.isFinished) == [false, true, true, false])
    gate.open()
    #expect(try saves.map { try $0.wait()?.path } == ["/run/ckpt-1", nil, nil, "/run/ckpt-4"])
    #expect(ManagerRun.names(system) == ["ckpt-1", "ckpt-4"])
    #expect(try ManagerRun.value("/run/ckpt-4", system) == 4)
    #expect(try run.save(5)?.path == "/run/ckpt-5")
  }

  @Test func `takes a later number if another process has taken this one meanwhile`() throws {
    let run = try ManagerRun(system, .all)
    try run.save(1)
    let other = try ManagerRun(system, .all)
    #expect(try other.save(2)?.path == "/run/ckpt-2")
    run.weights.value = Tensor(repeating: 3, shape: [9])
    let save = try #require(try run.manager.saveInBackground())
    #expect(try save.wait()?.path == "/run/ckpt-3")
    #expect(try ManagerRun.value("/run/ckpt-2", system) == 2)
    #expect(try ManagerRun.value("/run/ckpt-3", system) == 3)
    #expect(try run.save(4)?.path == "/run/ckpt-4")
  }

  @Test func `is left out while the policy says that it is too early`() throws {
    let run = try ManagerRun(system, saving: .everySteps(10))
    #expect(try run.manager.saveInBackground(step: 1) != nil)
    #expect(try run.manager.saveInBackground(step: 9) == nil)  // also while the first is under way
    #expect(try run.manager.saveInBackground(step: 11) != nil)
    try run.manager.waitUntilFinished()
    #expect(ManagerRun.names(system) == ["ckpt-1", "ckpt-11"])
  }

  // MARK: Failures

  private func failing(_ name: String) -> InterceptingFileSystem {
    InterceptingFileSystem(system) { _, call throws(CheckpointError) in
      guard call.kind == .write, Path(call.path).name.contains(name) else { return }
      throw .system("injected failure", errno: ENOSPC, file: call.path)
    }
  }

  @Test func `throws at the next call why it has failed, once`() throws {
    let run = try ManagerRun(failing("ckpt-2.data"))
    try run.save(1)
    let save = try #require(try run.manager.saveInBackground())
    while !save.isFinished { usleep(1_000) }
    let error = #expect(throws: CheckpointError.self) { try run.manager.saveInBackground() }
    #expect(error?.code == .io)
    #expect(error?.systemError == ENOSPC)
    #expect(error?.message.hasSuffix("; this was a save in the background") == true)
    #expect(run.checkpoint.saveCounter.value[] == 2)  // the one that was asked for has not begun
    #expect(try run.save(3)?.path == "/run/ckpt-3")
    #expect(ManagerRun.names(system) == ["ckpt-1", "ckpt-3"])
    #expect(system.paths.filter { $0.contains("ckpt-2") }.isEmpty)
  }

  @Test func `throws when everything is to be finished`() async throws {
    let run = try ManagerRun(failing("ckpt-1.data"))
    try run.manager.saveInBackground()
    await #expect(throws: CheckpointError.self) { try await run.manager.finish() }
    try await run.manager.finish()
  }

  @Test func `does not throw again what was seen`() async throws {
    let run = try ManagerRun(failing("ckpt-1.data"))
    let save = try #require(try run.manager.saveInBackground())
    await #expect(throws: CheckpointError.self) { try await save.value }
    try await run.manager.finish()
    #expect(try await run.manager.saveInBackground()?.value?.path == "/run/ckpt-2")
  }

  @Test func `is not too early again after a failure`() throws {
    let run = try ManagerRun(failing("ckpt-1.data"), saving: .everySteps(10))
    try run.manager.saveInBackground(step: 1)
    #expect(throws: CheckpointError.self) { try run.manager.waitUntilFinished() }
    #expect(try run.manager.saveInBackground(step: 2)?.wait()?.path == "/run/ckpt-2")
  }

  @Test func `throws at once what is wrong with the objects`() throws {
    var options = SaveOptions()
    options.fileSystem = system
    let model = Registering { registrar in
      registrar.track(Variable<Float>(1), as: "x")
      registrar.track(Variable<Float>(2), as: "x")
    }
    #expect(throws: CheckpointError.self) {
      let checkpoint = try Checkpoint(["model": model], options: options)
      let manager = try CheckpointManager(checkpoint, directory: "/run", retention: .all)
      try manager.saveInBackground()
    }
    #expect(system.paths.isEmpty)
  }

  /// A variable whose values cannot be had now.
  private final class Unreadable: TensorVariable {
    var tensorSpec: TensorSpec { TensorSpec(.float32, [2]) }

    func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
      throws(CheckpointError) -> Result
    {
      try tensorSnapshot().withTensorBytes(body)
    }

    func tensorSnapshot() throws(CheckpointError) -> AnyTensor {
      throw CheckpointError(.unsupported, "the device is gone")
    }

    func setTensor(_ tensor: AnyTensor) {}
  }

  @Test(arguments: [true, false])
  func `throws at once which variable cannot be read`(ofObjects: Bool) throws {
    var options = SaveOptions()
    options.fileSystem = system
    let manager =
      if ofObjects {
        try CheckpointManager(
          Checkpoint(["w": Variable<Float>(1), "x": Unreadable()], options: options),
          directory: "/run", retention: .all)
      } else {
        try CheckpointManager(
          Saver(["w": Variable<Float>(1), "x": Unreadable()], options: options),
          directory: "/run", retention: .all)
      }
    let error = #expect(throws: CheckpointError.self) { try manager.saveInBackground(step: 1) }
    #expect(error?.code == .unsupported && error?.message == "the device is gone")
    #expect(error?.key == (ofObjects ? "x/.ATTRIBUTES/VARIABLE_VALUE" : "x"))
    #expect(system.paths.isEmpty)
  }

  // MARK: Cancelling

  @Test(arguments: [FileCall.Kind.lock, .create, .write, .sync, .rename])
  func `leaves nothing behind when it is cancelled`(kind: FileCall.Kind) async throws {
    let run = try ManagerRun(gate.fileSystem(over: system, at: kind, of: "ckpt-2"))
    try run.save(1)
    let before = system.image.files
    let save = try #require(try run.manager.saveInBackground())
    gate.waitUntilReached()
    save.cancel()
    gate.open()
    await #expect {
      try await save.value
    } throws: {
      ($0 as? CheckpointError)?.code == .cancelled
    }
    let paths = system.image.files.filter { Path($0.key).name != "ckpt.history.json" }
    #expect(paths == before.filter { Path($0.key).name != "ckpt.history.json" })
    #expect(system.text("/run/ckpt.history.json")?.contains("ckpt-2") == false)
    try await run.manager.finish()  // nobody needs to be told
    #expect(try run.save(3)?.path == "/run/ckpt-3")
  }

  @Test func `does not begin when it is cancelled while it waits`() throws {
    let run = try ManagerRun(gate.fileSystem(over: system, at: .write, of: "ckpt-1.data"))
    try run.manager.saveInBackground()
    gate.waitUntilReached()
    let second = try #require(try run.manager.saveInBackground(whenBusy: .coalesce))
    second.cancel()
    gate.open()
    let error = #expect(throws: CheckpointError.self) { try second.wait() }
    #expect(error?.code == .cancelled)
    try run.manager.waitUntilFinished()
    #expect(ManagerRun.names(system) == ["ckpt-1"])
  }

  // MARK: Progress

  @Test func `tells how far it is`() throws {
    let run = try ManagerRun(gate.fileSystem(over: system, at: .sync, of: "ckpt-1.data"))
    run.weights.value = Tensor(repeating: 1, shape: [9])
    let save = try #require(try run.manager.saveInBackground())
    gate.waitUntilReached()
    #expect(CheckpointPhase(of: save.progress) == .syncing)
    let total = save.progress.totalUnitCount
    #expect(total == 9 * 4 + 8)  // and the save counter
    gate.open()
    try save.wait()
    #expect(CheckpointPhase(of: save.progress) == .finished)
    #expect(save.progress.completedUnitCount == total)
    #expect(save.progress.isFinished)
  }

  @Test func `is a part of the progress that the thread is at`() throws {
    let run = try ManagerRun(system)
    let whole = Foundation.Progress(totalUnitCount: 2)
    whole.becomeCurrent(withPendingUnitCount: 1)
    try run.save(1)
    whole.resignCurrent()
    #expect(whole.fractionCompleted == 0.5)
    whole.becomeCurrent(withPendingUnitCount: 1)
    let save = try run.manager.saveInBackground()
    whole.resignCurrent()
    try save?.wait()
    #expect(whole.fractionCompleted == 1)
  }

  @Test func `stops a save that is waited for when the thread's progress is cancelled`() throws {
    let run = try ManagerRun(system)
    try run.save(1)
    let whole = Foundation.Progress(totalUnitCount: 1)
    whole.cancel()
    whole.becomeCurrent(withPendingUnitCount: 1)
    defer { whole.resignCurrent() }
    let error = #expect(throws: CheckpointError.self) { try run.save(2) }
    #expect(error?.code == .cancelled)
    #expect(ManagerRun.names(system) == ["ckpt-1"])
  }
}

/// A model whose layers change.
private final class Layers: Checkpointable {
  var list: [Variable<Float>] = []
}

/// Which of some tensors still have their memory.
private final class KeptTensors: Sendable {
  private struct Reference {
    weak var storage: TensorStorage?
  }

  private let references: Mutex<[Reference]>

  init(_ variables: [Variable<Float>]) {
    references = Mutex(variables.map { Reference(storage: $0.tensorSnapshot().storage) })
  }

  var count: Int { references.withLock { $0.count { $0.storage != nil } } }
}

extension Variable {
  /// What tells the memory of the value from that of others.
  fileprivate var memory: ObjectIdentifier? {
    tensorSnapshot().storage.map(ObjectIdentifier.init)
  }
}

/// A model of variables of several kinds.
private final class Model: Checkpointable {
  let variables: [Variable<Float>]
  let strings: Variable<String>
  let foreign: TensorBox<ForeignArray>

  init(
    _ variables: [Variable<Float>], _ strings: Variable<String>, _ foreign: TensorBox<ForeignArray>
  ) {
    self.variables = variables
    self.strings = strings
    self.foreign = foreign
  }
}

/// An object that registers what it is told to.
private final class Registering: Checkpointable {
  let register: (inout DependencyRegistrar) -> Void

  init(_ register: @escaping (inout DependencyRegistrar) -> Void) { self.register = register }

  func registerDependencies(in registrar: inout DependencyRegistrar) { register(&registrar) }
}

/// An array of another library, whose copies share their elements for ever.
private struct ForeignArray: TensorStorable {
  final class Values {
    var elements: [Float]
    init(_ elements: [Float]) { self.elements = elements }
  }

  let values: Values
  init(values: [Float]) { self.values = Values(values) }

  var tensorSpec: TensorSpec { TensorSpec(.float32, TensorShape([values.elements.count])) }

  func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    let elements = values.elements
    return try unsafe body(elements.span.bytes)  // an array's bytes are initialized
  }

  mutating func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    values.elements = try Tensor<Float>(tensor).array
  }
}
