import CheckpointStore
import CheckpointPlans
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that a process that reads gets one checkpoint, whole, beside another one that saves as fast
/// as it can: every save, and what each call of either does, at whatever time the system likes.
@Suite struct TwoProcessTests {
  private static let saves = TestCases.count(150, sample: 30)
  private let directory: TemporaryDirectory
  private let variables = (0..<3).map { _ in Variable<Float>(repeating: 0, shape: [300]) }

  init() throws { directory = try TemporaryDirectory("two") }

  /// Calls `read` for as long as another process saves, `saves` times: as ``Trainer`` says.
  ///
  /// - Returns: How often something was read.
  private func beside(_ how: String, saves: Int, _ read: () throws -> Void) throws -> Int {
    let path = how == "trainer" ? directory.path : directory.path("m")
    let trainer = try ChildProcess.start(
      "crashing-saver", [path, "1", "\(saves)", how, "\(Int.max)"])
    var count = 0
    while trainer.isRunning {
      do {
        try read()
        count += 1
      } catch let error as CheckpointError {
        // There is none yet.
        guard error.code == .notACheckpoint, count == 0 else { throw error }
      }
    }
    let outcome = trainer.finish()
    #expect(outcome.status == 0, "\(outcome.errors)")
    return count
  }

  private func checkpoint() throws -> Checkpoint {
    try Checkpoint(["w0": variables[0], "w1": variables[1], "w2": variables[2]])
  }

  private func expectOneValue(atLeast last: inout Float) {
    let values = Set(variables.flatMap(\.value.array))
    #expect(values.count == 1, "a mixture of \(values)")
    #expect(values.first ?? 0 >= last, "an older one than before")
    last = values.first ?? 0
  }

  @Test func `an evaluator gets the newest of a directory in which one is kept`() throws {
    let checkpoint = try checkpoint()
    var last: Float = 0
    let count = try beside("trainer", saves: Self.saves) {
      let status = try checkpoint.restore(from: directory.path)
      try status.assertExistingObjectsMatched()
      expectOneValue(atLeast: &last)
    }
    #expect(count > 0)
    try checkpoint.restore(from: directory.path).assertConsumed()
    expectOneValue(atLeast: &last)
    #expect(last == Float(Self.saves))
  }

  @Test func `whoever asks by other ways gets it too`() throws {
    let saver = try Saver([
      "w0/.ATTRIBUTES/VARIABLE_VALUE": variables[0],
      "w1/.ATTRIBUTES/VARIABLE_VALUE": variables[1],
      "w2/.ATTRIBUTES/VARIABLE_VALUE": variables[2],
    ])
    let reader = try CheckpointManager(checkpoint(), directory: directory.path, retention: .all)
    var last: Float = 0
    _ = try beside("trainer", saves: Self.saves) {
      guard let latest = try CheckpointDirectory(directory.path).latest() else { return }
      #expect(latest.hasPrefix(directory.path("ckpt-")))
      try saver.restore(from: directory.path, options: RestoreOptions(placement: .inPlace))
      expectOneValue(atLeast: &last)
      #expect(try reader.restoreOrInitialize()?.isStepBack == false)
      expectOneValue(atLeast: &last)
      #expect(try CheckpointDirectory(directory.path).latestValid() != nil)
      try expectSound()
    }
  }

  @Test func `a prefix is read while it is overwritten`() throws {
    let checkpoint = try checkpoint()
    let prefix = directory.path("m")
    var last: Float = 0
    let count = try beside("overwriting", saves: Self.saves) {
      try checkpoint.read(from: prefix).assertExistingObjectsMatched()
      expectOneValue(atLeast: &last)
      let verification = try Verification(of: prefix)
      #expect(verification.isIntact, "\(verification.problems)")
      try expectSound()
    }
    #expect(count > 0)
  }

  private func expectSound() throws {
    let audit = try CheckpointDirectory.Audit(of: directory.path, checking: .everything)
    let bad = audit.files.filter { ![.complete, .record, .busy].contains($0.kind) }
    #expect(bad.isEmpty, "\(bad)")
  }
}
