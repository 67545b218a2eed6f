import CheckpointPlans
import CheckpointStore
import CheckpointBundle
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that no order in which a disk keeps things can lose a checkpoint: every moment of a save,
/// and everything that may be left then.
@Suite struct PowerCutTests {
  @Test(.timeLimit(.minutes(20)), arguments: SaveScenario.all)
  func `has the old checkpoint or the new one after a power cut at any moment`(
    scenario: SaveScenario
  ) throws {
    let system = try scenario.prepared()
    try scenario.save(in: system)
    var cut = PowerCut(system.start)
    var count = 0
    for (number, event) in system.log.enumerated() {
      for image in cut.newImages(after: event) {
        count += 1
        let what = "after call \(number): \(event)"
        let left = try judge(image, scenario, what)
        try checkNextSave(image, left, scenario, what)
      }
    }
    for image in cut.images() {
      let left = try judge(image, scenario, "after the save")
      #expect(left == SaveScenario.new, "a save that has returned is gone: \(image.files.keys)")
    }
    #expect(count > 10)
  }

  @Test func `finds what goes wrong without syncs`() throws {
    let scenario = SaveScenario(testDescription: "over one data file", oldShards: 1)
    let system = try scenario.prepared()
    try scenario.save(in: system, durability: .none)
    var cut = PowerCut(system.start)
    for event in system.log { cut.apply(event) }
    let bad = cut.images().filter { image in
      let value = try? SaveScenario.value(scenario.prefix, MemoryFileSystem(image))
      return value == nil
    }
    #expect(!bad.isEmpty)
  }

  /// The number of the checkpoint that the save is about.
  @discardableResult
  private func judge(_ image: MemoryFileSystem.Image, _ scenario: SaveScenario, _ when: String)
    throws -> Float?
  {
    let system = MemoryFileSystem(image)
    let places = "\(when), left: \(image.files.mapValues(\.count))"
    do {
      let value = try SaveScenario.value(scenario.prefix, system)
      if scenario.oldShards > 0 { #expect(value != nil, "nothing is left \(places)") }
      if scenario.oldShards == 0 { #expect(value != SaveScenario.old, "\(places)") }
      try judgeState(system, scenario, places)
      return value
    } catch {
      Issue.record("\(error) \(places)")
      return nil
    }
  }

  // The state file always leads to a whole checkpoint, and an earlier one stays.
  private func judgeState(_ system: MemoryFileSystem, _ scenario: SaveScenario, _ places: String)
    throws
  {
    guard scenario.keepsState else { return }
    let earlier = try SaveScenario.value(SaveScenario.earlier, system)
    let isNewSaved = try SaveScenario.value(scenario.prefix, system) != nil
    let mayBeGone = scenario.deletesEarlier && isNewSaved
    #expect(earlier == SaveScenario.old || (earlier == nil && mayBeGone), "\(places)")
    let latest = try CheckpointDirectory("/run", fileSystem: system).latest()
    let path = try #require(latest, "the state file leads nowhere \(places)")
    #expect(try SaveScenario.value(path, system) != nil, "\(places)")
  }

  // Whatever is left is in nobody's way, is never taken for something else, and is gone after one save.
  private func checkNextSave(
    _ image: MemoryFileSystem.Image, _ left: Float?, _ scenario: SaveScenario, _ what: String
  ) throws {
    let system = MemoryFileSystem(image)
    let places = "\(what), left: \(image.files.mapValues(\.count))"
    let other = Path.join(Path(scenario.prefix).directory, "other")
    let prefixes = [SaveScenario.earlier, scenario.prefix, other]
    do {
      try scenario.save(5, to: other, shards: 1, system)
    } catch {
      Issue.record("the next save fails: \(error); \(places)")
      return
    }
    #expect(try SaveScenario.value(scenario.prefix, system) == left)
    #expect(try SaveScenario.value(other, system) == 5)
    #expect(try scenario.litter(system, besides: prefixes) == [], "\(places)")
    let same = MemoryFileSystem(image)
    try scenario.save(6, to: scenario.prefix, shards: 1, same)
    #expect(try SaveScenario.value(scenario.prefix, same) == 6)
    #expect(try scenario.litter(same, besides: prefixes) == [], "\(places)")
  }

  // A save that is not durable may lose what it replaces. What it leaves is in nobody's way all the
  // same.
  @Test(.timeLimit(.minutes(20)), arguments: SaveScenario.all)
  func `leaves nothing in the way after a power cut during a save that is not durable`(
    scenario: SaveScenario
  ) throws {
    let system = try scenario.prepared()
    try scenario.save(in: system, durability: .none)
    var cut = PowerCut(system.start, keepsOrder: true)
    var count = 0
    for (number, event) in system.log.enumerated() {
      for image in cut.newImages(after: event) {
        count += 1
        guard count % Self.stride == 0 else { continue }
        for durability in [SaveOptions.Durability.full, .none] {
          let next = MemoryFileSystem(image)
          let what = "after call \(number), left: \(image.files.mapValues(\.count))"
          do {
            try scenario.save(
              6, to: scenario.prefix, shards: scenario.newShards, next, durability: durability)
          } catch {
            Issue.record("the next save fails: \(error); \(what)")
            continue
          }
          #expect(try SaveScenario.value(scenario.prefix, next) == 6, "\(what)")
          let temporary = next.paths.filter { $0.contains("swift-checkpoints") }
          #expect(temporary.isEmpty, "\(what): \(temporary)")
        }
      }
    }
    #expect(count >= 10)
  }

  // A process is killed, and then, while the next one saves, the power goes.
  @Test(.timeLimit(.minutes(20)), arguments: SaveScenario.all)
  func `leaves nothing in the way if a save after a killed one ends with a power cut`(
    scenario: SaveScenario
  ) throws {
    let before = try scenario.prepared().image
    let counting = InterceptingFileSystem(MemoryFileSystem(before))
    try scenario.save(in: counting)
    var seen: Set<MemoryFileSystem.Image> = []
    for (kill, call) in counting.calls.enumerated() where call.kind.changesFiles {
      let system = MemoryFileSystem(before)
      let dying = InterceptingFileSystem.failing(system, at: kill, errno: EIO, forever: true)
      try? scenario.save(in: dying)  // what cannot be deleted is no error of the save
      let killed = system.log.count
      try scenario.save(in: system)
      var cut = PowerCut(system.start)
      for (number, event) in system.log.enumerated() {
        guard number >= killed else {
          cut.apply(event)
          continue
        }
        for image in cut.newImages(after: event) where seen.insert(image).inserted {
          guard seen.count % Self.stride == 0 else { continue }
          let what = "killed at \(call), cut after \(number): \(event)"
          let left = try judge(image, scenario, what)
          try checkNextSave(image, left, scenario, what)
        }
      }
    }
  }

  private static let stride =
    ProcessInfo.processInfo.environment["CHECKPOINTS_LONG_TESTS"] != nil
    ? 1 : TestCases.areAll ? 11 : 41
}
