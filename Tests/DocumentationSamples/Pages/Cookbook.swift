import Checkpoints
import Foundation

func cookbook() throws {
  try resuming()
  try resuming()  // finds that it has ended
  try fineTuning()
  try fromKeras3()
  try fromHuggingFace()
  try averaging()
  try renaming()
  try onACluster()
}

// MARK: Resume a training

private func resuming() throws {
  let model = Classifier()
  let optimizer = Momentum()
  let step = Variable<Int64>(0)
  let checkpoint = try Checkpoint(["model": model, "optimizer": optimizer, "step": step])
  let manager = try CheckpointManager(
    checkpoint, directory: "run", retention: .latest(3), saving: .everySteps(100),
    stepCounter: step)

  try manager.restoreOrInitialize()
  let termination = try CheckpointManager.TerminationSignal()
  while step.scalar < 1000, !termination.isReceived {
    train()
    step.scalar += 1
    try manager.saveInBackground()  // saves the first time, and then every 100 steps
  }
  try manager.save(force: true)

  expect(manager.checkpoints.compactMap(\.step) == [801, 901, 1000])
}

// MARK: Fine-tune a model of TensorFlow

final class Parity: Checkpointable {
  let hidden = Dense(64, 128)  // as it was trained
  let head = Dense(128, 2)  // new
}

private func fineTuning() throws {
  try copy("Examples/DigitsModel/Data/tensorflow", to: "pretrained")

  let parity = Parity()
  let pretrained = "pretrained/digits-mlp-6000"
  let status = try Checkpoint(parity).restore(from: pretrained, options: RestoreOptions(.partial))
  print(status.missing)  // what still has to be trained

  expect(status.missing == ["head/kernel", "head/bias"])
  expect(parity.hidden.kernel.value.array.contains { $0 != 0 })
}

// MARK: Take over a model of Keras

private func fromKeras3() throws {
  try copy("Tests/TensorFlowFixtureTests/Fixtures/keras/keras3_export", to: "keras/exported")

  let net = Net()
  try Checkpoint(["net": net]).restore(from: "keras/exported", mapping: []).assertConsumed()

  try Checkpoint(["net": net]).write(to: "swift/net")
  var dotted = CheckpointConversion.Options()
  dotted.mapping = .names(.dotted)
  try CheckpointConversion(from: "swift/net", to: "net.safetensors", options: dotted).run()

  expect(net.d2.bias.scalar == 8)
  let names = try CheckpointReader("net.safetensors").entries().map(\.key.description)
  expect(names.count == 8 && names.contains("net.d1.kernel"))
}

// MARK: Take over a model of Hugging Face

final class Head: Checkpointable {
  let hidden = Dense(64, 128)
  let output = Dense(128, 10)
}

private func fromHuggingFace() throws {
  let downloaded = try Saver(
    [
      "head.hidden.weight": Variable<Float>(repeating: 2, shape: [128, 64]),
      "head.hidden.bias": Variable<Float>(repeating: 3, shape: [128]),
      "head.output.weight": Variable<Float>(repeating: 4, shape: [10, 128]),
      "head.output.bias": Variable<Float>(repeating: 5, shape: [10]),
    ], options: SaveOptions(format: .modelDirectory))
  try downloaded.save(to: "downloaded")

  let fromPyTorch: KeyMapping = [
    .names(.slashed),  // head.hidden.weight becomes head/hidden/weight
    .replace(#"/weight$"#, with: "/kernel"),
    .transform(.suffix("/kernel"), .transpose([1, 0])),  // PyTorch has [outputs, inputs]
  ]
  let head = Head()
  try Checkpoint(["head": head]).restore(from: "downloaded", mapping: fromPyTorch)
    .assertExistingObjectsMatched()

  expect(head.output.kernel.value.array.allSatisfy { $0 == 4 })
}

// MARK: Keep moving averages

/// Moves each average towards its weight; with a rate of 1, all the way.
func follow(_ weights: [Variable<Float>], with averages: [Variable<Float>], rate: Float) {
  for (weight, average) in zip(weights, averages) {
    let target = weight.value.array
    average.withMutableScalars { values in
      for index in values.indices { values[index] += rate * (target[index] - values[index]) }
    }
  }
}

private func averaging() throws {
  let old = try Saver([
    "bert/kernel": Variable<Float>(repeating: 1, shape: [64, 10]),
    "bert/kernel/ExponentialMovingAverage": Variable<Float>(repeating: 7, shape: [64, 10]),
  ])
  try old.save(to: "bert/model.ckpt")

  let (layer, averaged) = (Dense(64, 10), Dense(64, 10))
  let both = try Checkpoint(["layer": layer, "averaged": averaged])
  let (weights, averages) = ([layer.kernel, layer.bias], [averaged.kernel, averaged.bias])
  follow(weights, with: averages, rate: 1)  // once: the averages begin with the first weights
  train()
  follow(weights, with: averages, rate: 0.001)  // after each step
  try both.save(to: "averages/ckpt")

  let evaluated = Dense(64, 10)
  try Checkpoint(evaluated).restore(from: "averages", at: "averaged").assertConsumed()

  let bert = try Saver(["bert/kernel": evaluated.kernel])
  try bert.restore(from: "bert/model.ckpt", mapping: [.prefer("/ExponentialMovingAverage")])

  expect(evaluated.kernel.value.array.allSatisfy { $0 == 7 })
  layer.bias.value = Tensor(repeating: 1, shape: [10])
  follow([layer.bias], with: [averaged.bias], rate: 0.5)
  expect(averaged.bias.value.array.allSatisfy { $0 == 0.5 })
  follow([layer.bias], with: [averaged.bias], rate: 1)
  expect(averaged.bias.value.array.allSatisfy { $0 == 1 })
}

// MARK: Rename a layer

private final class OldTagger: Checkpointable {
  let embedding = Dense(64, 32)
  let head = Dense(32, 10)
}

final class Tagger: Checkpointable {
  let embedding = Dense(64, 32)
  let output = Dense(32, 10)  // was called `head`

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.trackProperties(of: self, except: ["output"])
    registrar.track(output, as: "output", formerly: ["head"])
  }
}

private func renaming() throws {
  try Checkpoint(["tagger": OldTagger()]).save(to: "old/ckpt")

  try Checkpoint(["tagger": Tagger()]).restore(from: "old").assertConsumed()
}

// MARK: On a cluster

private func onACluster() throws {
  let group = try LaunchedProcesses()  // rank and count, as mpirun, srun or torchrun says
  let replica = Classifier()
  let steps = Variable<Int64>(0)
  let shared = try Checkpoint(
    ["model": replica, "step": steps], options: SaveOptions(processes: group))
  let job = try CheckpointManager(
    shared, directory: "cluster", retention: .latest(3), stepCounter: steps)

  try job.restoreOrInitialize()
  while steps.scalar < 1000 {
    train()  // with the gradients of all processes
    steps.scalar += 1
    if steps.scalar % 100 == 0 { try job.save() }
  }

  expect(job.latest == "cluster/ckpt-10")
}

// MARK: Files of others

private func copy(_ folder: String, to directory: String) throws {
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  try FileManager.default.createDirectory(atPath: "keras", withIntermediateDirectories: true)
  try FileManager.default.copyItem(
    atPath: root.appending(path: folder).path, toPath: directory)
}
