import CheckpointTensors
import CheckpointStore
import CheckpointGraph
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves what a manager keeps that TensorFlow's cannot: pins, the best, one of so many steps; and
/// when it saves.
@Suite struct ManagerPolicyTests {
  let system = MemoryFileSystem()

  private func names() -> [String] { ManagerRun.names(system) }

  /// The names that the state file lists, with their times.
  private func listed() throws -> [(String, Double)] {
    let state = try #require(try CheckpointDirectory.State.read(from: "/run", in: system))
    return Array(zip(state.all.map { Path($0).name }, state.timestamps))
  }

  @Test func `keeps pinned checkpoints, over restarts, until they are unpinned`() throws {
    let run = try ManagerRun(system, .latest(1))
    try run.save(1)
    try run.manager.pin("/run/ckpt-1")
    // The newest has to be listed; its time tells TensorFlow not to manage it.
    #expect(try listed().map(\.1) == [999])
    try run.save(2)
    try run.save(3)
    #expect(names() == ["ckpt-1", "ckpt-3"])
    #expect(try listed().map(\.0) == ["ckpt-3"])
    let second = try ManagerRun(system, .latest(1), clock: run.clock)
    #expect(second.manager.checkpoints.map(\.isPinned) == [true, false])
    try second.save(4)
    try second.manager.unpin("/run/ckpt-1")
    #expect(try listed().map(\.0) == ["ckpt-1", "ckpt-4"])
    #expect(names() == ["ckpt-1", "ckpt-4"])
    let plan = try second.manager.plan()
    #expect(plan.removed.map(\.path) == ["/run/ckpt-1"])
    #expect(try second.manager.sweep().removed.map(\.path) == ["/run/ckpt-1"])
    #expect(names() == ["ckpt-4"])
  }

  @Test func `knows the best by a metric`() throws {
    let run = try ManagerRun(system, .latest(5).or(.best(1, by: "loss", .lowest)))
    #expect(run.manager.best == nil)
    for (step, loss) in [(1, 0.5), (2, 0.25), (3, .nan), (4, 0.25), (5, 0.75)] {
      try run.manager.save(
        step: step, metrics: step == 1 ? ["loss": loss, "f1": 1] : ["loss": loss])
    }
    #expect(run.manager.best?.step == 2)
    #expect(run.manager.best(by: "loss", .highest)?.step == 5)
    #expect(run.manager.best(by: "f1", .lowest)?.step == 1)
    #expect(run.manager.best(by: "accuracy", .lowest) == nil)
    try run.manager.record(["loss": 0.1], for: "/run/ckpt-5")
    #expect(run.manager.best?.step == 5)
    let other = try ManagerRun(system, .latest(5), clock: run.clock)
    #expect(other.manager.best == nil)  // its retention names no metric
  }

  @Test func `pins what is not managed, and says what is not there`() throws {
    let run = try ManagerRun(system, .latest(1))
    try run.save(1)
    try system.copy("/run/ckpt-1.index", to: "/run/ckpt-9.index")
    try system.copy("/run/ckpt-1.data-00000-of-00001", to: "/run/ckpt-9.data-00000-of-00001")
    let error = #expect(throws: CheckpointError.self) { try run.manager.unpin("/run/ckpt-9") }
    #expect(
      error?.description == "/run/ckpt-9: the manager of 'ckpt' in '/run' has no such checkpoint "
        + "(notFound)")
    for path in ["/run/ckpt-7", "ckpt-1", "/run/other", "", "/run/../run/ckpt-1", "/run/ckpt-01"] {
      #expect(throws: CheckpointError.self) { try run.manager.pin(path) }
    }
    try run.manager.pin("/run/ckpt-9")
    #expect(run.manager.checkpoints.map(\.path) == ["/run/ckpt-9", "/run/ckpt-1"])
    try run.save(2)
    #expect(names() == ["ckpt-10", "ckpt-9"])
  }

  @Test func `keeps the best by a metric, and lists only what may go`() throws {
    let policy = RetentionPolicy.latest(1).or(.best(2, by: "loss", .lowest))
    let run = try ManagerRun(system, policy)
    for (number, loss) in [5.0, 1, 3, 2, 9].enumerated() {
      try run.save(Float(number + 1), loss: loss)
    }
    #expect(names() == ["ckpt-2", "ckpt-4", "ckpt-5"])
    #expect(try listed().map(\.0) == ["ckpt-5"])
    let second = try ManagerRun(system, policy, clock: run.clock)
    #expect(second.manager.checkpoints.map { $0.metrics["loss"] } == [1, 2, 9])
    try second.manager.record(["loss": 1.5, "accuracy": 0.5], for: "/run/ckpt-5")
    try second.save(6)
    #expect(names() == ["ckpt-2", "ckpt-5", "ckpt-6"])
    #expect(second.manager.checkpoints[1].metrics == ["loss": 1.5, "accuracy": 0.5])
  }

  @Test func `keeps metrics that are no numbers`() throws {
    let run = try ManagerRun(system, .all)
    try run.save(1, loss: .nan)
    try run.save(2, loss: -.infinity)
    try run.save(3, loss: 0.1)
    let second = try ManagerRun(system, .all, clock: run.clock)
    let losses = second.manager.checkpoints.compactMap { $0.metrics["loss"] }
    #expect(losses[0].isNaN)
    #expect(losses[1...] == [-.infinity, 0.1])
  }

  @Test func `keeps one of so many steps, and one of so many hours`() throws {
    let run = try ManagerRun(system, .latest(1).or(.everySteps(1_000)))
    for step in stride(from: 300, through: 3_300, by: 300) { try run.save(1, step: step) }
    #expect(names() == ["ckpt-1200", "ckpt-2100", "ckpt-3000", "ckpt-3300"])
    #expect(try listed().map(\.0) == ["ckpt-3300"])
  }

  /// As TensorFlow's documentation of `keep_checkpoint_every_n_hours` promises.
  @Test func `never deletes what a period has kept, even under another policy`() throws {
    let run = try ManagerRun(system, .latest(1).or(.every(.seconds(25))))
    for value in 1...6 { try run.save(Float(value)) }
    #expect(names() == ["ckpt-3", "ckpt-6"])
    let second = try ManagerRun(system, .latest(1), clock: run.clock)
    #expect(second.manager.checkpoints.map(\.isPreserved) == [true, false])
    try second.save(7)
    #expect(names() == ["ckpt-3", "ckpt-7"])
    #expect(
      try second.manager.plan().description == """
        /run/ckpt-3 stays: a period has kept it for good
        /run/ckpt-7 stays: it is the newest
        """)
    #expect(try listed().map(\.0) == ["ckpt-7"])
  }

  // MARK: When to save

  @Test func `saves every so many steps, as TensorFlow's interval`() throws {
    let run = try ManagerRun(system, .all, saving: .everySteps(3))
    let saved = try (1...10).map { try run.save(1, step: $0) != nil }
    #expect(saved == [true, false, false, true, false, false, true, false, false, true])
    #expect(try run.manager.save(step: 11, force: true) != nil)
    #expect(try run.manager.save(step: 11, force: true) == nil)  // there is one of this step
    #expect(run.checkpoint.saveCounter.value[] == 5)
    let second = try ManagerRun(system, .all, saving: .everySteps(3), clock: run.clock)
    try second.manager.restoreOrInitialize()
    #expect(try second.save(1, step: 13) == nil)
    #expect(try second.save(1, step: 14) != nil)
  }

  @Test func `takes the steps from a variable, and numbers by saves`() throws {
    let step = Variable<Int64>(5)
    let run = try ManagerRun(system, .all, saving: .everySteps(10), stepCounter: step)
    #expect(try run.save(1)?.path == "/run/ckpt-1")
    step.value[] = 14
    #expect(try run.save(1) == nil)
    step.value[] = 15
    #expect(try run.save(1)?.path == "/run/ckpt-2")
    #expect(run.manager.checkpoints.map(\.step) == [5, 15])
  }

  @Test func `needs a step to count steps`() throws {
    let run = try ManagerRun(system, .all, saving: .everySteps(3))
    let error = #expect(throws: CheckpointError.self) { try run.save(1) }
    #expect(
      error?.description
        == "saving every so many steps needs the step: pass it to save(step:), or a "
        + "stepCounter to init (invalidArgument)")
  }

  @Test func `saves every so many seconds, and when a clock was set back`() throws {
    let run = try ManagerRun(system, .all, saving: .every(.seconds(60)))
    #expect(try run.save(1) != nil)
    #expect(try run.save(2, after: 59) == nil)
    #expect(try run.save(3, after: 1) != nil)
    #expect(try run.save(4, after: -500) != nil)
    #expect(try run.save(5, after: 30) == nil)
    let second = try ManagerRun(system, .all, saving: .every(.seconds(60)), clock: run.clock)
    try second.manager.restoreOrInitialize()
    #expect(try second.save(6, after: 30) == nil)
    #expect(try second.save(7, after: 30) != nil)
  }

  @Test func `saves if one rule or the other says so`() throws {
    let policy = CheckpointManager.SavePolicy.everySteps(100).or(.every(.seconds(60))).or(
      .everySteps(50))
    let run = try ManagerRun(system, .all, saving: policy)
    #expect(try run.save(1, step: 1) != nil)
    #expect(try run.save(1, step: 50) == nil)
    #expect(try run.save(1, step: 51) != nil)
    #expect(try run.save(1, step: 52, after: 60) != nil)
    #expect(policy.or(.always) == .always)
  }

  @Test func `does not count a save that failed`() throws {
    let memory = MemoryFileSystem()
    let fails = ManagerRun.Clock(0)
    let failing = InterceptingFileSystem(memory) { _, call throws(CheckpointError) in
      guard fails.now > 0, call.kind == .create else { return }
      throw .system("injected failure", errno: 28, file: call.path)
    }
    let run = try ManagerRun(failing, .all, saving: .everySteps(10))
    try run.save(1, step: 10)
    fails.now = 1
    #expect(throws: CheckpointError.self) { try run.save(1, step: 20) }
    fails.now = 0
    #expect(try run.save(1, step: 21) != nil)
  }
}
