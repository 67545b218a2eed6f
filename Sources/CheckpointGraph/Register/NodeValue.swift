import CheckpointIO
import CheckpointTensors

/// The value of an object: a tensor, and what it is to the object.
package enum NodeValue {
  /// The value of a variable.
  case variable(any TensorVariable)
  /// The state of an object, as a string.
  case state(any TensorVariable)

  /// Where the tensor is.
  package var variable: any TensorVariable {
    switch self {
    case .variable(let variable), .state(let variable): variable
    }
  }

  /// Whether it is the value of a variable.
  var isVariable: Bool {
    if case .variable = self { true } else { false }
  }

  /// A value of the same kind, of what `replacement` makes of the variable.
  func replacingVariable(
    by replacement: (any TensorVariable) throws(CheckpointError) -> any TensorVariable
  ) throws(CheckpointError) -> NodeValue {
    switch self {
    case .variable(let variable): .variable(try replacement(variable))
    case .state(let variable): .state(try replacement(variable))
    }
  }

  /// The name of the attribute: `VARIABLE_VALUE`, `py_state`.
  package var attribute: String {
    isVariable ? CheckpointKey.variableValue : CheckpointKey.state
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
