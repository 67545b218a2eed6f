import CheckpointBundle
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
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
      cut.apply(event)
      for image in cut.images() {
        count += 1
        let left = try judge(image, scenario, "after call \(number): \(event)")
        guard count % 13 == 0 else { continue }
        try checkNextSave(image, left, scenario)
      }
    }
    for image in cut.images() {
      let left = try judge(image, scenario, "after the save")
      #expect(left == SaveScenario.new, "a save that has returned is gone: \(image.files.keys)")
    }
    #expect(count >= 100)
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
  private func judge(
    _ image: MemoryFileSystem.Image,
    _ scenario: SaveScenario,
    _ when: String
  ) throws -> Float? {
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
  private func judgeState(
    _ system: MemoryFileSystem,
    _ scenario: SaveScenario,
    _ places: String
  ) throws {
    guard scenario.keepsState else { return }
    let earlier = try SaveScenario.value(SaveScenario.earlier, system)
    let isNewSaved = try SaveScenario.value(scenario.prefix, system) != nil
    let mayBeGone = scenario.deletesEarlier && isNewSaved
    #expect(earlier == SaveScenario.old || (earlier == nil && mayBeGone), "\(places)")
    let latest = try CheckpointDirectory("/run", fileSystem: system).latest()
    let path = try #require(latest, "the state file leads nowhere \(places)")
    #expect(try SaveScenario.value(path, system) != nil, "\(places)")
  }

  // Whatever is left is in nobody's way, and is never taken for something else.
  private func checkNextSave(
    _ image: MemoryFileSystem.Image,
    _ left: Float?,
    _ scenario: SaveScenario
  ) throws {
    let system = MemoryFileSystem(image)
    let other = Path.join(Path(scenario.prefix).directory, "other")
    try scenario.save(5, to: other, shards: 1, system)
    #expect(try SaveScenario.value(scenario.prefix, system) == left)
    #expect(try SaveScenario.value(other, system) == 5)
    try scenario.save(6, to: scenario.prefix, shards: 1, system)
    #expect(try SaveScenario.value(scenario.prefix, system) == 6)
    #expect(!system.paths.contains { $0.contains("swift-checkpoints") })
  }
}
