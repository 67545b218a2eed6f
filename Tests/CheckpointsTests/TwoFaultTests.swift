import CheckpointPlans
import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that one failure does not prepare the ground for another.
///
/// Any call fails, and later, at a rename or a removal, another one does, or the process dies. What
/// stood there before stands, or the new one does, and the next save finds nothing in its way.
///
/// `CHECKPOINTS_LONG_TESTS` tries all pairs; without it, some of them.
@Suite struct TwoFaultTests {
  static let stride =
    ProcessInfo.processInfo.environment["CHECKPOINTS_LONG_TESTS"] != nil
    ? 1 : TestCases.areAll ? 7 : 97

  /// What is disturbed.
  struct Trial: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let before: @Sendable () throws -> MemoryFileSystem.Image
    let save: @Sendable (any FileSystem) throws -> Void
    /// Judges what is left, and saves once more.
    let judge: @Sendable (MemoryFileSystem.Image, String) throws -> Void
  }

  static let trials =
    SaveScenario.all.map(trial) + ManagerFaultTests.Scenario.all.map(trial)
    + [shardedV1]

  private static func trial(_ scenario: SaveScenario) -> Trial {
    Trial(
      testDescription: scenario.testDescription, before: { try scenario.prepared().image },
      save: { try scenario.save(in: $0) },
      judge: { image, what in
        let system = MemoryFileSystem(image)
        let value = try SaveScenario.value(scenario.prefix, system)
        let old = scenario.oldShards > 0 ? SaveScenario.old : nil
        #expect(value == SaveScenario.new || value == old, "\(what)")
        if scenario.keepsState, !scenario.deletesEarlier {
          #expect(try SaveScenario.value(SaveScenario.earlier, system) == SaveScenario.old)
        }
        try scenario.checkNextSave(system, what)
      })
  }

  private static func trial(_ scenario: ManagerFaultTests.Scenario) -> Trial {
    Trial(
      testDescription: "managed, \(scenario.testDescription)", before: { try scenario.prepared() },
      save: { try scenario.save(in: $0) },
      judge: { image, what in
        let value = try scenario.judge(MemoryFileSystem(image), what)
        #expect(value == 2 || value == 3, "\(what)")
      })
  }

  // Several files cannot appear in one step: some may be there, each of them whole.
  private static let shardedV1: Trial = {
    @Sendable func save(_ system: any FileSystem) throws {
      var options = SaveOptions()
      options.fileSystem = system
      var writer = try SlicesWriter(prefix: "/run/m", shardCount: 3, options: options.files)
      for shard in 0..<3 {
        try writer.add(Tensor<Float>([1]), for: TensorKey("w\(shard)"), part: nil, shard: shard)
      }
      try writer.finish()
    }
    return Trial(
      testDescription: "V1 in three files", before: { MemoryFileSystem().image }, save: save,
      judge: { image, what in
        let system = MemoryFileSystem(image)
        let files = SlicesPath(prefix: "/run/m", shardCount: 3).shards
        if files.allSatisfy({ image.files[$0] != nil }) {
          for file in files { try system.removeFile(file) }
        }
        do {
          try save(system)
        } catch {
          Issue.record("the next save fails: \(error); \(what); left: \(image.files.keys)")
        }
        #expect(system.paths == files, "\(what)")
      })
  }()

  @Test(.timeLimit(.minutes(30)), arguments: trials)
  func `loses nothing and stands in nobody's way`(trial: Trial) throws {
    let before = try trial.before()
    let counting = InterceptingFileSystem(MemoryFileSystem(before))
    try trial.save(counting)
    var pairs = 0
    for first in counting.calls.indices {
      let alone = try run(trial, before, first, nil, dies: false)
      for second in alone.calls.indices.dropFirst(first + 1) {
        guard [.rename, .remove, .removeLock, .link].contains(alone.calls[second].kind) else {
          continue
        }
        for dies in [false, true] {
          pairs += 1
          guard pairs % Self.stride == 0 else { continue }
          let faults = try run(trial, before, first, second, dies: dies)
          let end = dies ? "the process dies" : "an error"
          try trial.judge(
            faults.image, "\(alone.calls[first]) fails, then \(end) at \(alone.calls[second])")
        }
      }
    }
    #expect(pairs > 20)
  }

  private func run(
    _ trial: Trial, _ before: MemoryFileSystem.Image, _ first: Int, _ second: Int?, dies: Bool
  ) throws -> (calls: [FileCall], image: MemoryFileSystem.Image) {
    let system = MemoryFileSystem(before)
    let failing = InterceptingFileSystem(system) { number, call throws(CheckpointError) in
      guard number == first || number == second || (dies && number > second ?? .max) else { return }
      throw .system("injected failure of \(call.kind)", errno: EIO, file: call.path)
    }
    do {
      try trial.save(failing)
    } catch is CheckpointError {
      // Or none: not every failure matters.
    }
    return (failing.calls, system.image)
  }
}
