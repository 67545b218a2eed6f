import CheckpointTensors
import CheckpointIO
import CheckpointGraph
import Checkpoints

/// Makes variables for a structure: with their values, or with zeros in their place.
struct Maker {
  let isFresh: Bool

  func variable<Scalar: TensorScalar & AdditiveArithmetic>(_ values: [Scalar], _ name: String)
    -> Variable<Scalar>
  {
    Variable(isFresh ? values.map { _ in Scalar.zero } : values, name: name)
  }

  func variable(_ value: Float, _ name: String) -> Variable<Float> { scalar(value, name) }

  func scalar<Scalar: TensorScalar & AdditiveArithmetic>(_ value: Scalar, _ name: String)
    -> Variable<Scalar>
  {
    Variable(isFresh ? .zero : value, name: name)
  }

  func other<Scalar: TensorScalar>(_ values: [Scalar], _ fresh: Scalar, _ name: String)
    -> Variable<Scalar>
  {
    Variable(isFresh ? values.map { _ in fresh } : values, name: name)
  }

  func layer(_ start: Float) -> Layer { Layer(self, start) }

  func momentum(_ number: Float, _ variables: [Variable<Float>]) -> Optimizer {
    let optimizer = Optimizer("Momentum", ["momentum"])
    // A fresh one makes its slot variables while they are restored.
    if !isFresh { optimizer.train(variables, [number]) }
    return optimizer
  }

  func adam(_ variables: [Variable<Float>]) -> Adam {
    let optimizer = Adam(self)
    optimizer.train(variables, isFresh ? [0, 0] : [0.25, 0.5])
    return optimizer
  }
}

final class Layer: Checkpointable {
  let kernel: Variable<Float>
  let bias: Variable<Float>

  init(_ make: Maker, _ start: Float) {
    let numbers = (0..<6).map { make.isFresh ? 0 : start + Float($0) }
    kernel = Variable(Tensor(shape: [2, 3], scalars: numbers), name: "kernel")
    bias = make.variable([start, -start], "bias")
  }
}

/// An object whose properties are named where it is made.
final class Module: Checkpointable {
  var properties: [(name: String, value: Any)]

  init(_ properties: KeyValuePairs<String, Any>) {
    self.properties = properties.map { ($0.key, $0.value) }
  }

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    for property in properties { registrar.track(property.value, as: property.name) }
  }
}

/// An optimizer of TensorFlow 1's kind, as far as a checkpoint sees it.
class Optimizer: SlotVariableProvider {
  let name: String
  let slotNames: [String]
  private var slots: [String: [ObjectIdentifier: Variable<Float>]] = [:]
  // How often a name has been given in this structure: TensorFlow numbers them.
  private let isSecond: Bool

  init(_ name: String, _ slotNames: [String], isSecond: Bool = false) {
    self.name = name
    self.slotNames = slotNames
    self.isSecond = isSecond
  }

  func registerDependencies(in registrar: inout DependencyRegistrar) {}

  func slotVariable(_ name: String, of variable: any TensorVariable) -> (any TensorVariable)? {
    slots[name]?[ObjectIdentifier(variable)]
  }

  func makeSlotVariable(_ name: String, for variable: any TensorVariable) throws(CheckpointError)
    -> (any TensorVariable)?
  {
    guard let number = slotNames.firstIndex(of: name) else { return nil }
    let suffix = number == 0 && !isSecond ? "" : "_1"
    return Variable<Float>(
      repeating: 0, shape: variable.tensorSpec.shape,
      name: "\(variable.name ?? "")/\(self.name)\(suffix)")
  }

  func keepSlotVariable(
    _ slot: any TensorVariable, as name: String, of variable: any TensorVariable
  ) {
    slots[name, default: [:]][ObjectIdentifier(variable)] = slot as? Variable<Float>
  }

  func train(_ variables: [Variable<Float>], _ numbers: [Float]) {
    for (name, number) in zip(slotNames, numbers) {
      for variable in variables {
        guard let slot = try? makeSlotVariable(name, for: variable) as? Variable<Float> else {
          continue
        }
        slot.value = Tensor(repeating: number, shape: variable.shape)
        keepSlotVariable(slot, as: name, of: variable)
      }
    }
  }
}

final class Adam: Optimizer {
  let beta1Power: Variable<Float>
  let beta2Power: Variable<Float>

  init(_ make: Maker) {
    beta1Power = make.variable(0.75, "beta1_power")
    beta2Power = make.variable(0.875, "beta2_power")
    super.init("Adam", ["m", "v"])
  }

  override func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.track(beta1Power, as: "beta1_power")
    registrar.track(beta2Power, as: "beta2_power")
  }
}

/// Properties that are found by reflection, in the order of the assignments in Python.
final class Parent: Checkpointable {
  let w: Variable<Float>
  private(set) var me: Parent?
  private(set) var child: Child?

  init(_ make: Maker) {
    w = make.variable(1, "w")
    me = self
    child = Child(make, self)
  }

  final class Child: Checkpointable {
    let w: Variable<Float>
    let parent: Parent

    init(_ make: Maker, _ parent: Parent) {
      w = make.variable(2, "u")
      self.parent = parent
    }
  }
}

/// An object of two tensors under attribute names of its own.
final class Quantizer: Checkpointable {
  var offsets: Tensor<Float>
  var scale: Double

  init(_ make: Maker) {
    offsets = Tensor(make.isFresh ? [0, 0, 0] : [1, 2, 3])
    scale = make.isFresh ? 0 : 0.5
  }

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.attribute("offsets", of: self, \.offsets)
    registrar.attribute("scale", of: self, \.scale)
  }
}

/// A table of numbers by words.
final class Words: TensorGroup {
  var entries: [(word: String, number: Int64)]

  init(_ entries: [(String, Int64)] = []) { self.entries = entries }

  let attributeName: String? = "table"
  let groupTensors = [GroupTensor("-keys", .string), GroupTensor("-values", .int64)]

  func serializeToTensors() -> [AnyTensor] {
    [AnyTensor(Tensor(entries.map(\.word))), AnyTensor(Tensor(entries.map(\.number)))]
  }

  func restoreFromTensors(_ tensors: [AnyTensor]) throws(CheckpointError) {
    let (words, numbers) = (try Tensor<String>(tensors[0]), try Tensor<Int64>(tensors[1]))
    entries = zip(words.array, numbers.array).map { ($0, $1) }
  }
}

/// A table without entries.
final class Nothing: TensorGroup {
  let attributeName: String? = "table"
  let groupTensors = [GroupTensor("-keys", .int64), GroupTensor("-values", .float32)]

  func serializeToTensors() -> [AnyTensor] {
    [AnyTensor(Tensor([] as [Int64])), AnyTensor(Tensor([] as [Float]))]
  }

  func restoreFromTensors(_ tensors: [AnyTensor]) {}
}

struct Progress: Codable {
  var epoch = 0
  var path = ""
}

/// A structure of tensorflow_objects.py.
enum Structure: String, CaseIterable {
  case minimal, nested, dtypes, lists, dictionaries, tuples, shared, cycle, empty, names, chain
  case wide, attached, attachedSave = "attached_save", rootVariable = "root_variable"
  case rootCounter = "root_counter", state, momentum, optimizerRoot = "optimizer_root", adam
  case twoOptimizers = "two_optimizers", everything, twice, later, attributes, table

  /// Whether it is saved with a number.
  var isNumbered: Bool {
    [.attachedSave, .everything, .rootCounter, .twice, .later].contains(self)
  }

  /// Saves it with its values.
  func save(to path: String) throws -> String {
    let make = Maker(isFresh: false)
    let checkpoint = try checkpoint(make)
    guard isNumbered else { return try checkpoint.write(to: path) }
    let prefix = try checkpoint.save(to: path)
    if self == .later { try checkpoint.track(make.variable(3, "a"), as: "a") }
    return self == .later || self == .twice ? try checkpoint.save(to: path) : prefix
  }

  /// Restores it without values, and writes what it has then to another prefix.
  func restore(from path: String, writing copy: String) throws {
    let make = Maker(isFresh: true)
    let checkpoint = try checkpoint(make)
    let status = try isNumbered ? checkpoint.restore(from: path) : checkpoint.read(from: path)
    if self == .later { try checkpoint.track(make.variable(3, "a"), as: "a") }
    try status.assertConsumed().assertExistingObjectsMatched()
    // That one has nothing but the counter.
    if self != .rootCounter { try status.assertNontrivialMatch() }
    try checkpoint.write(to: copy)
  }

  func checkpoint(_ make: Maker) throws -> Checkpoint {
    switch self {
    case .minimal, .twice, .later: try Checkpoint(["v": make.variable([1, 2] as [Float], "v")])
    case .nested: try nested(make)
    case .dtypes: try dtypes(make)
    case .lists: try lists(make)
    case .dictionaries: try dictionaries(make)
    case .tuples: try tuples(make)
    case .shared: try shared(make)
    case .cycle: try Checkpoint(["model": Parent(make)])
    case .empty: try empty(make)
    case .names: try names(make)
    case .chain: try chain(make)
    case .wide: try wide(make)
    case .attached, .attachedSave: try attached(make)
    case .rootVariable:
      try Checkpoint(make.variable(5, "v"), ["w": make.variable(2, "w")])
    case .rootCounter:
      try Checkpoint(Module(["save_counter": make.scalar(7 as Int64, "mine")]))
    case .state: try state(make)
    case .momentum: try momentum(make)
    case .optimizerRoot: try optimizerRoot(make)
    case .adam: try adam(make)
    case .twoOptimizers: try twoOptimizers(make)
    case .everything: try everything(make)
    case .attributes:
      try Checkpoint(["model": Module(["quantizer": Quantizer(make), "w": make.variable(1, "w")])])
    case .table: try table(make)
    }
  }

  // MARK: Structures

  private func nested(_ make: Maker) throws -> Checkpoint {
    let hidden = Module(["first": make.layer(1), "second": make.layer(2)])
    let model = Module(["hidden": hidden, "scale": make.scalar(0.5, "scale")])
    return try Checkpoint(["step": make.scalar(7 as Int64, "step"), "model": model])
  }

  private func dtypes(_ make: Maker) throws -> Checkpoint {
    let complex = Complex64(1, 2)
    return try Checkpoint([
      "flag": Variable(!make.isFresh, name: "flag"),
      "text": make.other([Array("one".utf8), [], [0xFF, 0]], [], "text"),
      "bytes": make.variable([1, 2, 255] as [UInt8], "bytes"),
      "half": make.variable([1.5, -2] as [Float16], "half"),
      "brain": make.other([BFloat16(1.5), BFloat16(-2)], BFloat16(0), "brain"),
      "complex": make.other([complex], Complex64(0, 0), "complex"),
      "none": make.variable([] as [Float], "none"),
    ])
  }

  private func lists(_ make: Maker) throws -> Checkpoint {
    let inner: [Any] = [7, make.variable(3, "c")]
    let mixed: [Any] = [make.variable(1, "a"), 5, make.variable(2, "b"), "x", inner]
    return try Checkpoint([
      "model": Module(["mixed": mixed, "layers": [make.layer(1), make.layer(2)]])
    ])
  }

  private func dictionaries(_ make: Maker) throws -> Checkpoint {
    let table: [String: Any] = [
      "a": make.variable(1, "a"), "a.b/c": make.variable(2, "b"), "plain": 3,
      "z": ["k": make.variable(3, "c")],
    ]
    let ordered: KeyValuePairs = [
      "z": make.variable(4, "d"), "m": make.variable(5, "e"), "a": make.variable(6, "f"),
    ]
    return try Checkpoint(["model": Module(["table": table, "ordered": ordered])])
  }

  private func tuples(_ make: Maker) throws -> Checkpoint {
    let pair = (make.variable(1, "a"), 3, make.variable(2, "b"))
    let point = (x: make.variable(3, "c"), y: make.variable(4, "d"))
    return try Checkpoint(["model": Module(["pair": pair, "point": point, "plain": (1, 2)])])
  }

  private func shared(_ make: Maker) throws -> Checkpoint {
    let (zed, other) = (make.layer(1), make.layer(2))
    let model = Module(["zed": zed, "again": zed, "other": other, "shared": zed.kernel])
    return try Checkpoint(["model": model, "bias": other.bias])
  }

  private func empty(_ make: Maker) throws -> Checkpoint {
    let (list, table): ([Layer], [String: Layer]) = ([], [:])
    return try Checkpoint([
      "model": Module([
        "w": make.variable(1, "w"), "list": list, "numbers": [1, 2], "table": table,
        "nested": [list, table] as [Any],
      ])
    ])
  }

  private func names(_ make: Maker) throws -> Checkpoint {
    try Checkpoint([
      "a.b": make.variable(1, "v1"), "c/d": make.variable(2, "v2"), "e f": make.variable(3, "v3"),
      "é": make.variable(4, "v4"), "e\u{301}": make.variable(5, "v5"),
      "日本": make.variable(6, "v6"), ".": make.variable(7, "v7"), "..S": make.variable(8, "v8"),
      "/": make.variable(9, "v9"), "_w": make.variable(10, "v10"),
      "x/.S.": make.variable(11, "v11"), "🙂": make.variable(12, "v12"),
    ])
  }

  private func chain(_ make: Maker) throws -> Checkpoint {
    var node = Module(["w": make.variable(1, "w")])
    for _ in 0..<1500 { node = Module(["n": node]) }
    return try Checkpoint(["model": node])
  }

  private func wide(_ make: Maker) throws -> Checkpoint {
    let layers = (1...100).map { make.layer(Float($0)) }
    return try Checkpoint(["model": Module(["layers": layers])])
  }

  private func attached(_ make: Maker) throws -> Checkpoint {
    let b = make.variable(1, "b")
    let root = Module(["b": b, "a": make.layer(1)])
    return try Checkpoint(root, ["z": make.variable(2, "z"), "c": make.variable(3, "c"), "b": b])
  }

  private func state(_ make: Maker) throws -> Checkpoint {
    let progress = make.isFresh ? Progress() : Progress(epoch: 3, path: "a/b")
    return try Checkpoint(["a": RunState(progress), "w": make.variable(1, "w")])
  }

  private func momentum(_ make: Maker) throws -> Checkpoint {
    let model = make.layer(1)
    let optimizer = make.momentum(0.25, [model.kernel, model.bias])
    return try Checkpoint(["model": model, "optimizer": optimizer])
  }

  private func optimizerRoot(_ make: Maker) throws -> Checkpoint {
    let w = make.variable([1, 2] as [Float], "w")
    return try Checkpoint(make.momentum(0.25, [w]), ["w": w])
  }

  private func adam(_ make: Maker) throws -> Checkpoint {
    let (a, zed) = (make.layer(1), make.layer(2))
    return try Checkpoint([
      "model": Module(["a": a, "zed": zed]), "optimizer": make.adam([zed.kernel, a.bias]),
    ])
  }

  private func twoOptimizers(_ make: Maker) throws -> Checkpoint {
    let w = make.layer(1)
    let second = Optimizer("Momentum", ["momentum"], isSecond: true)
    if !make.isFresh { second.train([w.bias], [0.5]) }
    return try Checkpoint([
      "w": w, "first": make.momentum(0.25, [w.kernel, w.bias]), "second": second,
    ])
  }

  private func table(_ make: Maker) throws -> Checkpoint {
    let words = make.isFresh ? Words() : Words([("cat", 7)])
    let model = Module(["w": make.variable(1, "w"), "words": words, "nothing": Nothing()])
    return try Checkpoint(["model": model, "last": make.variable(2, "last")])
  }

  private func everything(_ make: Maker) throws -> Checkpoint {
    let (zed, a) = (make.layer(1), make.layer(10))
    let text = Variable(make.isFresh ? "" : "text", name: "odd")
    let tables: KeyValuePairs<String, Any> = [
      "x": make.variable([1, 2, 3] as [Int32], "in_dict"), "a.b/c": text,
      "lst": [Variable(!make.isFresh, name: "Variable")],
    ]
    let model = Module([
      "zed": zed, "a": a, "layers": [zed, a, make.variable(3, "in_list")] as [Any],
      "tables": tables, "pair": (zed.kernel, make.scalar(4.0, "in_tuple")), "shared": zed.kernel,
    ])
    let nothing: [Layer] = []
    model.properties += [("me", model), ("empty", nothing), ("cfg", ["n": 3])]
    return try Checkpoint([
      "model": model, "optimizer": make.adam([zed.kernel, a.bias]),
      "step": make.scalar(41 as Int64, "global_step"),
    ])
  }
}
