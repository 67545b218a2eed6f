import Checkpoints
import Foundation

func fromKeras() throws {
  try copyKerasFiles()
  let net = try keras3()
  expect(net.bn.moving_variance.value.array == [6, 6, 6])
  try keras2()
  try tensorFlow1()
}

/// What `make_keras_fixtures.py` and `make_estimator_fixtures.py` have made, under the names of the page.
private func copyKerasFiles() throws {
  let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let fixtures = tests.appending(path: "TensorFlowFixtureTests/Fixtures")
  let files = FileManager.default
  for name in ["keras", "weights"] {
    try files.createDirectory(atPath: name, withIntermediateDirectories: true)
  }
  for (source, copy) in [
    ("keras/keras3_export", "keras/exported"), ("keras/keras2_saved", "saved"),
    ("keras/keras2_callback", "run"), ("estimator", "estimator"), ("hub", "hub"),
  ] {
    try files.copyItem(atPath: fixtures.appending(path: source).path, toPath: copy)
  }
  for suffix in ["index", "data-00000-of-00001"] {
    for (source, copy) in [("keras3_adam", "keras/ckpt"), ("keras2_weights", "weights/model")] {
      try files.copyItem(
        atPath: fixtures.appending(path: "keras/\(source).\(suffix)").path,
        toPath: "\(copy).\(suffix)")
    }
  }
}

// MARK: The model

final class Normalization: Checkpointable {
  let gamma = Variable<Float>(repeating: 1, shape: [3])
  let beta = Variable<Float>(repeating: 0, shape: [3])
  let moving_mean = Variable<Float>(repeating: 0, shape: [3])
  let moving_variance = Variable<Float>(repeating: 1, shape: [3])
}

final class Net: Checkpointable {
  let d1 = Dense(2, 3)
  let bn = Normalization()
  let d2 = Dense(3, 1)

  /// In the order of Keras's `model.trainable_variables`.
  var trainable: [Variable<Float>] {
    [d1.kernel, d1.bias, bn.gamma, bn.beta, d2.kernel, d2.bias]
  }
}

// MARK: Keras 3

private func keras3() throws -> Net {
  let net = Net()
  let checkpoint = try Checkpoint(["net": net])
  try checkpoint.restore(from: "keras/exported", mapping: []).assertConsumed()

  expect(net.d2.bias.scalar == 8)
  net.d2.bias.scalar = 0

  try checkpoint.restore(from: "keras/ckpt", mapping: [.keep(.prefix("net/"))]).assertConsumed()

  expect(net.d2.bias.scalar == 8)

  let adam = AdamState()
  let lists = SlotVariables.KerasOptimizer(
    adam.slots, of: net.trainable, lists: ["m": "_momentums", "v": "_velocities"],
    iterations: adam.step, learningRate: adam.rate)
  try Checkpoint(lists).restore(from: "keras/ckpt", at: "optimizer").assertConsumed()

  expect(adam.step.scalar == 100 && adam.slots["v", of: net.d2.bias].scalar == 113)

  let run = try Checkpoint(["net": net, "optimizer": adam])
  try run.save(to: "training/ckpt")

  let forKeras = try Checkpoint(["model": KerasNet(net), "optimizer": lists])
  try forKeras.write(to: "swift/ckpt")
  try forKeras.read(from: "keras/ckpt").assertConsumed()  // the same form, so this works too

  return net
}

final class AdamState: SlotVariableHolder {
  let slots = SlotVariables<Variable<Float>>("m", "v")
  let step = Variable<Int64>(0)
  let rate = Variable<Float>(0.001)
}

final class KerasNet: Checkpointable {
  let net: Net
  private let (d1, d2): (KerasDense, KerasDense)

  init(_ net: Net) {
    self.net = net
    (d1, d2) = (KerasDense(net.d1), KerasDense(net.d2))
  }

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    // The input and the activation have no weights, but a place.
    let operations: [Any?] = [nil, d1, net.bn, nil, d2]
    registrar.track(["_operations": operations], as: "_functional")
  }
}

final class KerasDense: Checkpointable {
  let dense: Dense

  init(_ dense: Dense) { self.dense = dense }

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.track(dense.kernel, as: "_kernel")
    registrar.track(dense.bias, as: "bias")
  }
}

// MARK: Keras 2

private func keras2() throws {
  let net = Net()
  try Checkpoint(net).restore(from: "saved", mapping: []).assertExistingObjectsMatched()

  expect(net.d2.bias.scalar == 8)

  let encoder = Encoder()
  try Checkpoint(encoder).restore(from: "run").assertExistingObjectsMatched()  // the newest

  expect(encoder.norm.beta.value.array == [4, 4, 4])

  let places: KeyMapping = [
    .drop(.name("_CHECKPOINTABLE_OBJECT_GRAPH")),
    .names(.slashed),
    .replace(#"^layer_with_weights-(\d+)/"#, with: "layers/$1/"),
  ]
  let reader = try places.reader(over: CheckpointReader("weights/model"))
  try Checkpoint(Stack()).restore(from: reader).assertExistingObjectsMatched()
}

final class Encoder: Checkpointable {
  let input = Dense(2, 3)
  let norm = Normalization()
  let output = Dense(3, 1)

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.track(input, as: "input", formerly: ["layer_with_weights-0"])
    registrar.track(norm, as: "norm", formerly: ["layer_with_weights-1"])
    registrar.track(output, as: "output", formerly: ["layer_with_weights-2"])
  }
}

final class Stack: Checkpointable {
  let layers: [any Checkpointable] = [Dense(2, 3), Normalization(), Dense(3, 1)]
}

// MARK: TensorFlow 1

private func tensorFlow1() throws {
  let estimator = try Checkpoint([
    "hidden": Dense(2, 3),  // hidden/kernel, hidden/kernel/Adam, …
    "output": Dense(3, 1),
    "optimizer": AdamOptimizer(),
    "global_step": Variable<Int64>(0),
  ])
  try estimator.restore(from: "estimator").assertConsumed()

  let module = try Checkpoint(["hidden": Dense(2, 3), "output": Dense(3, 1)])
  try module.restore(from: "hub").assertConsumed()
}

final class AdamOptimizer: SlotVariableHolder {
  let slots = SlotVariables<Variable<Float>>("m", "v")
  let tensorFlowName = "Adam"
  let beta1_power = Variable<Float>(0.9)
  let beta2_power = Variable<Float>(0.999)
}
