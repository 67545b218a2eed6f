import CheckpointStore
import CheckpointGraph
import CheckpointIO
import CheckpointSafetensors
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a manager's process can be killed at any moment of its life: the next one finds a
/// checkpoint that verifies, no older than the last that was reported saved, and cleans up.
///
/// `CHECKPOINTS_KILL_POINTS` says how many moments are tried, 500 for a thorough run; they are chosen
/// at random, by the seed of `CHECKPOINTS_KILL_SEED`.
@Suite struct ManagerKillTests {
  @Test(arguments: [CheckpointFormat.v2, .modelDirectory, .safetensors])
  func `finds its way back wherever it is killed`(format: CheckpointFormat) throws {
    try ManagerKills(format: format).findsItsWay()
  }
}

private struct ManagerKills {
  static func setting(_ name: String) -> Int? {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
  }

  private let format: CheckpointFormat

  init(format: CheckpointFormat) { self.format = format }

  private func life(_ directory: String, first: Int, count: Int, killedAt call: Int) throws
    -> ChildProcess.Outcome
  {
    try ChildProcess.run(
      "crashing-saver",
      [directory, "\(first)", "\(count)", "manager-\(format.rawValue)", "\(call)"])
  }

  func findsItsWay() throws {
    let whole = try TemporaryDirectory("life")
    let calm = try life(whole.path, first: 1, count: 12, killedAt: .max)
    let lines = calm.output.split(separator: "\n")
    let callCount = try #require(lines.last.flatMap { Int($0) }, "\(calm.errors)")
    #expect(lines.dropLast() == (1...12).map { "saved \($0)" }[...])
    #expect(callCount > 200)
    var rng = SeededGenerator(seed: UInt64(Self.setting("CHECKPOINTS_KILL_SEED") ?? 1))
    for _ in 0..<(Self.setting("CHECKPOINTS_KILL_POINTS") ?? (TestCases.areAll ? 25 : 2)) {
      let (first, second) = (
        Int.random(in: 0..<callCount, using: &rng), Int.random(in: 0..<(callCount / 2), using: &rng)
      )
      try check(killedAt: first, then: second)
    }
  }

  /// Two lives that end early, and what is left after each.
  private func check(killedAt first: Int, then second: Int) throws {
    let directory = try TemporaryDirectory("killed")
    var last = 0
    for (call, start) in [(first, 1), (second, 20)] {
      let outcome = try life(directory.path, first: start, count: 12, killedAt: call)
      #expect(outcome.wasKilled || call == second, "call \(call): \(outcome.errors)")
      let reported = outcome.output.split(separator: "\n").compactMap { line in
        line.hasPrefix("saved ") ? Int(line.dropFirst(6)) : nil
      }
      last = max(last, reported.last ?? 0)
      try judge(directory, last: last, "killed at call \(first), then \(second); at \(call)")
    }
  }

  private func judge(_ directory: TemporaryDirectory, last: Int, _ what: String) throws {
    let weights = Variable<Float>(repeating: 0, shape: [300])
    let bias = Variable<Float>(repeating: 0, shape: [300])
    let checkpoint = try Checkpoint(
      ["w": weights, "b": bias], options: SaveOptions(format: format, omitsUnsupported: true))
    let manager = try CheckpointManager(
      checkpoint, directory: directory.path, retention: .latest(1))
    let restored = try manager.restoreOrInitialize(checking: .everything)
    #expect(restored?.isStepBack != true, "\(what): \(restored?.skipped ?? [])")
    #expect(Set(weights.value.array + bias.value.array).count == 1, "\(what): a mixture")
    #expect(Int(weights.value[0]) >= last, "\(what): saved \(last), found \(weights.value[0])")
    try checkFiles(directory, what)
  }

  // After the next start every file belongs to a whole checkpoint, or is one of the two beside them.
  private func checkFiles(_ directory: TemporaryDirectory, _ what: String) throws {
    let audit = try CheckpointDirectory.Audit(of: directory.path, checking: .everything)
    var expected: Set = ["checkpoint", "ckpt.history.json"]
    for path in Set(audit.files.compactMap(\.checkpoint)) {
      #expect(try Verification(of: path).isIntact, "\(what): \(path)")
    }
    for file in audit.files where file.kind == .complete { expected.insert(file.name) }
    if format == .modelDirectory { expected.formUnion(try filesOfModels(directory)) }
    let others = Set(directory.names).subtracting(expected)
    #expect(others.isEmpty, "\(what): \(others)")
  }

  private func filesOfModels(_ directory: TemporaryDirectory) throws -> Set<String> {
    var expected: Set<String> = []
    for name in directory.names where CheckpointNumber.isName(name) {
      let index = "\(name)/model.safetensors.index.json"
      let model = try ModelIndex(filesOf: directory.path(index), LocalFileSystem())
      expected.formUnion([name, index] + (model?.files ?? []).map { "\(name)/\($0)" })
    }
    return expected
  }
}

private enum CheckpointNumber {
  static func isName(_ name: String) -> Bool {
    name.hasPrefix("ckpt-") && name.dropFirst(5).allSatisfy(\.isNumber)
  }
}
