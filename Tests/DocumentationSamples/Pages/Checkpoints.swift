import Checkpoints
import Foundation

func frontPage() throws {
  try fromNothing()
  try objectsOfTheFrontPage()
}

private func fromNothing() throws {
  let kernel = Variable<Float>(repeating: 0, shape: [784, 10])
  let bias = Variable<Float>(repeating: 0, shape: [10])
  let step = Variable<Int64>(0)

  let saver = try Saver([
    "dense/kernel": kernel,
    "dense/bias": bias,
    "global_step": step,
  ])
  let path = try saver.save(to: "run/model", step: 1000)

  step.scalar = 5
  let saved = path

  if let path = try CheckpointDirectory("run").latest() {
    try saver.restore(from: path)
    expect(path == saved)  // not on the page
  }

  expect(step.scalar == 0)

  do {
    let reader = try CheckpointReader("run/model-1000")
    for entry in try reader.entries() { print(entry.key, entry.spec) }
    let kernel = try Tensor<Float>(reader.tensor(for: "dense/kernel"))

    expect(kernel.shape == [784, 10])
  }

  let url = try saver.save(to: URL(filePath: "run/model"), step: 2000)
  try saver.restore(from: url)
  try saver.restore(from: url.absoluteString)  // file:///…/run/model-2000

  expect(url.lastPathComponent == "model-2000")
}

private func objectsOfTheFrontPage() throws {
  let (model, optimizer) = (Classifier(), Momentum())
  let path = try Checkpoint(["model": model, "optimizer": optimizer]).save(to: "run/ckpt")
  expect(try CheckpointDirectory("run").latest() == path)
  model.hidden.bias.value[0] = 7

  let checkpoint = try Checkpoint(["model": model, "optimizer": optimizer])
  if let path = try CheckpointDirectory("run").latest() {
    try checkpoint.restore(from: path).assertConsumed()
  }

  expect(model.hidden.bias.value[0] == 0)
}
