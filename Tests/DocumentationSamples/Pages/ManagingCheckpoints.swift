import Checkpoints
import Foundation

func managingCheckpoints() throws {
  let (model, optimizer) = (Classifier(), Momentum())
  try keeping(model, optimizer)
  try savingWhenItIsTime(model, optimizer)
  try spreading(model, optimizer)
  try keepingByName()

  let checkpoint = try Checkpoint(["model": model])
  let manager = try CheckpointManager(checkpoint, directory: "other", retention: .all)

  if let save = try manager.saveInBackground() {
    print(save.progress.fractionCompleted)
    save.cancel()
  }

  try? manager.waitUntilFinished()  // it may have been cancelled
  try manager.save()
  var isRestored = false

  if let restored = try manager.restoreOrInitialize(checking: .everything) {
    for reason in restored.skipped { print(reason) }  // run/ckpt-9.index: byte 0: …
    print(restored.path)
    isRestored = restored.skipped.isEmpty  // not on the page
  }

  expect(isRestored)
}

private func keeping(_ model: Classifier, _ optimizer: Momentum) throws {
  let checkpoint = try Checkpoint(["model": model, "optimizer": optimizer])
  let manager = try CheckpointManager(
    checkpoint,
    directory: "run",
    retention: .latest(5).or(.everyHours(2))
  )
  try manager.restoreOrInitialize()
  try manager.save()  // run/ckpt-1, then run/ckpt-2, …

  for _ in 0..<2 { try manager.save() }
  var lines: [String] = []
  func print(_ decision: RetentionPolicy.Plan.Decision) { lines.append("\(decision)") }

  let policy = RetentionPolicy.latest(2).or(.best(1, by: "loss", .lowest))
  for decision in policy.plan(for: manager.checkpoints).decisions {
    print(decision)  // run/ckpt-1 goes: 2 are newer, the latest 2 stay; …
  }

  expect(lines.first == "run/ckpt-1 goes: 2 are newer, the latest 2 stay; it has no 'loss'")
  expect(lines.count == 3)
}

private func keepingByName() throws {
  let step = Variable<Int64>(1000)

  let saver = try Saver(["global_step": step])
  let byName = try CheckpointManager(
    saver,
    directory: "names",
    retention: .latest(5),
    stepCounter: step
  )
  try byName.restoreOrInitialize()
  try byName.save(step: Int(step.scalar))  // names/ckpt-1000

  expect(byName.latest == "names/ckpt-1000")
}

private func savingWhenItIsTime(_ model: Classifier, _ optimizer: Momentum) throws {
  let checkpoint = try Checkpoint(["model": model, "optimizer": optimizer])
  let manager = try CheckpointManager(
    checkpoint,
    directory: "run",
    retention: .latest(3).or(.best(2, by: "loss", .lowest)),
    saving: .everySteps(500).or(.every(.seconds(600)))
  )
  let termination = try CheckpointManager.TerminationSignal()
  var step = 0
  while step < 1000, !termination.isReceived {
    step += 1
    let loss = train()
    try manager.save(step: step, metrics: ["loss": loss])  // nil most of the time
  }
  try manager.save(step: step, force: true)

  expect(manager.checkpoints.compactMap(\.step).suffix(3) == [1, 501, 1000])
}

private func spreading(_ model: Classifier, _ optimizer: Momentum) throws {
  try FileManager.default.removeItem(atPath: "run")

  let checkpoint = try Checkpoint(
    ["model": model, "optimizer": optimizer],
    options: SaveOptions(sharding: .maxBytes(1 << 30))
  )
  let manager = try CheckpointManager(checkpoint, directory: "run", retention: .latest(5))
  try manager.save()
  checkpoint.options.sharding = .by { $0.key.description.hasPrefix("model/") ? 0 : 1 }
  try manager.save()  // run/ckpt-2.data-00000-of-00002, run/ckpt-2.data-00001-of-00002

  expect(FileManager.default.fileExists(atPath: "run/ckpt-1.data-00000-of-00001"))
  expect(FileManager.default.fileExists(atPath: "run/ckpt-2.data-00001-of-00002"))
}
