import CheckpointGraph
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that models and optimizers of Keras 3 are restored here, and what is saved here by Keras 3.
@Suite(.enabled(if: TensorFlow.isInstalled), .serialized)
struct KerasInteropTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// All numbers of a model and its optimizer, as Keras lists them.
  private struct Values: Equatable {
    var weights: [[Float]]
    var optimizer: [[Float]]
  }

  private func ask(_ command: String, _ optimizer: KerasOptimizers) throws -> Values {
    let answer = try TensorFlow.shared.ask([
      "cmd": command, "directory": directory.path, "optimizer": optimizer.rawValue,
    ])
    // As text, a number has more digits than it needs, of which the last may be read otherwise.
    let numbers = { (field: String) in
      try #require(answer[field] as? [[Double]]).map { $0.map { Float($0) } }
    }
    return try Values(weights: numbers("weights"), optimizer: numbers("optimizer"))
  }

  /// What a program here has.
  private func values(_ net: KerasNet, _ optimizer: any Checkpointable) throws -> Values {
    let reader = try CheckpointReader(Checkpoint(optimizer).write(to: directory.path("values")))
    let graph = try ObjectGraph(from: reader)
    let list = try #require(graph.node(at: "_variables"))
    return Values(
      weights: net.weights.map(\.value.array),
      optimizer: try graph.nodes[list].children.map { child in
        let key = try #require(graph.nodes[child.node].attributes.first).key
        let tensor = try reader.tensor(for: TensorKey(key))
        if tensor.spec.dtype == .int64 { return try Tensor<Int64>(tensor).array.map { Float($0) } }
        return try Tensor<Float>(tensor).array
      })
  }

  @Test(arguments: KerasOptimizers.allCases)
  func `restores model and optimizer, and Keras restores what is saved of them`(
    optimizer: KerasOptimizers
  ) throws {
    let theirs = try ask("save_keras", optimizer)
    let net = KerasNet()
    let lists = optimizer.lists(of: net)
    let checkpoint = try Checkpoint(["model": net, "optimizer": lists])
    try checkpoint.read(from: directory.path("keras/ckpt")).assertConsumed()
    #expect(try values(net, lists) == theirs)

    net.weights.forEach { weight in weight.value = Tensor(repeating: 7, shape: weight.shape) }
    try checkpoint.write(to: directory.path("swift/ckpt"))
    let again = try ask("load_keras", optimizer)
    #expect(again.weights == theirs.weights.map { $0.map { _ in 7 } })
    #expect(again.optimizer == theirs.optimizer)
  }

  @Test func `has the keys that Keras has`() throws {
    _ = try ask("save_keras", .adam)
    let net = KerasNet()
    let checkpoint = try Checkpoint([
      "model": net, "optimizer": KerasOptimizers.adam.lists(of: net),
    ])
    try checkpoint.read(from: directory.path("keras/ckpt")).assertConsumed()
    try checkpoint.write(to: directory.path("swift/ckpt"))
    let graph = TensorKey(ObjectGraph.key)
    let (ours, theirs) = try (
      TensorFlow.shared.dump(directory.path("swift/ckpt")),
      TensorFlow.shared.dump(directory.path("keras/ckpt"))
    )
    #expect(ours.filter { $0.key != graph } == theirs.filter { $0.key != graph })
  }

  @Test func `restores an export by the names of its weights`() throws {
    let theirs = try ask("save_keras", .sgd)
    let net = NamedNet()
    try Checkpoint(["net": net]).restore(from: directory.path("keras/exported"), mapping: [])
      .assertConsumed()
    #expect(net.weights.map(\.value.array) == theirs.weights)
  }
}

// MARK: The model

/// Optimizers of Keras, as tensorflow_keras.py names them.
enum KerasOptimizers: String, CaseIterable {
  case adam, amsgrad, sgd, rmsprop

  fileprivate func lists(of net: KerasNet) -> any Checkpointable {
    let slots = SlotVariables<Variable<Float>>("m", "v", "extra")
    let (step, rate) = (Variable<Int64>(0), Variable<Float>(0))
    switch self {
    case .adam:
      return SlotVariables.KerasOptimizer(
        slots, of: net.trainable, lists: ["m": "_momentums", "v": "_velocities"], iterations: step,
        learningRate: rate)
    case .amsgrad:
      return SlotVariables.KerasOptimizer(
        slots, of: net.trainable, lists: ["m": "_momentums", "v": "_velocities"],
        ["extra": "_velocity_hats"], iterations: step, learningRate: rate)
    case .sgd:
      return SlotVariables.KerasOptimizer(
        slots, of: net.trainable, lists: ["m": "momentums"], iterations: step, learningRate: rate)
    case .rmsprop:
      return SlotVariables.KerasOptimizer(
        slots, of: net.trainable, lists: ["v": "_velocities"], ["m": "_momentums"],
        ["extra": "_average_gradients"], iterations: step, learningRate: rate)
    }
  }
}

private final class Dense: Checkpointable {
  let kernel: Variable<Float>
  let bias: Variable<Float>
  private let kernelName: String

  init(_ inputs: Int, _ outputs: Int, kernelName: String) {
    kernel = Variable(repeating: 0, shape: [inputs, outputs])
    bias = Variable(repeating: 0, shape: [outputs])
    self.kernelName = kernelName
  }

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.track(kernel, as: kernelName)
    registrar.track(bias, as: "bias")
  }
}

private final class BatchNormalization: Checkpointable {
  let gamma = Variable<Float>(repeating: 0, shape: [3])
  let beta = Variable<Float>(repeating: 0, shape: [3])
  let moving_mean = Variable<Float>(repeating: 0, shape: [3])
  let moving_variance = Variable<Float>(repeating: 0, shape: [3])
}

/// The model as Keras 3 arranges it.
private final class KerasNet: Checkpointable {
  let (d1, d2) = (Dense(2, 3, kernelName: "_kernel"), Dense(3, 1, kernelName: "_kernel"))
  let bn = BatchNormalization()

  var trainable: [Variable<Float>] {
    [d1.kernel, d1.bias, bn.gamma, bn.beta, d2.kernel, d2.bias]
  }
  var weights: [Variable<Float>] {
    trainable.prefix(4) + [bn.moving_mean, bn.moving_variance] + trainable.suffix(2)
  }

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    let operations: [Any?] = [nil, d1, bn, nil, d2]
    registrar.track(["_operations": operations], as: "_functional")
  }
}

/// The model as its names have it.
private final class NamedNet: Checkpointable {
  let (d1, d2) = (Dense(2, 3, kernelName: "kernel"), Dense(3, 1, kernelName: "kernel"))
  let bn = BatchNormalization()

  var weights: [Variable<Float>] {
    [d1.kernel, d1.bias, bn.gamma, bn.beta, bn.moving_mean, bn.moving_variance, d2.kernel, d2.bias]
  }
}
