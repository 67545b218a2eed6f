import CheckpointTensors
import CheckpointStore
import CheckpointPlans
import CheckpointGraph
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Foundation
import Synchronization
import Testing

/// Proves that a restore takes the newest checkpoint that is intact and says what it passed over, and
/// that a save refuses to begin without room.
@Suite struct ManagerRestoreTests {
  let system = MemoryFileSystem()

  /// Saves 1, 2 and 3, and damages the file of some.
  private func damaged(_ numbers: [Int], _ suffix: String, _ damage: ([UInt8]) -> [UInt8]?) throws
    -> MemoryFileSystem
  {
    let system = MemoryFileSystem()
    let run = try ManagerRun(system, .latest(3))
    for value in 1...3 { try run.save(Float(value)) }
    var image = system.image
    for number in numbers {
      let path = "/run/ckpt-\(number)\(suffix)"
      image.files[path] = damage(try #require(image.files[path]))
    }
    return MemoryFileSystem(image)
  }

  private static let data = ".data-00000-of-00001"

  private func flipped(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    bytes[bytes.count / 3] ^= 4
    return bytes
  }

  private func expectStepBack(
    _ system: MemoryFileSystem, _ check: CheckpointCheck, reason: String
  ) throws {
    let run = try ManagerRun(system, .latest(3))
    let restored = try #require(try run.manager.restoreOrInitialize(checking: check))
    #expect(restored.path == "/run/ckpt-2")
    #expect(restored.isStepBack)
    #expect(restored.skipped.count == 1)
    let text = restored.skipped.first?.description ?? ""
    #expect(text.contains("ckpt-3") && text.contains(reason), "\(text)")
    #expect(run.weights.value[0] == 2)
    // The next number is not that of the damaged one, which is the first to go.
    #expect(try run.save(4)?.path == "/run/ckpt-4")
    #expect(ManagerRun.names(system) == ["ckpt-1", "ckpt-2", "ckpt-4"])
  }

  @Test(arguments: [CheckpointCheck.none, .files, .everything])
  func `steps back if the index is damaged`(check: CheckpointCheck) throws {
    try expectStepBack(damaged([3], ".index", flipped), check, reason: "checksum")
  }

  @Test(arguments: [CheckpointCheck.none, .files, .everything])
  func `steps back if the index is cut`(check: CheckpointCheck) throws {
    try expectStepBack(damaged([3], ".index") { Array($0.dropLast(9)) }, check, reason: ".index")
  }

  @Test(arguments: [CheckpointCheck.none, .files, .everything])
  func `steps back if a data file is too short, or missing`(check: CheckpointCheck) throws {
    try expectStepBack(
      damaged([3], Self.data) { Array($0.dropLast()) }, check, reason: "data-00000")
    let missing = try damaged([3], Self.data) { _ in nil }
    try expectStepBack(missing, check, reason: "this data file is missing")
  }

  @Test(arguments: [CheckpointCheck.none, .files, .everything])
  func `steps back if a value is damaged`(check: CheckpointCheck) throws {
    try expectStepBack(damaged([3], Self.data, flipped), check, reason: "checksum")
  }

  @Test func `steps back as far as it has to`() throws {
    let system = try damaged([2, 3], ".index", flipped)
    let run = try ManagerRun(system, .latest(3))
    let restored = try #require(try run.manager.restoreOrInitialize())
    #expect(restored.path == "/run/ckpt-1")
    #expect(
      restored.skipped.compactMap(\.file).map { Path($0).name } == ["ckpt-3.index", "ckpt-2.index"])
  }

  @Test func `does not initialize if everything is damaged`() throws {
    let system = try damaged([1, 2, 3], ".index", flipped)
    let run = try ManagerRun(system, .latest(3))
    let error = #expect(throws: CheckpointError.self) {
      try run.manager.restoreOrInitialize { Issue.record("initialized") }
    }
    #expect(error?.problems.count == 3)
    #expect(
      error?.message
        == "none of the 3 checkpoints is intact; nothing has changed, see whether a part of "
        + "one can be saved, or begin in another directory")
    #expect(run.weights.value[0] == 0)
  }

  @Test func `counts damaged ones not among the latest`() throws {
    let system = try damaged([3], ".index", flipped)
    let run = try ManagerRun(system, .latest(1))
    try run.manager.restoreOrInitialize()
    let second = try ManagerRun(system, .latest(1), clock: run.clock)
    let plan = try second.manager.plan()
    #expect(plan.kept.map(\.path) == ["/run/ckpt-2"])
  }

  // Values of two checkpoints must not be mixed.
  @Test(arguments: [RestoreOptions.Placement.replacing, .inPlace])
  func `takes no older one once a variable has changed`(placement: RestoreOptions.Placement) throws
  {
    // The weights have the first 36 bytes, and the counter of saves the next.
    let system = try damaged([3], Self.data) { bytes in
      var bytes = bytes
      bytes[36] ^= 1
      return bytes
    }
    let run = try ManagerRun(system, .latest(3))
    let error = #expect(throws: CheckpointError.self) {
      try run.manager.restoreOrInitialize(
        checking: .none, options: RestoreOptions(placement: placement))
    }
    #expect(error?.code == .corrupt)
    #expect(error?.description.contains("1 of 2 variables have changed before") == true)
    #expect(run.weights.value.array == [Float](repeating: 3, count: 9))
  }

  @Test func `does not take a program that does not fit for damage`() throws {
    let run = try ManagerRun(system)
    try run.save(1)
    try run.save(2)
    var options = SaveOptions()
    options.fileSystem = system
    let other = Variable<Float>(repeating: 0, shape: [4])
    let manager = try CheckpointManager(
      Checkpoint(["w": other], options: options), directory: "/run", retention: .latest(2))
    let error = #expect(throws: CheckpointError.self) { try manager.restoreOrInitialize() }
    #expect(error?.code == .mismatch)
  }

  @Test func `does not take a refusal of the system for damage`() throws {
    let run = try ManagerRun(system)
    try run.save(1)
    try run.save(2)
    let failing = InterceptingFileSystem(system) { _, call throws(CheckpointError) in
      guard call.kind == .open, call.path.contains("ckpt-2.data") else { return }
      throw .system("injected failure", errno: EACCES, file: call.path)
    }
    let second = try ManagerRun(failing)
    let error = #expect(throws: CheckpointError.self) { try second.manager.restoreOrInitialize() }
    #expect(error?.code == .io)
    #expect(second.weights.value[0] == 0)
  }

  @Test(arguments: [("/run/ckpt-4", false), ("/run/ckpt-3", true)])
  func `finds a checkpoint that nobody was told of, if it is newer`(
    newest: String, isPointedBack: Bool
  ) throws {
    let run = try ManagerRun(system)
    for value in 1...3 { try run.save(Float(value)) }
    // As if another manager's process had died before it could write the state file.
    try system.removeFile("/run/ckpt.history.json")
    for suffix in [".index", Self.data] {
      try system.copy("/run/ckpt-3\(suffix)", to: "/run/ckpt-4\(suffix)")
    }
    if isPointedBack {
      try system.write(#require(system.text("/run/checkpoint")), to: "/run/checkpoint")
    }
    let second = try ManagerRun(system, clock: run.clock)
    #expect(second.manager.latest == newest)
    #expect(try second.save(9)?.path == "/run/ckpt-5")
  }

  @Test func `takes somebody else's last word, wherever it leads`() throws {
    let run = try ManagerRun(system)
    try run.save(1)
    run.weights.value[0] = 7
    for column in 0..<9 { run.weights.value[column] = 7 }
    let path = try run.checkpoint.write(to: "/run/special")
    let state = try StateFile(in: "/run", fileSystem: system)
    try state.write(CheckpointDirectory.State(latest: path))
    let second = try ManagerRun(system, clock: run.clock)
    #expect(second.manager.latest == "/run/special")
    try second.manager.restoreOrInitialize()
    #expect(second.weights.value[0] == 7)
    #expect(try second.save(8)?.path == "/run/ckpt-2")
    #expect(second.manager.latest == "/run/ckpt-2")
  }

  // MARK: Room

  @Test func `says before anything changes that there is too little room`() throws {
    let run = try ManagerRun(system)
    try run.save(1)
    let before = system.image
    system.setAvailableByteCount(10_000)
    let counter = run.checkpoint.saveCounter.value[]
    let error = #expect(throws: CheckpointError.self) { try run.save(2) }
    #expect(error?.code == .io)
    #expect(error?.systemError == ENOSPC)
    let text = error?.description ?? ""
    #expect(text.hasPrefix("/run/ckpt-2: the checkpoint has "), "\(text)")
    #expect(text.contains(" bytes of values and an index of up to "), "\(text)")
    let end =
      ", and 10000 bytes are free; free some room, or save elsewhere; nothing has changed (io)"
    #expect(text.hasSuffix(end), "\(text)")
    #expect(system.image == before)
    #expect(run.checkpoint.saveCounter.value[] == counter + 1)  // used up, as in TensorFlow
    system.setAvailableByteCount(1 << 20)
    #expect(try run.save(2)?.path == "/run/ckpt-3")
  }

  @Test func `says so, too, while somebody follows the save`() throws {
    let run = try ManagerRun(system)
    system.setAvailableByteCount(10_000)
    let before = system.image
    let progress = Foundation.Progress(totalUnitCount: 1)
    progress.becomeCurrent(withPendingUnitCount: 1)
    let error = #expect(throws: CheckpointError.self) { try run.save(1) }
    progress.resignCurrent()
    #expect(error?.systemError == ENOSPC, "\(String(describing: error))")
    #expect(system.image.files.keys.filter { $0.contains("ckpt-1") }.isEmpty)
    #expect(before.files.isEmpty)
  }

  /// Saver row 75.
  @Test func `a saver says so too, and the size is that of the data file`() throws {
    var options = SaveOptions()
    options.fileSystem = system
    system.setAvailableByteCount(1)
    let names = RunState(["a", String(repeating: "x", count: 300)])
    let checkpoint = try Checkpoint(["names": names], options: options)
    let failed = #expect(throws: CheckpointError.self) { try checkpoint.write(to: "/run/m") }
    system.setAvailableByteCount(nil)
    try checkpoint.write(to: "/run/m")
    let count = try #require(system.image.files["/run/m.data-00000-of-00001"]).count
    #expect(
      failed?.message.contains("has \(count) bytes of values") == true,
      "\(count): \(failed?.message ?? "")")
    let index = try #require(system.image.files["/run/m.index"]).count
    let limit = failed?.message.split(separator: "up to ").last?.split(separator: ",").first
    #expect(try #require(limit.flatMap { Int($0) }) >= index)
    let saver = try Saver(["w": Variable<Float>(repeating: 0, shape: [5])], options: options)
    system.setAvailableByteCount(100)
    #expect(throws: CheckpointError.self) { try saver.save(to: "/run/s") }
    system.setAvailableByteCount(nil)
  }

  @Test(arguments: [SaveOptions.Sharding.none, .count(2)])
  func `a saver of V1 knows what it needs at least, and changes nothing without`(
    sharding: SaveOptions.Sharding
  )
    throws
  {
    var options = SaveOptions()
    options.fileSystem = system
    options.format = .v1
    options.sharding = sharding
    let large = Variable<Float>(repeating: 1, shape: [1 << 16])
    let saver = try Saver(["numbers": large, "small": Variable<Int64>([1, 2])], options: options)
    system.setAvailableByteCount(200_000)
    let before = system.image
    let error = #expect(throws: CheckpointError.self) { try saver.save(to: "/run/old") }
    #expect(error?.systemError == ENOSPC)
    #expect(error?.message.hasPrefix("the checkpoint has 262146 bytes of values ") == true)
    #expect(system.image == before)
    system.setAvailableByteCount(400_000)
    try saver.save(to: "/run/old")
    system.setAvailableByteCount(nil)
  }

  @Test func `room for the values alone is too little`() throws {
    var options = SaveOptions()
    options.fileSystem = system
    let saver = try Saver(["w": Variable<Float>(repeating: 1, shape: [1 << 18])], options: options)
    system.setAvailableByteCount(1 << 20)
    let before = system.image
    let error = #expect(throws: CheckpointError.self) { try saver.save(to: "/run/m") }
    #expect(error?.message.hasSuffix("nothing has changed") == true)
    #expect(system.image == before)
    system.setAvailableByteCount(1 << 20 + 1 << 17)
    try saver.save(to: "/run/m")
    system.setAvailableByteCount(nil)
  }

  @Test func `asks the system for the room where a directory is to be`() throws {
    let directory = try TemporaryDirectory()
    let free = try #require(LocalFileSystem().availableByteCount(at: directory.path))
    #expect(free > 0)
    #expect(LocalFileSystem().availableByteCount(at: directory.path("missing")) == nil)
    let saver = try Saver(["w": Variable<Float>(repeating: 0, shape: [5])])
    try saver.save(to: directory.path("new/deep/m"))
  }
}
