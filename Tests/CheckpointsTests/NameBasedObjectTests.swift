import CheckpointStore
import CheckpointPlans
import CheckpointMapping
import CheckpointIO
import CheckpointGraph
import CheckpointBundle
import CheckpointSafetensors
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that objects are restored from checkpoints that know names only (B2, `NameBasedSaverStatus`).
@Suite(.serialized) struct NameBasedObjectTests {
  let directory: TemporaryDirectory
  var path: String { directory.path("model.ckpt-9") }

  init() throws { directory = try TemporaryDirectory() }

  /// Adam as TensorFlow 1 has it, as far as its variables go.
  final class Adam: SlotVariableHolder {
    let slots = SlotVariables<Variable<Float>>("m", "v")
    let beta1 = Variable<Float>(0.5, name: "beta1_power")
    let beta2 = Variable<Float>(0.5)

    func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.track(beta1, as: "beta1_power")
      registrar.track(beta2, as: "beta2_power")  // found by its local name
    }

    func values(_ name: String, _ variable: Variable<Float>) -> [Float]? {
      slots.existing(name, of: variable)?.value.array
    }
  }

  private let stored: KeyValuePairs<String, [Float]> = [
    "w": [1, 2], "b": [3], "w/Adam": [4, 5], "w/Adam_1": [6, 7], "b/Adam": [8], "b/Adam_1": [9],
  ]

  private func add(to writer: inout some TensorWriter) throws {
    for (name, values) in stored { try writer.add(Tensor<Float>(values), for: TensorKey(name)) }
    try writer.add(Tensor<Float>(0.9), for: "beta1_power")
    try writer.add(Tensor<Float>(0.99), for: "beta2_power")
    try writer.add(Tensor<Int64>(9), for: "global_step")
    try writer.finish()
  }

  /// Writes the same tensors in each format.
  private func write(_ format: CheckpointFormat) throws {
    switch format {
    case .v2:
      var writer = try BundleWriter(prefix: path)
      try add(to: &writer)
    case .v1:
      var writer = try SlicesWriter(path: path)
      try add(to: &writer)
    case .safetensors, .modelDirectory:
      var writer = try SafetensorsWriter(path)
      try add(to: &writer)
    }
  }

  @Test(arguments: CheckpointFormat.allCases, [true, false])
  func `restores variables and slots by name, from every format`(
    format: CheckpointFormat, slotsExist: Bool
  ) throws {
    try write(format)
    let (w, b) = (Variable<Float>([0, 0], name: "w"), Variable<Float>([0], name: "b"))
    let (step, adam) = (Variable<Int64>(0, name: "global_step"), Adam())
    if slotsExist {
      for name in adam.slotNames {
        for variable in [w, b] { _ = adam.slots[name, of: variable] }
      }
    }
    let model = TestModule(["kernel": w, "bias": b])
    let checkpoint = try Checkpoint(["model": model, "optimizer": adam, "step": step])
    try checkpoint.restore(from: path).assertConsumed()
    #expect(w.value.array == [1, 2] && b.value.array == [3] && step.scalar == 9)
    #expect(adam.values("m", w) == [4, 5] && adam.values("v", w) == [6, 7])
    #expect(adam.values("m", b) == [8] && adam.values("v", b) == [9])
    #expect(adam.beta1.scalar == 0.9 && adam.beta2.scalar == 0.99)
  }

  @Test func `finds a variable without a name where it stands`() throws {
    try Saver(["model/kernel": Variable<Float>([1, 2])]).save(to: path)
    let layer = Variable<Float>([0, 0])
    try Checkpoint(["model": TestModule(["kernel": layer])]).restore(from: path).assertConsumed()
    #expect(layer.value.array == [1, 2])
  }

  @Test func `refuses to save by names what has one name twice, and names all`() throws {
    var options = SaveOptions()
    options.format = .safetensors
    options.omitsUnsupported = true  // the graph
    let layers = ["w", "w", "b", "b"].map { Variable<Float>(0, name: $0) }
    func error(_ objects: KeyValuePairs<String, any Checkpointable>) -> CheckpointError? {
      #expect(throws: CheckpointError.self) {
        try Checkpoint(objects, options: options).write(to: directory.path("m.safetensors"))
      }
    }
    let one = error(["0": layers[0], "1": layers[1]])
    #expect(one?.code == .duplicateName && one?.key == "w")
    #expect(one?.message == "two variables have this name; give one another name")
    let both = error(["0": layers[0], "1": layers[1], "2": layers[2], "3": layers[3]])
    #expect(both?.code == .duplicateName && both?.message == "2 names are given twice")
    #expect(both?.problems.map(\.key) == ["w", "b"])
    #expect(directory.names.isEmpty)
  }

  @Test func `reports what the file had left over`() throws {
    try Saver(["a": Variable<Float>(1), "b": Variable<Float>(2)]).save(to: path)
    let a = Variable<Float>(0)
    let status = try Checkpoint(["a": a]).restore(from: path)
    #expect(a.scalar == 1)
    #expect(status.restored == ["a"])
    #expect(status.unused == ["b"])
    #expect(throws: CheckpointError.self) { try status.assertConsumed() }
    try status.assertExistingObjectsMatched()
  }

  @Test func `changes nothing if a variable has no value, and says which`() throws {
    try Saver(["dense/kernel": Variable<Float>(1)]).save(to: path)
    let kernel = Variable<Float>(0, name: "dense/kernel")
    let other = Variable<Float>(5, name: "dense_1/kernel")
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint(["a": kernel, "b": other]).restore(from: path).expectPartial()
    }
    #expect(error?.code == .notFound)
    #expect(error?.key == "b")
    #expect(kernel.scalar == 0)
    try Checkpoint(["a": kernel, "b": other]).restore(from: path, options: .partial).expectPartial()
    #expect(kernel.scalar == 1 && other.scalar == 5)
  }

  @Test func `restores what is tracked later`() throws {
    try Saver(["a": Variable<Float>(1), "late": Variable<Float>(2)]).save(to: path)
    let checkpoint = try Checkpoint(["a": Variable<Float>(0)])
    let status = try checkpoint.restore(from: path)
    let late = Variable<Float>(0, name: "late")
    try checkpoint.track(late, as: "x")
    #expect(late.scalar == 2)
    try status.assertConsumed()
    late.scalar = 7
    try checkpoint.restoreDeferred()
    #expect(late.scalar == 7)  // once is enough
  }

  @Test func `goes through a mapping of names, from either kind of checkpoint`() throws {
    let mapping: KeyMapping = [.prefix("bert/", to: "model/"), .drop(.regex("Adam"))]
    try Saver(["bert/kernel": Variable<Float>(1), "bert/kernel/Adam": Variable<Float>(2)])
      .save(to: path)
    let kernel = Variable<Float>(0)
    let checkpoint = try Checkpoint(["model": TestModule(["kernel": kernel])])
    try checkpoint.restore(from: path, mapping: mapping).assertConsumed()
    #expect(kernel.scalar == 1)

    let objects = directory.path("objects")
    try Checkpoint(["net": Variable<Float>(3, name: "bert/kernel")]).write(to: objects)
    try checkpoint.restore(from: objects, mapping: mapping).assertConsumed()
    #expect(kernel.scalar == 3)
  }

  @Test func `has no places to begin at`() throws {
    try Saver(["a": Variable<Float>(1)]).save(to: path)
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint(["a": Variable<Float>(0)]).restore(from: path, at: "a").expectPartial()
    }
    #expect(error?.code == .unsupported)
  }

  @Test func `compares names`() throws {
    try Saver(["a": Variable<Float>(1), "c": Variable<Float>(2)]).save(to: path)
    let comparison = try Checkpoint(["a": Variable<Float>(0), "b": Variable<Float>(0)])
      .compare(with: path)
    #expect(comparison.restored == ["a"])
    #expect(comparison.missing == ["b"])
    #expect(comparison.unused == ["c"])
  }
}
