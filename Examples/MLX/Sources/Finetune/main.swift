import Checkpoints
import Foundation
import MLX
import MLXNN
import MLXOptimizers

// finetune MODEL RUN [STEPS [DIES-AT]]: trains adapters for a model directory, resumes what is in the directory
// RUN, and saves the adapters alone in RUN/adapters/lora.safetensors. Dies at a step if it is told to, as a
// process does that is killed.

let arguments = CommandLine.arguments
guard arguments.count > 2 else {
  print("usage: finetune MODEL RUN [STEPS [DIES-AT]]")
  exit(2)
}
let (modelPath, run) = (arguments[1], arguments[2])
let stepCount = arguments.count > 3 ? Int64(arguments[3]) ?? 100 : 100
let lastMoment = arguments.count > 4 ? Int64(arguments[4]) : nil

// The base model: a model directory of MLX or Hugging Face, by its own names.
let reader = try CheckpointReader(modelPath)
guard let entry = try reader.entry(for: "q_proj.weight") else {
  print("\(modelPath) has no 'q_proj.weight'")
  exit(1)
}
let shape = entry.spec.shape.dimensions
let base = Linear(weight: MLXArray.zeros(shape))
try Saver(["q_proj.weight": TensorBox(base.weight)]).restore(from: modelPath)

let random = MLXRandom.RandomState(seed: 7)
let model = Model(LoRALinear(base, rank: 2, random))
try model.query.freeze(recursive: false, keys: ["weight"])
let optimizer = AdamW(learningRate: 0.01)
let step = Variable<Int64>(0)

let checkpoint = try Checkpoint([
  "training": Training(model, optimizer, random), "step": step,
])
let manager = try CheckpointManager(
  checkpoint, directory: run, retention: .latest(2), stepCounter: step)
try manager.restoreOrInitialize()
print("begins at step \(step.scalar)")

// The task: the model's own output, with the first column doubled.
var loss: Float = 0
while step.scalar < stepCount {
  let x = MLXRandom.normal([16, shape[1]], key: random.next())
  var wanted = matmul(x, base.weight.T)
  wanted = wanted + matmul(wanted, projection(shape[0]))
  let error = model(x) - wanted
  loss = mean(square(error)).item(Float.self)
  optimizer.update(
    model: model,
    gradients: .unflattened(model.query.gradients(x, error).map { ("q_proj.\($0)", $1) }))
  step.scalar += 1
  if step.scalar % 10 == 0 { try manager.saveInBackground() }
  if step.scalar == lastMoment { kill(getpid(), SIGKILL) }
}
try await manager.finish()

let adapters = try Saver(
  variables(model.trainableParameters()), options: SaveOptions(format: .safetensors))
print("loss \(loss), adapters in \(try adapters.save(to: "\(run)/adapters/lora"))")

func projection(_ size: Int) -> MLXArray {
  var elements = [Float](repeating: 0, count: size * size)
  elements[0] = 1
  return MLXArray(elements, [size, size])
}
