import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that what Keras and programs of TensorFlow 1 have saved is restored into programs that are
/// arranged in a way of their own: by names, by former names, and by rules.
///
/// Every variable holds equal numbers: `make_keras_fixtures.py` and `make_estimator_fixtures.py` say which.
@Suite struct KerasNamesTests {
  private func path(_ name: String) -> String { "\(Fixture.folder)/keras/\(name)" }

  private let numbers: [Float?] = [1, 2, 3, 4, 5, 6, 7, 8]

  // MARK: Names

  @Test(arguments: [
    ("keras3_export", "net"), ("keras2_export", ""), ("keras2_saved", ""), ("keras2_callback", ""),
    ("keras2_weights", ""), ("keras2_adam", ""), ("keras3_adam", "net"),
  ])
  func `restores a model by the names of its weights`(name: String, place: String) throws {
    let net = Net()
    let checkpoint = try place.isEmpty ? Checkpoint(net) : Checkpoint([place: net])
    try checkpoint.restore(from: path(name), mapping: []).assertExistingObjectsMatched()
    #expect(net.numbers == numbers)
  }

  @Test(arguments: [("keras3_export", "net/"), ("keras2_export", "")])
  func `restores an export of a model whole, by names`(name: String, scope: String) throws {
    let net = Net()
    let checkpoint = try scope.isEmpty ? Checkpoint(net) : Checkpoint(["net": net])
    let status = try checkpoint.restore(from: path(name), mapping: [])
    try status.assertConsumed()
    let kernel = Variable<Float>(repeating: 0, shape: [3, 1])
    try Saver(["\(scope)d2/kernel": kernel]).restore(from: path(name))
    #expect(kernel.number == 7)
    let reader = try CheckpointReader(path(name))
    #expect(try Tensor<Float>(reader.tensor(named: "\(scope)bn/gamma")).array == [3, 3, 3])
    let keyed = Variable<Float>(repeating: 0, shape: [2, 3])
    try Saver(objectBased: reader, variables: ["\(scope)d1/kernel": keyed]).restore(
      from: path(name))
    #expect(keyed.number == 1)
  }

  @Test func `finds the two lists of an export in no conflict`() throws {
    let net = Net()
    // As many equal to each of `_all_variables` as there are, in whatever order it is.
    let reader = try CheckpointReader(path("keras3_export"))
    let all = try (0..<8).map { place -> Variable<Float> in
      let tensor = try Tensor<Float>(reader.tensor(named: "_all_variables/\(place)"))
      return net.variables[Int(tensor.array[0]) - 1]
    }
    let lists = Lists(net.variables, all)
    let checkpoint = try Checkpoint(lists)
    let comparison = try checkpoint.compare(with: path("keras3_export"))
    #expect(comparison.conflicting == [] && comparison.unused == [])
    let status = try checkpoint.restore(from: path("keras3_export"))
    #expect(status.conflicting == [])
    try status.assertConsumed()
    #expect(net.numbers == numbers)
    let other = try Checkpoint(Lists(net.variables, Array(all.reversed())))
    let mixed = try other.restore(from: path("keras3_export"), options: .init(.matching))
    #expect(!mixed.conflicting.isEmpty)
    #expect(throws: CheckpointError.self) { try mixed.assertConsumed() }
  }

  // MARK: Places

  @Test(arguments: ["keras2_saved", "keras2_callback", "keras2_weights"])
  func `restores layers by their places under former names`(name: String) throws {
    let net = PlacedNet()
    let status = try Checkpoint(net).restore(from: path(name))
    try status.assertExistingObjectsMatched().assertNontrivialMatch()
    #expect(net.numbers == numbers)
  }

  @Test(arguments: ["keras2_saved", "keras2_callback", "keras2_weights"])
  func `restores layers by a rule for their places`(name: String) throws {
    let rules: KeyMapping = [
      .drop(.name(ObjectGraph.key)), .names(.slashed),
      .replace(#"^layer_with_weights-(\d+)/"#, with: "layers/$1/"),
    ]
    let net = Net()
    let stack = Stack(net)
    let reader = try rules.reader(over: CheckpointReader(path(name)))
    try Checkpoint(stack).restore(from: reader).assertExistingObjectsMatched()
    #expect(net.numbers == numbers)
    let again = try KeyMapping(json: rules.json())
    let kernel = Variable<Float>(repeating: 0, shape: [3, 1])
    try Saver(["layers/2/kernel": kernel])
      .restore(from: again.reader(over: CheckpointReader(path(name))))
    #expect(kernel.number == 7)
  }

  // MARK: Optimizers

  @Test func `restores the lists of a Keras 3 optimizer into a table, and saves them again`() throws
  {
    let (net, adam) = (Net(), Adam())
    let lists = adam.lists(of: net.trainable)
    let model = try Checkpoint(["net": net])
    try model.restore(from: path("keras3_adam"), mapping: [.keep(.prefix("net/"))]).assertConsumed()
    net.trainable.forEach { weight in weight.value = Tensor(repeating: 0, shape: weight.shape) }
    try Checkpoint(lists).restore(from: path("keras3_adam"), at: "optimizer").assertConsumed()
    #expect(net.numbers == numbers)
    #expect(adam.numbers == [100, 101])
    #expect(adam.numbers("m", net) == [102, 104, 106, 108, 110, 112])
    #expect(adam.numbers("v", net) == [103, 105, 107, 109, 111, 113])

    let directory = try TemporaryDirectory()
    let checkpoint = try Checkpoint(["net": net, "optimizer": adam])
    let native = try checkpoint.save(to: directory.path("ckpt"))
    let (other, otherAdam) = (Net(), Adam())
    try Checkpoint(["net": other, "optimizer": otherAdam]).restore(from: native).assertConsumed()
    #expect(otherAdam.numbers("v", other) == [103, 105, 107, 109, 111, 113])

    let again = try Checkpoint(["optimizer": otherAdam.lists(of: other.trainable)])
      .write(to: directory.path("keras"))
    let (ours, theirs) = try (CheckpointReader(again), CheckpointReader(path("keras3_adam")))
    for entry in try theirs.entries() where entry.key.description.hasPrefix("optimizer/") {
      #expect(try ours.tensor(for: entry.key) == theirs.tensor(for: entry.key), "\(entry.key)")
    }
  }

  @Test func `restores lists that Keras creates one after the other`() throws {
    let (net, table) = (Net(), Adam())
    let lists = SlotVariables.KerasOptimizer(
      table.slots, of: net.trainable, lists: ["v": "_velocities"], ["m": "_momentums"],
      iterations: table.step, learningRate: table.rate)
    let checkpoint = try Checkpoint(lists)
    try checkpoint.restore(from: path("keras3_rmsprop"), at: "optimizer").assertConsumed()
    #expect(table.numbers("v", net) == [102, 103, 104, 105, 106, 107])
    #expect(table.numbers("m", net) == [108, 109, 110, 111, 112, 113])
    let directory = try TemporaryDirectory()
    let again = try CheckpointReader(checkpoint.write(to: directory.path("ckpt")))
    #expect(try Tensor<Float>(again.tensor(named: "_variables/8")).array.first == 108)
  }

  @Test(arguments: ["keras2_adam", "keras2_callback", "keras2_saved"])
  func `restores the lists of a Keras 2 optimizer into a table`(name: String) throws {
    let (net, adam) = (PlacedNet(), Adam())
    let lists = adam.lists(of: net.trainable, version: .keras2)
    let checkpoint = try Checkpoint(["model": net, "optimizer": lists])
    if name == "keras2_adam" {
      try checkpoint.read(from: path(name)).assertConsumed()
    } else {
      try Checkpoint(net, ["optimizer": lists]).restore(from: path(name))
        .assertExistingObjectsMatched()
    }
    #expect(net.numbers == numbers)
    #expect(adam.numbers == [100, 0.5])
    #expect(adam.numbers("m", net) == [101, 103, 105, 107, 109, 111])
    #expect(adam.numbers("v", net) == [102, 104, 106, 108, 110, 112])
  }

  @Test func `refuses lists that are shorter or of other shapes`() throws {
    let (net, adam) = (Net(), Adam())
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint(adam.lists(of: net.trainable.reversed()))
        .restore(from: path("keras3_adam"), at: "optimizer").expectPartial()
    }
    #expect(error?.problems.contains { $0.code == .mismatch } == true)
    let status = try Checkpoint(Adam().lists(of: Array(net.trainable.prefix(4))))
      .restore(from: path("keras3_adam"), at: "optimizer")
    #expect(throws: CheckpointError.self) { try status.assertConsumed() }
  }

  // MARK: TensorFlow 1

  @Test func `restores the directory of an Estimator, with Adam's slot variables`() throws {
    let (hidden, output, adam) = (Dense(2, 3), Dense(3, 1), AdamOptimizer())
    let step = Variable<Int64>(0)
    let checkpoint = try Checkpoint([
      "hidden": hidden, "output": output, "optimizer": adam, "global_step": step,
    ])
    try checkpoint.restore(from: "\(Fixture.folder)/estimator").assertConsumed()
    #expect((hidden.variables + output.variables).map(\.number) == [8, 5, 14, 11])
    #expect([adam.beta1_power.scalar, adam.beta2_power.scalar] == [1, 2])
    #expect(step.scalar == 3)
    let trained = hidden.variables + output.variables
    #expect(trained.map { adam.slots.existing("m", of: $0)?.number } == [6, 3, 12, 9])
    #expect(trained.map { adam.slots.existing("v", of: $0)?.number } == [7, 4, 13, 10])
  }

  @Test func `restores the variables of a module of TensorFlow Hub`() throws {
    let (hidden, output) = (Dense(2, 3), Dense(3, 1))
    try Checkpoint(["hidden": hidden, "output": output]).restore(from: "\(Fixture.folder)/hub")
      .assertConsumed()
    #expect((hidden.variables + output.variables).map(\.number) == [2, 1, 4, 3])
  }
}

// MARK: Programs

extension Variable<Float> {
  fileprivate var number: Float? { Set(value.array).count == 1 ? value.array.first : nil }
}

private final class Dense: Checkpointable {
  let kernel: Variable<Float>
  let bias: Variable<Float>

  init(_ inputs: Int, _ outputs: Int) {
    kernel = Variable(repeating: 0, shape: [inputs, outputs])
    bias = Variable(repeating: 0, shape: [outputs])
  }

  var variables: [Variable<Float>] { [kernel, bias] }
}

private final class BatchNormalization: Checkpointable {
  let gamma = Variable<Float>(repeating: 0, shape: [3])
  let beta = Variable<Float>(repeating: 0, shape: [3])
  let moving_mean = Variable<Float>(repeating: 0, shape: [3])
  let moving_variance = Variable<Float>(repeating: 0, shape: [3])
}

private class AnyNet: CheckpointableObject {
  let d1 = Dense(2, 3)
  let bn = BatchNormalization()
  let d2 = Dense(3, 1)

  var trainable: [Variable<Float>] { d1.variables + [bn.gamma, bn.beta] + d2.variables }
  var variables: [Variable<Float>] {
    d1.variables + [bn.gamma, bn.beta, bn.moving_mean, bn.moving_variance] + d2.variables
  }
  var numbers: [Float?] { variables.map(\.number) }
}

/// The model as its names have it.
private final class Net: AnyNet {}

/// One whose layers have other names, and had those of Keras 2.
private final class PlacedNet: AnyNet {
  override func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.track(d1, as: "first", formerly: ["layer_with_weights-0"])
    registrar.track(bn, as: "norm", formerly: ["layer_with_weights-1"])
    registrar.track(d2, as: "last", formerly: ["layer_with_weights-2"])
  }
}

private final class Stack: Checkpointable {
  let layers: [any Checkpointable]

  init(_ net: Net) { layers = [net.d1, net.bn, net.d2] }
}

private final class Lists: Checkpointable {
  let variables: [Variable<Float>]
  let _all_variables: [Variable<Float>]

  init(_ variables: [Variable<Float>], _ all: [Variable<Float>]) {
    (self.variables, _all_variables) = (variables, all)
  }
}

private final class Adam: SlotVariableHolder {
  let slots = SlotVariables<Variable<Float>>("m", "v")
  let step = Variable<Int64>(0)
  let rate = Variable<Float>(0)

  func lists(
    of trained: [Variable<Float>],
    version: SlotVariables<Variable<Float>>.KerasOptimizer.Version = .keras3
  ) -> SlotVariables<Variable<Float>>.KerasOptimizer {
    SlotVariables.KerasOptimizer(
      slots, of: trained, lists: ["m": "_momentums", "v": "_velocities"], iterations: step,
      learningRate: rate, version: version)
  }

  var numbers: [Float] { [Float(step.scalar), rate.scalar] }

  func numbers(_ slot: String, _ net: AnyNet) -> [Float?] {
    net.trainable.map { slots.existing(slot, of: $0)?.number }
  }
}

private final class AdamOptimizer: SlotVariableHolder {
  let slots = SlotVariables<Variable<Float>>("m", "v")
  let tensorFlowName = "Adam"
  let beta1_power = Variable<Float>(0)
  let beta2_power = Variable<Float>(0)
}
