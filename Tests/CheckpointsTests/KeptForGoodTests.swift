import CheckpointPlatform
import CheckpointPlans
import CheckpointTensors
import CheckpointStore
import CheckpointGraph
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that what a period has kept in a managed directory stays, whoever goes on there, and that a
/// state file which was pointed back says where the training goes on.
@Suite struct KeptForGoodTests {
  private static let hourly = RetentionPolicy.latest(2).or(.everyHours(1, anchored: .grid))
  let system = MemoryFileSystem()

  /// A process that saves each half hour: each second stays for good, as far as it is not among the
  /// last two.
  private func firstLife(saves: Int = 9) throws -> ManagerRun {
    let run = try ManagerRun(system, Self.hourly)
    for value in 1...saves { try run.save(Float(value), after: 1_800) }
    return run
  }

  private func names() -> [String] { ManagerRun.names(system) }

  @Test func `says of what it has saved that it is kept for good`() throws {
    let run = try firstLife()
    #expect(names() == ["ckpt-2", "ckpt-4", "ckpt-6", "ckpt-8", "ckpt-9"])
    #expect(run.manager.checkpoints.map(\.isPreserved) == [true, true, true, false, false])
    let other = try ManagerRun(system, .latest(1))
    #expect(other.manager.checkpoints == run.manager.checkpoints)
  }

  @Test(arguments: ["", "/run/ckpt.history.json", "/run/checkpoint", "both"], [false, true])
  func `stays through restarts, without files beside the checkpoints or with damaged ones`(
    path: String, isDamaged: Bool
  ) throws {
    let run = try firstLife()
    let damaged = [
      "/run/ckpt.history.json": "{\"crc32c\":", "/run/checkpoint": "model_checkpoint_path what?",
    ]
    for (file, text) in damaged where [file, "both"].contains(path) {
      if isDamaged { try system.write(text, to: file) } else { try system.removeFile(file) }
    }
    for _ in 0..<2 {
      let next = try ManagerRun(system, .latest(1), clock: run.clock)
      try next.manager.restoreOrInitialize()
      try next.save(20)
      try next.save(21)
    }
    #expect(Set(names()).isSuperset(of: ["ckpt-2", "ckpt-4", "ckpt-6", "ckpt-13"]))
  }

  /// The state file does not list it any more, so nothing but the history says that it is managed.
  @Test func `stays if a process dies anywhere in the save by which it stays`() throws {
    _ = try firstLife(saves: 7)
    let before = system.image
    func save(in system: any FileSystem) throws {
      let run = try ManagerRun(system, Self.hourly, clock: ManagerRun.Clock(1_000 + 7 * 1_800))
      try run.save(8, after: 1_800)
    }
    let counting = InterceptingFileSystem(MemoryFileSystem(before))
    try save(in: counting)
    for number in TestCases.every(4, of: counting.calls.indices) {
      let left = MemoryFileSystem(before)
      let failing = InterceptingFileSystem(left) { current, call throws(CheckpointError) in
        if current >= number { throw .system("injected", errno: EIO, file: call.path) }
      }
      try? save(in: failing)
      let after = MemoryFileSystem(left.image)
      let state = try CheckpointDirectory.State.read(from: "/run", in: after)?.all ?? []
      let isListed = state.contains("/run/ckpt-6")
      let run = try ManagerRun(after, .latest(1), clock: ManagerRun.Clock(1_000 + 9 * 1_800))
      try run.save(20)
      try run.save(21)
      let left6 = ManagerRun.names(after).contains("ckpt-6")
      #expect(left6 || isListed, "\(counting.calls[number])")
    }
  }

  @Test func `stays when a saver goes on with what a manager has known`() throws {
    let run = try firstLife()
    var options = SaveOptions()
    var settings = Saver.Settings()
    options.fileSystem = system
    settings.retention = .latest(1)
    let saver = try Saver(["w": Variable<Float>(1)], settings: settings, options: options)
    saver.setHistory(run.manager.checkpoints)
    try saver.save(to: "/run/ckpt", step: 20)
    #expect(names() == ["ckpt-2", "ckpt-20", "ckpt-4", "ckpt-6"])
  }

  // MARK: A state file that was pointed back

  private func pointBack(to name: String, listed: [String] = []) throws {
    let state = try StateFile(in: "/run", fileSystem: system)
    try state.write(
      CheckpointDirectory.State(latest: "/run/\(name)", all: listed.map { "/run/\($0)" }))
  }

  @Test func `goes on where the state file was pointed back to, and keeps that`() throws {
    let first = try ManagerRun(system, .latest(3))
    for value in 1...4 { try first.save(Float(value)) }
    try pointBack(to: "ckpt-3")
    let run = try ManagerRun(system, .latest(2), clock: first.clock)
    #expect(run.manager.latest == "/run/ckpt-3")
    try run.manager.restoreOrInitialize()
    #expect(run.weights.value[0] == 3)
    #expect(try run.manager.plan().kept.map(\.path) == ["/run/ckpt-4", "/run/ckpt-3"])
    #expect(try run.save(5)?.path == "/run/ckpt-5")
    #expect(names() == ["ckpt-3", "ckpt-5"])
    #expect(run.manager.latest == "/run/ckpt-5")
  }

  @Test func `obeys the state file of a directory that was moved, too`() throws {
    let first = try ManagerRun(system, .latest(3))
    for value in 1...3 { try first.save(Float(value)) }
    try system.write("model_checkpoint_path: \"/tmp/else/ckpt-2\"", to: "/run/checkpoint")
    #expect(try ManagerRun(system, clock: first.clock).manager.latest == "/run/ckpt-2")
    #expect(try CheckpointDirectory("/run", fileSystem: system).latest() == "/run/ckpt-2")
  }

  @Test func `never deletes what the state file was pointed back to`() throws {
    let first = try ManagerRun(system, .latest(3))
    for value in 1...3 { try first.save(Float(value)) }
    try pointBack(to: "ckpt-1", listed: ["ckpt-1", "ckpt-2"])
    let run = try ManagerRun(system, .latest(1), clock: first.clock)
    try run.manager.sweep()
    #expect(names() == ["ckpt-1"])
    try run.manager.restoreOrInitialize()
    #expect(run.weights.value[0] == 1)
    #expect(try run.save(9)?.path == "/run/ckpt-4")
  }

  @Test func `takes numbers and counts on from a save that died before the state file`() throws {
    let first = try ManagerRun(system, .latest(2))
    for value in 1...2 { try first.save(Float(value)) }
    let dying = InterceptingFileSystem(system) { _, call throws(CheckpointError) in
      guard call.kind == .rename, Path(call.path).name == "checkpoint" else { return }
      throw .system("injected", errno: EIO, file: call.path)
    }
    let second = try ManagerRun(dying, .latest(2), clock: first.clock)
    #expect(throws: CheckpointError.self) { try second.save(3) }
    let state = try CheckpointDirectory.State.read(from: "/run", in: system)
    #expect(state?.latest == "/run/ckpt-2")

    let third = try ManagerRun(system, .latest(2), clock: first.clock)
    #expect(third.manager.latest == "/run/ckpt-3")
    #expect(try CheckpointDirectory("/run", fileSystem: system).latest() == "/run/ckpt-3")
    try third.manager.restoreOrInitialize()
    #expect(third.weights.value[0] == 3)
    #expect(third.checkpoint.saveCounter.value[] == 3)
    #expect(try third.save(4)?.path == "/run/ckpt-4")
    #expect(names() == ["ckpt-3", "ckpt-4"])
  }
}
