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

@propertyWrapper final class ModuleInfo<Module> {
  var wrappedValue: Module
  let key: String?

  init(wrappedValue: Module, key: String? = nil) {
    (self.wrappedValue, self.key) = (wrappedValue, key)
  }
}

extension ModuleInfo: DependencyWrapper {
  var wrappedDependency: Any { wrappedValue }
  var dependencyName: String? { key }
}

final class SelfAttention: Checkpointable {
  @ModuleInfo(key: "q_proj") var query = Dense(8, 8)  // self_attention/q_proj/kernel
  @ModuleInfo var output = Dense(8, 8)
}

final class EncoderBlock: Checkpointable {
  let attention = Dense(8, 8)
  var gain: Float = 1

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.track(attention, as: "attention", formerly: ["attn", "self_attn"])
    registrar.variable("gain", of: self, \.gain, formerly: ["scale"])
  }
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

  let renamed = try Checkpoint(["self_attention": SelfAttention(), "block": EncoderBlock()])
  try renamed.save(to: "run/renamed")
  let names = try ObjectGraph(at: "run/renamed-1")
  for path in ["self_attention/q_proj/kernel", "self_attention/output/kernel", "block/gain"] {
    expect(names.node(at: path) != nil)
  }
  var writer = try CheckpointWriter(to: "run/before")
  try writer.add(Tensor<Float>(3), for: "block/scale")
  try writer.finish()
  let block = EncoderBlock()
  _ = try Checkpoint(["block": block]).restore(
    from: "run/before", options: RestoreOptions(.partial))
  expect(block.gain == 3)

  let weight = model.hidden.kernel
  for _ in 0..<2 { optimizer.update(weight, slopes: Tensor(repeating: 1, shape: weight.shape)) }
  expect(weight.value.array.allSatisfy { abs($0 + 0.29) < 1e-6 })  // -0.1 * (1 + 1.9)
}
