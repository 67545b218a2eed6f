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
    /// What it was called before.
    var formerNames: [String] = []
  }

  /// The attribute that all tensors are stored behind; `nil` if each is one.
  package let prefix: String?
  /// The tensors.
  package private(set) var members: [Member]
  // Asks for all of them at once, if that has to be.
  private var take: (() throws(CheckpointError) -> [Member])?

  /// Tensors that are attributes, each by itself.
  init(_ members: [Member]) { (prefix, self.members) = (nil, members) }

  /// Tensors that belong together.
  ///
  /// - Parameters:
  ///   - prefix: The attribute that all are stored behind; `nil` if each is one.
  ///   - members: The tensors as variables to be restored.
  ///   - take: Makes variables with the values of one moment.
  init(
    prefix: String?, _ members: [Member], take: @escaping () throws(CheckpointError) -> [Member]
  ) {
    (self.prefix, self.members, self.take) = (prefix, members, take)
  }

  /// What stands behind the path of the object in the key of a tensor.
  func attribute(of member: Member) -> String { (prefix ?? "") + member.name }

  /// The same, followed by what it was before.
  func attributes(of member: Member) -> [String] {
    [attribute(of: member)] + member.formerNames.map { (prefix ?? "") + $0 }
  }

  /// The same with the values of this moment, if they are to be asked for all at once.
  func taken() throws(CheckpointError) -> NodeAttributes {
    guard let take else { return self }
    var taken = self
    taken.members = try take()
    taken.take = nil
    return taken
  }

  fileprivate func replacingVariables(
    by replacement: (any TensorVariable) throws(CheckpointError) -> any TensorVariable
  ) throws(CheckpointError) -> NodeAttributes {
    var replaced = try taken()
    replaced.members = try replaced.members.map { member throws(CheckpointError) in
      Member(
        name: member.name, variable: try replacement(member.variable),
        formerNames: member.formerNames)
    }
    return replaced
  }
}
