import CheckpointTensors
import CheckpointStore
import CheckpointPlans
import CheckpointIO
import CheckpointGraph
import Checkpoints
import Testing

/// Proves that checkpoints of Keras are restored into Swift objects of the same structure.
///
/// Every variable holds equal numbers: `make_keras_fixtures.py` says which.
@Suite struct KerasTests {
  private func path(_ name: String) -> String { "\(Fixture.folder)/keras/\(name)" }

  @Test func `restores a model and a Keras 2 optimizer with slot variables`() throws {
    let (model, optimizer) = (Sequential(), LegacyAdam())
    let checkpoint = try Checkpoint(["model": model, "optimizer": optimizer])
    let status = try checkpoint.read(from: path("keras2_legacy_adam"))
    try status.assertConsumed().assertExistingObjectsMatched().assertNontrivialMatch()
    #expect(model.numbers == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(optimizer.iter.value[] == 100)
    #expect(optimizer.learningRate.value[] == 0.5)
    let trained = model.trainable
    #expect(trained.map { optimizer.number("m", of: $0) } == [101, 102, 103, 104, 105, 106])
    #expect(trained.map { optimizer.number("v", of: $0) } == [107, 108, 109, 110, 111, 112])
  }

  @Test func `restores a model and a Keras 2 optimizer without slot variables`() throws {
    let model = Sequential()
    let optimizer = NewAdam(model.trainable)
    let checkpoint = try Checkpoint(["model": model, "optimizer": optimizer])
    try checkpoint.read(from: path("keras2_adam")).assertConsumed()
    #expect(model.numbers == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(optimizer._iterations.value[] == 100)
    #expect(optimizer._momentums.map(\.number) == [101, 103, 105, 107, 109, 111])
    #expect(optimizer._velocities.map(\.number) == [102, 104, 106, 108, 110, 112])
  }

  @Test func `restores a Keras 3 model, whose weights have the optimizer's keys`() throws {
    let model = Model3()
    let optimizer = Adam3(model.trainable)
    let checkpoint = try Checkpoint(["model": model, "optimizer": optimizer])
    try checkpoint.read(from: path("keras3_adam")).assertConsumed()
    #expect(model.numbers == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(optimizer._iterations.value[] == 100)
    #expect(optimizer._learning_rate.value[] == 101)
    #expect(optimizer._momentums.map(\.number) == [102, 104, 106, 108, 110, 112])
    #expect(optimizer._velocities.map(\.number) == [103, 105, 107, 109, 111, 113])
  }

  @Test func `restores a Keras 3 model without its optimizer`() throws {
    let model = Model3()
    let status = try Checkpoint(["model": model]).read(from: path("keras3_adam"))
    try status.assertExistingObjectsMatched().assertNontrivialMatch()
    #expect(model.numbers == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(status.deferred.count == 14)
    #expect(status.unused == [])
  }

  @Test func `restores weights that a Keras 2 model saved itself`() throws {
    let model = Sequential()
    let status = try Checkpoint(model).read(from: path("keras2_weights"))
    try status.assertExistingObjectsMatched()
    #expect(model.numbers == [1, 2, 3, 4, 5, 6, 7, 8])
    let optimizer = LegacyAdam()
    let whole = try Checkpoint(Sequential(), ["optimizer": optimizer])
    try whole.read(from: path("keras2_weights")).assertConsumed()
    #expect(optimizer.iter.value[] == 100)
  }

  @Test(arguments: ["keras2_legacy_adam", "keras2_adam"])
  func `restores one layer alone`(name: String) throws {
    let dense = Dense(3, 1)
    let status = try Checkpoint(dense)
      .restore(from: path(name), at: "model/layer_with_weights-2")
    #expect(dense.numbers == [7, 8])
    if name == "keras2_adam" { try status.assertConsumed() }
    let other = Dense3(3, 1)
    try Checkpoint(other).restore(from: path("keras3_adam"), at: "model/_functional/_operations/4")
      .assertConsumed()
    #expect(other.numbers == [7, 8])
  }

  @Test func `restores what a smaller model has, and says what it lacks`() throws {
    let model = Sequential()
    model.extra = Dense(1, 1)
    let checkpoint = try Checkpoint(["model": model])
    let error = #expect(throws: CheckpointError.self) {
      try checkpoint.read(from: path("keras2_adam")).expectPartial()
    }
    #expect(error?.problems.map(\.key) == ["model/extra/kernel", "model/extra/bias"])
    #expect(model.numbers == [0, 0, 0, 0, 0, 0, 0, 0])
    let status = try checkpoint.read(from: path("keras2_adam"), options: .init(.partial))
    #expect(status.missing == ["model/extra/kernel", "model/extra/bias"])
    #expect(model.numbers == [1, 2, 3, 4, 5, 6, 7, 8])
  }

  @Test func `maps the names of Keras's variables to keys`() throws {
    let names = try ObjectGraph.keyMapping(at: path("keras3_adam"))
    #expect(
      names["net/d1/kernel"] == ["optimizer/_trainable_variables/0/.ATTRIBUTES/VARIABLE_VALUE"])
    #expect(names.count == 22)
  }
}

// MARK: Layers

extension Variable<Float> {
  /// The number that all elements are.
  fileprivate var number: Float? { Set(value.array).count == 1 ? value.array.first : nil }
}

private class Dense: Checkpointable {
  let kernel: Variable<Float>
  let bias: Variable<Float>

  init(_ inputs: Int, _ outputs: Int) {
    kernel = Variable(repeating: 0, shape: [inputs, outputs])
    bias = Variable(repeating: 0, shape: [outputs])
  }

  var variables: [Variable<Float>] { [kernel, bias] }
  var numbers: [Float?] { variables.map(\.number) }

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.trackProperties(of: self)
  }
}

/// Keras 3 calls the kernel `_kernel`.
private final class Dense3: Dense {
  override func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.track(kernel, as: "_kernel")
    registrar.track(bias, as: "bias")
  }
}

private final class BatchNormalization: Checkpointable {
  let gamma = Variable<Float>(repeating: 0, shape: [3])
  let beta = Variable<Float>(repeating: 0, shape: [3])
  let moving_mean = Variable<Float>(repeating: 0, shape: [3])
  let moving_variance = Variable<Float>(repeating: 0, shape: [3])

  var variables: [Variable<Float>] { [gamma, beta, moving_mean, moving_variance] }
}

private final class Sequential: Checkpointable {
  let first = Dense(2, 3)
  let normalization = BatchNormalization()
  let last = Dense(3, 1)
  var extra: Dense?

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.track(first, as: "layer_with_weights-0")
    registrar.track(normalization, as: "layer_with_weights-1")
    registrar.track(last, as: "layer_with_weights-2")
    registrar.track(extra, as: "extra")
  }

  var trainable: [Variable<Float>] {
    first.variables + [normalization.gamma, normalization.beta] + last.variables
  }
  var numbers: [Float?] {
    (first.variables + normalization.variables + last.variables).map(\.number)
  }
}

private final class Model3: Checkpointable {
  let _functional = Functional()
  var trainable: [Variable<Float>] {
    let (one, two, three) = (_functional.first, _functional.normalization, _functional.last)
    return one.variables + [two.gamma, two.beta] + three.variables
  }
  var numbers: [Float?] {
    let (one, two, three) = (_functional.first, _functional.normalization, _functional.last)
    return (one.variables + two.variables + three.variables).map(\.number)
  }

  final class Functional: Checkpointable {
    let first = Dense3(2, 3)
    let normalization = BatchNormalization()
    let last = Dense3(3, 1)

    func registerDependencies(in registrar: inout DependencyRegistrar) {
      // The input and the activation have no weights, but keep their place.
      let operations: [Any?] = [nil, first, normalization, nil, last]
      registrar.track(operations, as: "_operations")
    }
  }
}

// MARK: Optimizers

private final class LegacyAdam: SlotVariableHolder {
  let iter = Variable<Int64>(0)
  let learningRate = Variable<Float>(0)
  private let (beta1, beta2) = (Variable<Float>(0), Variable<Float>(0))
  private let decay = Variable<Float>(0)
  let slots = SlotVariables<Variable<Float>>("m", "v")

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.track(iter, as: "iter")
    registrar.track(beta1, as: "beta_1")
    registrar.track(beta2, as: "beta_2")
    registrar.track(decay, as: "decay")
    registrar.track(learningRate, as: "learning_rate")
  }

  func number(_ name: String, of variable: Variable<Float>) -> Float? {
    slots.existing(name, of: variable)?.number
  }
}

private final class NewAdam: Checkpointable {
  let _variables: [Any]
  let _iterations = Variable<Int64>(0)
  let _learning_rate = Variable<Float>(0)
  let _momentums: [Variable<Float>]
  let _velocities: [Variable<Float>]

  init(_ trained: [Variable<Float>]) {
    _momentums = trained.map { Variable(repeating: 0, shape: $0.shape) }
    _velocities = trained.map { Variable(repeating: 0, shape: $0.shape) }
    _variables = [_iterations as Any] + zip(_momentums, _velocities).flatMap { [$0, $1] as [Any] }
  }
}

private final class Adam3: Checkpointable {
  let _variables: [Any]
  let _trainable_variables: [Variable<Float>]
  let _iterations = Variable<Int64>(0)
  let _learning_rate = Variable<Float>(0)
  let _momentums: [Variable<Float>]
  let _velocities: [Variable<Float>]

  init(_ trained: [Variable<Float>]) {
    _trainable_variables = trained
    _momentums = trained.map { Variable(repeating: 0, shape: $0.shape) }
    _velocities = trained.map { Variable(repeating: 0, shape: $0.shape) }
    _variables =
      [_iterations as Any, _learning_rate]
      + zip(_momentums, _velocities).flatMap { [$0, $1] as [Any] }
  }
}
