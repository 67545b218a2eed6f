import Checkpoints
import Foundation

func readme() throws {
  try firstScreen()
  try byName()
  try asObjects()
  try managed()
  try fromTensorFlow()
}

private func firstScreen() throws {
  final class Model: Checkpointable {
    let kernel = Variable<Float>(repeating: 0, shape: [64, 10])  // saved as model/kernel
    let bias = Variable<Float>(repeating: 0, shape: [10])
  }

  let model = Model()
  let step = Variable<Int64>(0)
  let checkpoint = try Checkpoint(["model": model, "step": step])
  let manager = try CheckpointManager(checkpoint, directory: "run", retention: .latest(3))

  try manager.restoreOrInitialize()  // goes on from the last checkpoint, if there is one
  while step.scalar < 1000 {
    train()
    step.scalar += 1
    if step.scalar % 100 == 0 { try manager.save() }  // run/ckpt-1, run/ckpt-2, …
  }

  expect(manager.latest == "run/ckpt-10")
  try FileManager.default.removeItem(atPath: "run")
}

private func byName() throws {
  let kernel = Variable<Float>(repeating: 0, shape: [784, 10])
  let bias = Variable<Float>(repeating: 0, shape: [10])
  let saver = try Saver(["dense/kernel": kernel, "dense/bias": bias])

  let path = try saver.save(to: "run/model", step: 1000)  // run/model-1000

  kernel.value[3, 4] = 1
  try saver.restore(from: path)
  print(kernel.value[3, 4])  // 0.0

  if let newest = try CheckpointDirectory("run").latest() {
    print(newest)  // run/model-1000
  }

  expect(kernel.value[3, 4] == 0)
  expect(try CheckpointDirectory("run").latest() == path)
}

private func asObjects() throws {
  let (model, optimizer) = (Classifier(), Momentum())
  try Checkpoint(["model": model, "optimizer": optimizer]).save(to: "run/ckpt")

  let checkpoint = try Checkpoint(["model": model, "optimizer": optimizer])
  if let path = try CheckpointDirectory("run").latest() {
    try checkpoint.restore(from: path).assertConsumed()
  }
}

private func managed() throws {
  let (model, optimizer) = (Classifier(), Momentum())

  let checkpoint = try Checkpoint(["model": model, "optimizer": optimizer])
  let manager = try CheckpointManager(
    checkpoint,
    directory: "run",
    retention: .latest(5).or(.everyHours(2))
  )
  try manager.restoreOrInitialize()
  try manager.save()  // run/ckpt-1, then run/ckpt-2, …

  expect(manager.checkpoints.last?.path == "run/ckpt-2")
}

private func fromTensorFlow() throws {
  let path = tensorFlowCheckpoint

  let reader = try CheckpointReader(path)
  for entry in try reader.entries() {
    print(entry.key, entry.spec)  // hidden/kernel float32[64, 128]
  }
  let kernel = try Tensor<Float>(reader.tensor(for: "hidden/kernel"))
  print(kernel[0, 0])

  expect(kernel.shape == [64, 128])
  expect(try reader.entries().count == 15)

  let weights = TensorBox(Matrix(rows: 128, columns: 10))
  try Saver(["output/kernel": weights]).restore(from: path)

  expect(try Tensor<Float>(reader.tensor(for: "output/kernel")).array == weights.value.elements)
}

private let tensorFlowCheckpoint = URL(filePath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()
  .appending(path: "Examples/DigitsModel/Data/tensorflow/digits-mlp-6000").path
