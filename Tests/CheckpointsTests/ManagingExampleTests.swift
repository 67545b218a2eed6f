import CheckpointTestSupport
import Checkpoints
import Foundation
import Synchronization
import Testing

/// The code of the article on managing checkpoints and of the README, compiled and run.
///
/// `DocumentationExampleTests` compares it with them line by line.
@Suite struct ManagingExampleTests {
  let directory: TemporaryDirectory
  let model = Classifier()
  let optimizer = Momentum()

  init() throws { directory = try TemporaryDirectory("managing") }

  @Test func `saves and keeps`() throws {
    let run = directory.path("run")

    let checkpoint = try Checkpoint(["model": model, "optimizer": optimizer])
    let manager = try CheckpointManager(
      checkpoint,
      directory: "\(run)",
      retention: .latest(5).or(.every(.hours(2)))
    )
    try manager.restoreOrInitialize()
    try manager.save()  // run/ckpt-1, then run/ckpt-2, …

    for _ in 0..<2 { try manager.save() }
    var lines: [String] = []
    func print(_ decision: RetentionPlan.Decision) { lines.append("\(decision)") }

    let policy = RetentionPolicy.latest(2).or(.best(1, by: "loss", .lowest))
    for decision in policy.plan(for: manager.checkpoints).decisions {
      print(decision)  // run/ckpt-1 goes: 2 are newer, the latest 2 stay; …
    }

    #expect(lines.first == "\(run)/ckpt-1 goes: 2 are newer, the latest 2 stay; it has no 'loss'")
    #expect(lines.count == 3)
  }

  @discardableResult private func train() -> Double { 0.5 }

  @Test func `decides when to save`() throws {
    try signalListening.withLock { _ in try decideWhenToSave() }
  }

  private func decideWhenToSave() throws {
    let run = directory.path("run")
    let checkpoint = try Checkpoint(["model": model, "optimizer": optimizer])

    let manager = try CheckpointManager(
      checkpoint,
      directory: "\(run)",
      retention: .latest(3).or(.best(2, by: "loss", .lowest)),
      saving: .everySteps(500).or(.every(.minutes(10)))
    )
    let termination = try TerminationSignal()
    var step = 0
    while step < 1000, !termination.isReceived {
      step += 1
      let loss = train()
      try manager.save(step: step, metrics: ["loss": loss])  // nil most of the time
    }
    try manager.save(step: step, force: true)

    #expect(manager.checkpoints.map(\.step) == [1, 501, 1000])
  }

  @Test func `saves in the background`() async throws {
    let checkpoint = try Checkpoint(["model": model, "optimizer": optimizer])
    let directory = directory.path("run")
    let manager = try CheckpointManager(checkpoint, directory: directory, retention: .all)

    for step in 1...1000 {
      train()
      if step % 500 == 0 { try manager.saveInBackground(step: step) }
    }
    try await manager.finish()  // the process must not end before

    #expect(manager.checkpoints.map(\.step) == [500, 1000])

    if let save = try manager.saveInBackground() {
      print(save.progress.fractionCompleted)
      save.cancel()
    }

    try await manager.finish()
  }

  @Test func `restores what is intact, and evaluates elsewhere`() async throws {
    let run = directory.path("run")
    let checkpoint = try Checkpoint(["model": model])
    let manager = try CheckpointManager(checkpoint, directory: run, retention: .all)
    try manager.save()
    var isRestored = false

    if let restored = try manager.restoreOrInitialize(checking: .everything) {
      for reason in restored.skipped { print(reason) }  // run/ckpt-9.index: byte 0: …
      print(restored.path)
      isRestored = restored.skipped.isEmpty
    }

    #expect(isRestored)
    var count = 0

    for try await path in CheckpointDirectory("\(run)").updates(timeout: .seconds(3600)) {
      try checkpoint.restore(from: path).assertConsumed()
      count += 1
      break
    }

    #expect(count == 1)
  }
}
