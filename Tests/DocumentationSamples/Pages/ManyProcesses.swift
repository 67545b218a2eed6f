import Checkpoints

func manyProcesses() throws {
  let group = try LaunchedProcesses()  // rank and count, as the launcher says
  let options = SaveOptions(processes: group)

  // Each process has some of the rows of the table, and all of the rest.
  let first = 1_000 * group.rank / group.count
  let rows = 1_000 * (group.rank + 1) / group.count - first
  let part = Variable<Float>(repeating: 0, shape: [rows, 64])
  let table = try PartitionedVariable(
    [(TensorSlice(starts: [first, 0], shape: [rows, 64]), part)], shape: [1_000, 64],
    allowsGaps: true
  )
  let step = Variable<Int64>(0)

  let checkpoint = try Checkpoint(["table": table, "step": step], options: options)
  let manager = try CheckpointManager(
    checkpoint, directory: "run", retention: .latest(3), stepCounter: step)
  try manager.restoreOrInitialize()
  try manager.save()

  expect(manager.latest == "run/ckpt-1")

  try manager.restoreOrInitialize(options: RestoreOptions(readsOnlyParts: true))

  let termination = try CheckpointManager.TerminationSignal()
  var isEnding = false
  while step.scalar < 1000, !isEnding {
    train()
    step.scalar += 1
    if step.scalar % 100 == 0 { try manager.save() }
    isEnding = sumOverAll(termination.isReceived ? 1 : 0) > 0  // the same in all processes
  }
  if step.scalar % 100 != 0 { try manager.save() }

  expect(step.scalar == 1000 && manager.latest == "run/ckpt-11")

  let position = RunState(12_000)  // different in every process
  let run = try Checkpoint(
    ["table": table, "position": PerProcess(position, of: group)],
    options: options
  )
  try run.save(to: "run/state")

  position.value = 0
  try run.restore(from: "run/state-1").assertConsumed()
  expect(position.value == 12_000)
}

/// The sum of what all processes say, as the page means it; here is one.
private func sumOverAll(_ number: Int) -> Int { number }
