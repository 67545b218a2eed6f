import Checkpoints

func safetensorsAndHuggingFace() throws {
  try writeDottedNames()

  let model = Classifier()
  let checkpoint = try Checkpoint(["model": model])
  try checkpoint.restore(from: "model.safetensors", mapping: .names(.slashed))
    .assertExistingObjectsMatched()

  expect(model.hidden.kernel.value.array.allSatisfy { $0 == 2 })
  model.hidden.kernel.value = Tensor(repeating: 0, shape: [64, 128])

  let saver = try Saver(["model.hidden.kernel": model.hidden.kernel])
  try saver.restore(from: "model.safetensors")
  try saver.restore(from: "run/ckpt", mapping: .names(.dotted))

  expect(model.hidden.kernel.value.array.allSatisfy { $0 == 2 })

  let averaged: KeyMapping = [.prefer("/ExponentialMovingAverage"), .names(.dotted)]

  expect(averaged.rules.count == 2)
}

private func writeDottedNames() throws {
  let saved = Classifier()
  saved.hidden.kernel.value = Tensor(repeating: 2, shape: [64, 128])
  try Checkpoint(["model": saved]).write(to: "run/ckpt")

  var options = CheckpointConversion.Options()
  options.mapping = .names(.dotted)
  try CheckpointConversion(from: "run/ckpt", to: "model.safetensors", options: options).run()
}
