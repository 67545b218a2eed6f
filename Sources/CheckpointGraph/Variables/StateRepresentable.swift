public import CheckpointIO
import CheckpointTensors

/// An object whose state is bytes rather than a tensor: a random generator, the position in a data
/// set.
///
/// It is stored as a scalar string tensor, so that TensorFlow can carry it along.
/// Source: tensorflow/python/trackable/python_state.py, `PythonState`.
public protocol StateRepresentable: Checkpointable {
  /// The state.
  ///
  /// Asked for once a save, at its beginning, in the foreground as in the background.
  ///
  /// - Throws: `unsupported` if it cannot be written down now.
  func stateBytes() throws(CheckpointError) -> [UInt8]

  /// Takes a state.
  ///
  /// - Throws: `mismatch` if the bytes are no state of this object, which is unchanged then.
  func restoreState(_ bytes: [UInt8]) throws(CheckpointError)
}

extension StateRepresentable where Registered == Self {
  /// Registers the state.
  public func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.setValue(.state(StateVariable(self)))
  }
}

extension StateRepresentable {
  /// Not there for a class that can have subclasses: what they registered would not be heard.
  @available(
    *, unavailable,
    message: """
      a class that is not final has to have a method that subclasses can override: make the class \
      final, or write 'func registerDependencies(in registrar: inout DependencyRegistrar) {}'; the \
      state is registered all the same
      """
  )
  public func registerDependencies(in registrar: inout DependencyRegistrar) {}
}

extension DependencyRegistrar {
  /// Registers something that reads and writes a state of the owner.
  package mutating func state(_ name: String, _ state: any StateRepresentable) {
    add(name, state, .place)
  }
}

/// A state that differs from process to process, of those that save one checkpoint together.
package protocol ProcessStateRepresentable: StateRepresentable {}

extension TensorVariable {
  /// Whether it is the state of a process, of which each has its own.
  package var isProcessState: Bool {
    switch self {
    case let state as StateVariable: state.object is any ProcessStateRepresentable
    case let copy as TensorBox<AnyTensor>: copy.isCopyOfProcessState
    default: false
    }
  }
}

/// The state of an object as a string tensor without dimensions.
final class StateVariable: TensorVariable {
  fileprivate let object: any StateRepresentable

  init(_ object: any StateRepresentable) { self.object = object }

  var tensorSpec: TensorSpec { TensorSpec(.string, .scalar) }

  func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    try tensorSnapshot().withTensorBytes(body)
  }

  func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    guard let strings = tensor.strings, strings.count == 1, let state = strings.first else {
      throw CheckpointError(.mismatch, "a state is stored as one string, not as \(tensor.spec)")
    }
    try object.restoreState(state)
  }

  func tensorSnapshot() throws(CheckpointError) -> AnyTensor {
    try AnyTensor(tensorSpec, .strings([object.stateBytes()]))
  }
}
