import Checkpoints

func threads() throws {
  let checkpoint = try Checkpoint(["model": Classifier()])
  for _ in 0..<2 { try checkpoint.save(to: "run/ckpt") }
  areSendable()
  try keepsTheMoment()
}

// The compiler knows the first column of the table.
private func areSendable() {
  func check(_: (some Sendable).Type) {}
  check(Tensor<Float>.self)
  check(AnyTensor.self)
  check(TensorShape.self)
  check(TensorSpec.self)
  check(TensorKey.self)
  check(TensorSlice.self)
  check(DType.self)
  check(CheckpointReader.self)
  check(ObjectGraph.self)
  check(MetaGraphSummary.self)
  check(Verification.self)
  check(CheckpointDirectory.self)
  check(CheckpointConversion.self)
  check(SaveOptions.self)
  check(RestoreOptions.self)
  check(RetentionPolicy.self)
  check(KeyMapping.self)
  check(RestoreReport.self)
  check(Checkpoint.Comparison.self)
  check(CheckpointManager.Saved.self)
  check(Saver.Saved.self)
  check(CheckpointError.self)
  check(CheckpointManager.BackgroundSave.self)
  check(CheckpointManager.TerminationSignal.self)
  check(LaunchedProcesses.self)
}

/// A background save has what was there at the call, whatever becomes of it.
private func keepsTheMoment() throws {
  let weight = Variable<Float>([1, 2])
  let words = Variable<String>(["a"])
  let box = TensorBox(Matrix(rows: 1, columns: 1))
  let epoch = RunState(1)
  let all = try Checkpoint(["weight": weight, "words": words, "box": box, "epoch": epoch])
  let manager = try CheckpointManager(all, directory: "moment", retention: .all)

  try manager.saveInBackground()
  weight.value[0] = 9
  words.scalar = "b"
  box.value.elements[0] = 9
  epoch.value = 9
  try manager.waitUntilFinished()

  try manager.restoreOrInitialize()
  expect(weight.value.array == [1, 2])
  expect(words.value.array == ["a"])
  expect(box.value.elements == [0])
  expect(epoch.value == 1)
}
