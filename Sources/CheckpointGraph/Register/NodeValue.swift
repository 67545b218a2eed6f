import CheckpointIO
import CheckpointTensors

/// The value of an object: its tensors, and what they are to the object.
package enum NodeValue {
  /// The value of a variable.
  case variable(any TensorVariable)
  /// The state of an object, as a string.
  case state(any TensorVariable)
  /// Tensors under names of their own.
  case attributes(NodeAttributes)

  /// Where the tensor is, if there is just one, under the usual name.
  package var variable: (any TensorVariable)? {
    switch self {
    case .variable(let variable), .state(let variable): variable
    case .attributes: nil
    }
  }

  /// Whether it is the value of a variable.
  var isVariable: Bool {
    if case .variable = self { true } else { false }
  }

  /// A value of the same kind, of what `replacement` makes of each variable.
  func replacingVariables(
    by replacement: (any TensorVariable) throws(CheckpointError) -> any TensorVariable
  ) throws(CheckpointError) -> NodeValue {
    switch self {
    case .variable(let variable): .variable(try replacement(variable))
    case .state(let variable): .state(try replacement(variable))
    case .attributes(let attributes):
      .attributes(try attributes.replacingVariables(by: replacement))
    }
  }

  /// The name of the first attribute: `VARIABLE_VALUE`, `py_state`.
  package var attribute: String {
    switch self {
    case .variable: CheckpointKey.variableValue
    case .state: CheckpointKey.state
    case .attributes(let attributes): attributes.prefix ?? attributes.members.first?.name ?? ""
    }
  }
}

/// Tensors of an object under names of their own, restored together or not at all.
package struct NodeAttributes {
  /// A tensor.
  package struct Member {
    /// What tells it from the others.
    package let name: String
    /// Where it is.
    package let variable: any TensorVariable
  }

  /// The attribute that all tensors are stored behind; `nil` if each is one.
  package let prefix: String?
  /// The tensors.
  package private(set) var members: [Member]
  // The object that has all of them, if it is to be asked for all at once.
  private var group: (any TensorGroup)?

  /// Tensors that are attributes, each by itself.
  init(_ members: [Member]) { (prefix, self.members) = (nil, members) }

  /// The tensors of a group.
  init(_ group: any TensorGroup) {
    (prefix, members, self.group) = (group.attributeName, group.members(), group)
  }

  /// What stands behind the path of the object in the key of a tensor.
  func attribute(of member: Member) -> String { (prefix ?? "") + member.name }

  /// The same with the values of this moment, if they are to be asked for all at once.
  func taken() throws(CheckpointError) -> NodeAttributes {
    guard let group else { return self }
    var taken = self
    taken.members = try group.takenMembers()
    taken.group = nil
    return taken
  }

  fileprivate func replacingVariables(
    by replacement: (any TensorVariable) throws(CheckpointError) -> any TensorVariable
  ) throws(CheckpointError) -> NodeAttributes {
    var replaced = try taken()
    replaced.members = try replaced.members.map { member throws(CheckpointError) in
      Member(name: member.name, variable: try replacement(member.variable))
    }
    return replaced
  }
}

/// The state of an object as a string tensor without dimensions.
final class StateVariable: TensorVariable {
  private let object: any StateRepresentable

  init(_ object: any StateRepresentable) { self.object = object }

  var tensorSpec: TensorSpec { TensorSpec(.string, .scalar) }

  func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
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
