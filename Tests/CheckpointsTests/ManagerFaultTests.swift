import CheckpointTensors
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointStore
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a manager loses nothing and cleans up, whatever the system refuses and whenever the
/// power goes.
@Suite struct ManagerFaultTests {
  /// A directory with two checkpoints, the first of which goes with the next save; what is saved then
  /// has the value 3.
  struct Scenario: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let retention: RetentionPolicy
    /// The step of the third save; `nil` for the next number.
    var step: Int?
    var pinsFirst = false

    static let all = [
      Scenario(testDescription: "two stay", retention: .latest(2)),
      Scenario(testDescription: "one stays", retention: .latest(1)),
      Scenario(testDescription: "over the newest", retention: .latest(2), step: 2),
      Scenario(
        testDescription: "one is kept for good", retention: .latest(1).or(.every(.seconds(15)))),
      Scenario(testDescription: "one is pinned", retention: .latest(1), pinsFirst: true),
    ]

    func prepared() throws -> MemoryFileSystem.Image {
      let system = MemoryFileSystem()
      let run = try ManagerRun(system, retention)
      try run.save(1)
      if pinsFirst { try run.manager.pin("/run/ckpt-1") }
      try run.save(2)
      return system.image
    }

    /// A process that restores, saves the third, and ends.
    func save(in system: any FileSystem) throws {
      let run = try ManagerRun(system, retention, clock: ManagerRun.Clock(1_020))
      try run.manager.restoreOrInitialize()
      try run.save(3, step: step)
    }

    /// What the next process finds and does; gives what it has restored.
    func judge(_ system: MemoryFileSystem, _ what: String) throws -> Float {
      let run = try ManagerRun(system, retention, clock: ManagerRun.Clock(1_040))
      let restored = try run.manager.restoreOrInitialize(checking: .everything)
      #expect(restored?.isStepBack == false, "\(what)")
      let value = run.weights.value[0]
      if pinsFirst { #expect(try ManagerRun.value("/run/ckpt-1", system) == 1, "\(what)") }
      try run.save(9)
      let managed = run.manager.checkpoints
      let files = managed.flatMap { checkpoint in
        let paths = BundlePath(checkpoint.path)
        let count = (try? BundleReader(prefix: checkpoint.path, fileSystem: system).shardCount) ?? 0
        return (0..<count).map { paths.data(shard: $0, of: count) } + [paths.index]
      }
      let others = Set(system.paths).subtracting(files)
      #expect(others == ["/run/checkpoint", "/run/ckpt.history.json"], "\(what): \(others)")
      let again = try ManagerRun(system, retention, clock: run.clock)
      try again.manager.restoreOrInitialize(checking: .everything)
      #expect(again.weights.value[0] == 9, "\(what)")
      #expect(try again.manager.plan().removed.isEmpty, "\(what)")
      return value
    }
  }

  static let errors = [ENOSPC, EIO, EROFS, EMFILE]

  @Test(.timeLimit(.minutes(20)), arguments: Scenario.all)
  func `loses nothing if a call fails, or all from there on`(scenario: Scenario) throws {
    let before = try scenario.prepared()
    let counting = InterceptingFileSystem(MemoryFileSystem(before))
    try scenario.save(in: counting)
    for number in TestCases.every(5, of: counting.calls.indices) {
      for (errno, forever) in [(Self.errors[number % Self.errors.count], false), (EIO, true)]
      where !forever || number % 3 == 0 {
        let what = "\(counting.calls[number]) fails with errno \(errno), forever: \(forever)"
        let system = MemoryFileSystem(before)
        let failing = InterceptingFileSystem(system) { current, call throws(CheckpointError) in
          guard current == number || (forever && current > number) else { return }
          throw .system("injected failure of \(call.kind)", errno: errno, file: call.path)
        }
        let error = error { try scenario.save(in: failing) }
        let value = try scenario.judge(MemoryFileSystem(system.image), what)
        #expect(value == 3 || (error != nil && value == 2), "\(what): \(value)")
        guard let error else { continue }
        let says = error.description.contains("injected failure")
        #expect(says, "\(what): \(error)")
        if error.message.contains("itself is saved") { #expect(value == 3, "\(what)") }
      }
    }
  }

  private func error(_ body: () throws -> Void) -> CheckpointError? {
    do {
      try body()
      return nil
    } catch {
      return error as? CheckpointError
    }
  }

  // TensorFlow's `latest_checkpoint` looks for no other one.
  @Test(arguments: Scenario.all)
  func `has a state file at any moment that names what is there`(scenario: Scenario) throws {
    let system = MemoryFileSystem(try scenario.prepared())
    let watching = InterceptingFileSystem(system) { number, call throws(CheckpointError) in
      let latest = try CheckpointDirectory.State.read(from: "/run", in: system)?.latest
      let isThere = try latest.map { path throws(CheckpointError) in
        try system.hasCheckpoint(at: path)
      }
      #expect(isThere == true, "\(latest ?? "nothing") before call \(number): \(call)")
    }
    try scenario.save(in: watching)
    #expect(watching.calls.count > 50)
  }

  @Test(.timeLimit(.minutes(20)), arguments: Scenario.all)
  func `has the last checkpoint or the new one after a power cut at any moment`(scenario: Scenario)
    throws
  {
    let system = MemoryFileSystem(try scenario.prepared())
    try scenario.save(in: system)
    var cut = PowerCut(system.start)
    var count = 0
    for (number, event) in system.log.enumerated() {
      for image in cut.newImages(after: event) {
        count += 1
        guard TestCases.areAll || count % 5 == 0 else { continue }
        let what = "after call \(number): \(event)"
        let value = try scenario.judge(MemoryFileSystem(image), what)
        #expect(value == 2 || value == 3, "\(what)")
      }
    }
    for image in cut.images() {
      let value = try scenario.judge(MemoryFileSystem(image), "after the save")
      #expect(value == 3, "a save that has returned is gone: \(image.files.keys)")
    }
    #expect(count >= 50, "\(count)")
  }
}
