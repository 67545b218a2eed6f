import Checkpoints

final class Growing: Checkpointable {
  let hidden = Dense(64, 128)
  @Dependency var head: Dense? = nil
}

final class Other: Checkpointable {
  let hidden = Dense(64, 128)
  let heads = [Dense(128, 10), Dense(128, 5)]  // the second is for another task
}

func restoringObjects() throws {
  try goingOn()
  try comingLater()
  try takingPartOfAModel()
  try takingNames()
}

private func goingOn() throws {
  let (model, optimizer) = (Classifier(), Momentum())
  try Checkpoint(["model": model, "optimizer": optimizer]).save(to: "run/ckpt")

  let checkpoint = try Checkpoint(["model": model, "optimizer": optimizer])
  if let path = try CheckpointDirectory("run").latest() {
    try checkpoint.restore(from: path).assertConsumed()
  }

  let path = "run/ckpt-1"

  let status = try checkpoint.restore(from: path)
  print(status)  // run/ckpt-1: 8 restored
  for place in status.deferred { print("waits for an object:", place) }
  for place in status.unused { print("not in the program:", place) }

  expect("\(status)" == "run/ckpt-1: 8 restored")
}

private func comingLater() throws {
  let saved = Growing()
  saved.head = Dense(128, 10)
  saved.head?.bias.withMutableScalars { $0[0] = 7 }
  let path = try Checkpoint(["model": saved]).save(to: "run/growing")

  let model = Growing()
  let status = try Checkpoint(["model": model]).restore(from: path)
  print(status.deferred)  // ["model/head/kernel", "model/head/bias"]
  model.head = Dense(128, 10)  // has the restored values now
  try status.assertConsumed()

  expect(model.head?.bias.value[0] == 7)
  try comingWithoutAssignment()
}

private func comingWithoutAssignment() throws {
  let plain = Classifier()
  plain.extra = Dense(128, 3)
  plain.extra?.bias.withMutableScalars { $0[0] = 7 }
  let other = try Checkpoint(["model": plain]).save(to: "run/other")

  let classifier = Classifier()
  let checkpoint = try Checkpoint(["model": classifier])

  let later = try checkpoint.restore(from: other)
  classifier.extra = Dense(128, 3)
  try checkpoint.restoreDeferred()  // model/extra has its values now
  try later.assertConsumed()

  expect(classifier.extra?.bias.value[0] == 7)

  let empty = try Checkpoint([:])
  let all = try empty.restore(from: other)
  let late = Classifier()
  late.extra = Dense(128, 3)
  try empty.track(late, as: "model")  // restored at once
  try all.assertConsumed()

  expect(late.extra?.bias.value[0] == 7)
}

private func takingPartOfAModel() throws {
  let pretrained = Classifier()
  pretrained.hidden.bias.withMutableScalars { $0[0] = 7 }
  let path = try Checkpoint(["model": pretrained]).save(to: "run/pretrained")

  let model = Other()
  let checkpoint = try Checkpoint(["model": model])

  let comparison = try checkpoint.compare(with: path)
  print(comparison)

  let status = try checkpoint.restore(from: path, options: RestoreOptions(.matching))
  print(status.missing)  // what still has to be trained

  expect(comparison.mismatched.count == 2)
  expect(comparison.restored.count == 4)
  expect(status.missing.count == 2)
  expect(model.hidden.bias.value[0] == 7)

  let hidden = Dense(64, 128)
  try Checkpoint(hidden).restore(from: path, at: "model/hidden").assertConsumed()

  expect(hidden.bias.value[0] == 7)
  do {
    try checkpoint.restore(from: path).assertConsumed()
    fail("a head of another shape was restored")
  } catch {
    expect(error.description.contains("heads/1/kernel"))
  }
}

private func takingNames() throws {
  let saved = Dense(784, 10)
  saved.bias.value[0] = 7
  let variables: KeyValuePairs<String, any TensorVariable> = [
    "dense/kernel": saved.kernel, "dense/bias": saved.bias, "global_step": Variable<Int64>(90000),
  ]
  try Saver(variables).save(to: "legacy/model", step: 90000)

  let dense = Dense(784, 10)  // dense/kernel and dense/bias: its place says so
  let step = Variable<Int64>(0, name: "global_step")
  let checkpoint = try Checkpoint(["dense": dense, "step": step])
  try checkpoint.restore(from: "legacy/model-90000").assertConsumed()

  expect(dense.bias.value == saved.bias.value)
  expect(step.scalar == 90000)
}
