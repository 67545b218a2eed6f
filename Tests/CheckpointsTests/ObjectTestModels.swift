import CheckpointTensors
import CheckpointStore
import CheckpointGraph
import CheckpointTestSupport
import Checkpoints
import Foundation
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

final class TestMomentum: SlotVariableHolder {
  let slots = SlotVariables<Variable<Float>>("momentum")

  subscript(variable: Variable<Float>) -> Float? {
    get { slots.existing("momentum", of: variable)?.value.array.first }
    set {
      slots["momentum", of: variable].value = Tensor(
        repeating: newValue ?? 0, shape: variable.shape)
    }
  }
}

/// The warnings about checkpoints in a directory that are given while `body` runs.
func warnings(about directory: TemporaryDirectory, _ body: () throws -> Void) rethrows -> [String] {
  try warnings(containing: directory.path, body)
}

/// The warnings with some text that are given while `body` runs.
func warnings(containing text: String, _ body: () throws -> Void) rethrows -> [String] {
  handlerLock.lock()  // there is one handler for all tests
  defer { handlerLock.unlock() }
  let texts = Texts()
  let before = CheckpointWarnings.handler
  CheckpointWarnings.handler = { texts.append($0) }
  defer { CheckpointWarnings.handler = before }
  try body()
  return texts.all.filter { $0.contains(text) }
}

private let handlerLock = NSLock()

private final class Texts: Sendable {
  private let texts = Mutex<[String]>([])
  func append(_ text: String) { texts.withLock { $0.append(text) } }
  var all: [String] { texts.withLock { $0 } }
}
