import CheckpointTestSupport
import Checkpoints
import Synchronization

final class TestLayer: Checkpointable {
  var kernel: Variable<Float>
  var bias: Variable<Float>

  init(_ start: Float = 0) {
    kernel = Variable(repeating: start, shape: [2, 3])
    bias = Variable([start, start])
  }

  /// The number that all its elements have.
  var number: Float? {
    let numbers = Set(kernel.value.array + bias.value.array)
    return numbers.count == 1 ? numbers.first : nil
  }
}

/// An object whose properties are named where it is made.
final class TestModule: Checkpointable {
  var properties: [(name: String, value: Any)]

  init(_ properties: KeyValuePairs<String, Any>) {
    self.properties = properties.map { ($0.key, $0.value) }
  }

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    for property in properties { registrar.track(property.value, as: property.name) }
  }
}

final class TestMomentum: SlotVariableProvider {
  let slotNames = ["momentum"]
  private(set) var slots: [ObjectIdentifier: Variable<Float>] = [:]

  func registerDependencies(in registrar: inout DependencyRegistrar) {}

  func slotVariable(_ name: String, of variable: any TensorVariable) -> (any TensorVariable)? {
    slots[ObjectIdentifier(variable)]
  }

  @discardableResult
  func makeSlotVariable(
    _ name: String,
    for variable: any TensorVariable
  ) throws(CheckpointError) -> (any TensorVariable)? {
    guard name == "momentum" else { return nil }
    let slot = Variable<Float>(repeating: 0, shape: variable.tensorSpec.shape)
    slots[ObjectIdentifier(variable)] = slot
    return slot
  }

  subscript(variable: Variable<Float>) -> Float? {
    get { slots[ObjectIdentifier(variable)]?.value.array.first }
    set {
      _ = try? makeSlotVariable("momentum", for: variable)
      slots[ObjectIdentifier(variable)]?.value = Tensor(
        repeating: newValue ?? 0,
        shape: variable.shape
      )
    }
  }
}

/// The warnings about checkpoints in a directory that are given while `body` runs; not for two tests
/// at once.
func warnings(
  about directory: TemporaryDirectory,
  _ body: () throws -> Void
) rethrows -> [String] {
  let texts = Texts()
  let before = CheckpointWarnings.handler
  CheckpointWarnings.handler = { texts.append($0) }
  defer { CheckpointWarnings.handler = before }
  try body()
  return texts.all.filter { $0.contains(directory.path) }
}

private final class Texts: Sendable {
  private let texts = Mutex<[String]>([])
  func append(_ text: String) { texts.withLock { $0.append(text) } }
  var all: [String] { texts.withLock { $0 } }
}
