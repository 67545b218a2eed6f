import Checkpoints

final class Attention: Checkpointable {
  let query = Variable<Float>(repeating: 0, shape: [8, 8])
  var scale: Float = 1
  var mask: Tensor<Float> = Tensor(repeating: 0, shape: [8, 8])

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.track(query, as: "q")
    registrar.variable("scale", of: self, \.scale)  // a number
    registrar.variable("mask", of: self, \.mask)  // a tensor, or any storable value
  }
}

final class Vocabulary: TensorGroup {
  var counts: [String: Int64] = [:]

  let attributeName: String? = "table"
  let groupTensors = [GroupTensor("-keys", .string), GroupTensor("-values", .int64)]

  func serializeToTensors() -> [AnyTensor] {
    let entries = counts.sorted { $0.key < $1.key }
    return [AnyTensor(Tensor(entries.map(\.key))), AnyTensor(Tensor(entries.map(\.value)))]
  }

  func restoreFromTensors(_ tensors: [AnyTensor]) throws(CheckpointError) {
    let words = try Tensor<String>(tensors[0]).array
    let numbers = try Tensor<Int64>(tensors[1]).array
    counts = Dictionary(zip(words, numbers)) { _, last in last }
  }
}

struct Layer: CheckpointableValue {
  var weight: Tensor<Float>
  var rate: Float

  static func registerFields(in fields: inout FieldRegistrar<Self>) {
    fields.tensor("weight", \.weight)
    fields.scalar("rate", \.rate)
  }
}

struct Perceptron: CheckpointableValue {
  var layers: [Layer]

  static func registerFields(in fields: inout FieldRegistrar<Self>) {
    fields.values("layers", \.layers)
  }
}

struct Progress: Codable {
  var epoch: Int
  var seed: UInt64
}

final class Sampler: Checkpointable {
  var temperature = 1.0

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.state("temperature", of: self, \.temperature)
  }
}

final class Decoder: Checkpointable {
  let embedding = Variable<Float>(repeating: 0, shape: [100, 8])
  @NoDependency var cache: [Int: Tensor<Float>] = [:]
}

func registeringObjects() throws {
  let model = Classifier()
  let attention = Attention()
  let optimizer = Momentum()
  let progress = RunState(Progress(epoch: 0, seed: 7))

  let perceptron = Tracked(
    Perceptron(layers: [Layer(weight: Tensor(repeating: 0, shape: [3, 4]), rate: 0.1)])
  )

  let weights = TensorBox(Matrix(rows: 128, columns: 10))

  let checkpoint = try Checkpoint([
    "model": model,
    "attention": attention,
    "perceptron": perceptron,
    "weights": weights,
    "optimizer": optimizer,
    "progress": progress,
    "sampler": Sampler(),
    "words": Vocabulary(),
    "decoder": Decoder(),
  ])

  let path = try checkpoint.save(to: "run/ckpt")

  perceptron.value.layers[0].rate = 5
  progress.value.epoch = 9
  try checkpoint.restore(from: path).assertConsumed()
  print(progress.value.epoch)  // 0

  expect(perceptron.value.layers[0].rate == 0.1)
  expect(progress.value.epoch == 0)
  let graph = try ObjectGraph(at: path)
  for path in [
    "attention/q", "attention/scale", "attention/mask", "perceptron/layers/0/weight",
    "perceptron/layers/0/rate", "weights", "optimizer/rate", "sampler/temperature",
    "decoder/embedding", "model/heads/1/kernel",
  ] {
    expect(graph.node(at: path) != nil)
  }
  expect(graph.node(at: "decoder/cache") == nil)
}
