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
  try modelDirectories(checkpoint)
}

private func modelDirectories(_ checkpoint: Checkpoint) throws {
  let llama = SaveOptions(format: .modelDirectory, sharding: .maxBytes(40_000))
  try Saver(
    [
      "model.hidden.kernel": Variable<Float>(repeating: 3, shape: [64, 128]),
      "b": Variable<Float>(1),
    ],
    options: llama
  ).save(to: "llama")

  let reader = try CheckpointReader("llama")
  print(reader.format, reader.shardCount)  // modelDirectory 2
  let status = try checkpoint.restore(
    from: "llama", mapping: .names(.slashed), options: RestoreOptions(.matching))

  expect(!status.expectPartial().restored.isEmpty)
  expect(reader.format == .modelDirectory)
  let weights = Variable<Float>(1)

  let single = try Saver(["w": weights], options: SaveOptions(format: .safetensors))
  try single.save(to: "weights/w")  // weights/w.safetensors
  let options = SaveOptions(
    format: .modelDirectory, sharding: .maxBytes(1 << 30), omitsUnsupported: true)

  expect(try CheckpointReader("weights/w.safetensors").entries().count == 1)
  expect(options.omitsUnsupported)
}

private func writeDottedNames() throws {
  let saved = Classifier()
  saved.hidden.kernel.value = Tensor(repeating: 2, shape: [64, 128])
  try Checkpoint(["model": saved]).write(to: "run/ckpt")

  var options = CheckpointConversion.Options()
  options.mapping = .names(.dotted)
  try CheckpointConversion(from: "run/ckpt", to: "model.safetensors", options: options).run()
}
