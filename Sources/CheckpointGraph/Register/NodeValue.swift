import CheckpointIO
import CheckpointTensors

/// The value of an object: a tensor, and what it is to the object.
package struct NodeValue {
  /// What a value is to an object.
  package enum Kind {
    /// The value of a variable.
    case variable
    /// The state of an object, as a string.
    case state
  }

  /// What it is to the object.
  package let kind: Kind
  /// Where the tensor is.
  package let variable: any TensorVariable

  init(_ kind: Kind, _ variable: any TensorVariable) {
    self.kind = kind
    self.variable = variable
  }

  /// The name of the attribute: `VARIABLE_VALUE`, `py_state`.
  package var attribute: String {
    switch kind {
    case .variable: CheckpointKey.variableValue
    case .state: CheckpointKey.state
    }
  }
}

/// The state of an object as a string tensor without dimensions.
final class StateVariable: TensorVariable {
  private let object: any StateRepresentable

  init(_ object: any StateRepresentable) { self.object = object }

  var tensorSpec: TensorSpec { TensorSpec(.string, .scalar) }

  func withTensorBytes<Result>(
    _ body: (RawSpan) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Result {
    throw CheckpointError(.unsupported, "a state has no elements of fixed width")
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
