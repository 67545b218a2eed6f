import CheckpointIO
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Synchronization
import Testing

/// Restores and checks while the main actor does something else.
@MainActor @Suite struct RestoringInBackgroundTests {
  let directory: TemporaryDirectory

  private final class Model: Checkpointable {
    let w: Variable<Float>
    init(_ value: Float) { w = Variable(value) }
  }

  init() throws { directory = try TemporaryDirectory() }

  private var path: String { directory.path("run/ckpt") }

  // Reads no file before the main actor has done something: who blocks that actor waits in vain.
  private func waiting() -> InterceptingFileSystem {
    let turn = DispatchSemaphore(value: 0)
    let reads = Mutex(0)
    Task { @MainActor in turn.signal() }
    return InterceptingFileSystem { _, call throws(CheckpointError) in
      guard call.kind == .open || call.kind == .read else { return }
      let isFirst = reads.withLock {
        $0 += 1
        return $0 == 1
      }
      if isFirst, turn.wait(timeout: .now() + 60) == .timedOut {
        throw CheckpointError(.busy, "the actor is blocked")
      }
    }
  }

  @Test func `leaves the actor free while objects are restored, and changes them on it`()
    async throws
  {
    let saved = try Checkpoint(["model": Model(7)]).save(to: path)
    let model = Model(0)
    var options = SaveOptions()
    options.fileSystem = waiting()
    let checkpoint = try Checkpoint(["model": model], options: options)
    let status = try await checkpoint.restoreInBackground(from: saved)
    try status.assertConsumed()
    MainActor.assertIsolated()
    #expect(model.w.value.scalar == 7)
    #expect(checkpoint.saveCounter.value[] == 1)
  }

  @Test func `leaves the actor free while variables are restored by name`() async throws {
    let saved = try Saver(["w": Variable<Float>(7)]).save(to: path, step: 1)
    let variable = Variable<Float>(0)
    var options = SaveOptions()
    options.fileSystem = waiting()
    let saver = try Saver(["w": variable], options: options)
    let report = try await saver.restoreInBackground(from: saved)
    #expect(report.restored == ["w"])
    #expect(variable.value.scalar == 7)
  }

  @Test func `steps back from a damaged checkpoint, or initializes`() async throws {
    let folder = directory.path("run")
    let model = Model(1)
    let manager = try CheckpointManager(
      Checkpoint(["model": model]), directory: folder, retention: .latest(5))
    var isInitialized = false
    let none = try await manager.restoreOrInitializeInBackground { isInitialized = true }
    #expect(none == nil && isInitialized)
    try manager.save()
    model.w.value[] = 2
    let last = try manager.save().map(\.path)
    let data = try #require(last) + ".data-00000-of-00001"
    try directory.write([], to: String(data.dropFirst(directory.path.utf8.count + 1)))
    let again = Model(0)
    let other = try CheckpointManager(
      Checkpoint(["model": again]), directory: folder, retention: .latest(5))
    let restored = try await other.restoreOrInitializeInBackground()
    #expect(again.w.value.scalar == 1)
    #expect(restored?.isStepBack == true)
  }

  /// A new process that restores from the directory.
  private func restarted(_ model: any Checkpointable, _ options: SaveOptions = SaveOptions())
    throws -> CheckpointManager
  {
    try CheckpointManager(
      Checkpoint(["model": model], options: options), directory: directory.path("run"),
      retention: .latest(5))
  }

  private func save(_ values: Float...) throws {
    let model = Model(0)
    let manager = try restarted(model)
    for value in values {
      model.w.value[] = value
      try manager.save()
    }
  }

  /// Changes the value 9 in the data file, whose length and index stay.
  private func damageValues(of name: String) throws {
    let file = "run/\(name).data-00000-of-00001"
    var bytes = try directory.bytes(file)
    let nine: [UInt8] = [0, 0, 0x10, 0x41]  // float32, little-endian
    let place = try #require(bytes.firstRange(of: nine))
    bytes[place.lowerBound] ^= 1
    try directory.write(bytes, to: file)
  }

  @Test func `steps back from values that turn out to be damaged as they are read`() async throws {
    try save(1, 9)
    try damageValues(of: "ckpt-2")
    let model = Model(0)
    let restored = try await restarted(model).restoreOrInitializeInBackground()
    #expect(restored?.path == directory.path("run/ckpt-1"))
    #expect(restored?.skipped.map(\.code) == [.corrupt])
    #expect(model.w.value.scalar == 1)
  }

  @Test func `does not initialize if everything is damaged`() async throws {
    try save(9)
    try damageValues(of: "ckpt-1")
    let model = Model(0)
    let manager = try restarted(model)
    let error = await #expect(throws: CheckpointError.self) {
      _ = try await manager.restoreOrInitializeInBackground { Issue.record("initialized") }
    }
    #expect(error?.code == .corrupt && error?.file == directory.path("run"))
    #expect(error?.message.hasPrefix("the only checkpoint is damaged; nothing has changed") == true)
    #expect(error?.problems.map(\.code) == [.corrupt])
    #expect(model.w.value.scalar == 0)
  }

  @Test func `does not take a program that does not fit for damage`() async throws {
    try save(1, 2)
    let other = TestModule(["w": Variable<Float>([0, 0])])
    let manager = try restarted(other)
    let error = await #expect(throws: CheckpointError.self) {
      _ = try await manager.restoreOrInitializeInBackground { Issue.record("initialized") }
    }
    #expect(error?.code == .mismatch)
  }

  @Test func `is not for processes that restore together`() async throws {
    try save(1)
    let model = Model(0)
    let group = try LaunchedProcesses(rank: 0, count: 1)
    let manager = try restarted(model, SaveOptions(processes: group))
    let error = await #expect(throws: CheckpointError.self) {
      _ = try await manager.restoreOrInitializeInBackground { Issue.record("initialized") }
    }
    #expect(
      error?.description
        == "\(directory.path("run")): processes that save together restore the same checkpoint with "
        + "restoreOrInitialize, not in the background (unsupported)")
    #expect(model.w.value.scalar == 0)
  }

  @Test func `stops with its task or its progress, and changes nothing`() async throws {
    let saved = try Checkpoint(["model": Model(7)]).save(to: path)
    let model = Model(0)
    let checkpoint = try Checkpoint(["model": model])
    let progress = Progress(totalUnitCount: 0)
    progress.cancel()
    let error = await #expect(throws: CheckpointError.self) {
      _ = try await checkpoint.restoreInBackground(from: saved, progress: progress)
    }
    #expect(error?.code == .cancelled)
    let task = Task { @MainActor in
      unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      _ = try await checkpoint.restoreInBackground(from: saved)
    }
    let second = await #expect(throws: CheckpointError.self) { try await task.value }
    #expect(second?.code == .cancelled)
    #expect(model.w.value.scalar == 0)
  }

  @Test func `tells a progress how far it is`() async throws {
    let saved = try Checkpoint(["model": Model(7)]).save(to: path)
    let progress = Progress(totalUnitCount: 0)
    let checkpoint = try Checkpoint(["model": Model(0)])
    _ = try await checkpoint.restoreInBackground(from: saved, progress: progress)
    #expect(CheckpointPhase(of: progress) == .finished)
    #expect(progress.completedUnitCount == progress.totalUnitCount)
  }

  @Test func `throws what a restore throws`() async throws {
    let saved = try Checkpoint(["model": Model(7)]).save(to: path)
    let checkpoint = try Checkpoint(["other": Model(0)])
    let error = await #expect(throws: CheckpointError.self) {
      _ = try await checkpoint.restoreInBackground(from: saved)
    }
    #expect(error?.code == .notFound)
    let missing = await #expect(throws: CheckpointError.self) {
      _ = try await checkpoint.restoreInBackground(from: directory.path("nothing"))
    }
    #expect(missing?.code == .notACheckpoint)
  }

  @Test func `checks a checkpoint, and finds what is damaged`() async throws {
    let saved = try Checkpoint(["model": Model(7)]).save(to: path)
    #expect(try await Verification.inBackground(of: saved).isIntact)
    let data = saved + ".data-00000-of-00001"
    try directory.write([], to: String(data.dropFirst(directory.path.utf8.count + 1)))
    #expect(try await !Verification.inBackground(of: saved).isIntact)
  }

  /// What the program does on its actor while something is being read.
  @MainActor private final class Change {
    let variable: Variable<Float>
    init(_ variable: Variable<Float>) { self.variable = variable }
    func make() { variable.value = Tensor([1, 2, 3]) }
  }

  @Test func `sets no variable that became another one while it was read for`() async throws {
    let saved = try Saver(["w": Variable<Float>([7, 8])]).save(to: path, step: 1)
    let change = Change(Variable<Float>([0, 0]))
    var options = SaveOptions()
    options.fileSystem = InterceptingFileSystem { _, call throws(CheckpointError) in
      guard call.kind == .read, call.path.contains(".data-") else { return }
      let isMade = DispatchSemaphore(value: 0)
      Task { @MainActor in
        change.make()
        isMade.signal()
      }
      guard isMade.wait(timeout: .now() + 60) == .success else {
        throw CheckpointError(.busy, "the actor is blocked")
      }
    }
    let saver = try Saver(["w": change.variable], options: options)
    let error = await #expect(throws: CheckpointError.self) {
      _ = try await saver.restoreInBackground(from: saved)
    }
    #expect(error?.code == .mismatch && error?.key == "w")
    #expect(
      error?.message.hasPrefix(
        "the variable became float32[3] while float32[2] was read for it; nothing has been changed")
        == true)
    #expect(change.variable.value.array == [1, 2, 3])
  }
}
