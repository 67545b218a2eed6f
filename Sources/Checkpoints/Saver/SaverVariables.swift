import CheckpointGraph
import CheckpointIO
import CheckpointTensors

/// The variables and groups of a saver, checked: each has a name, and no two tensors have the same one.
struct SaverVariables {
  /// A variable and what it is saved as.
  typealias Named = (name: String, variable: any TensorVariable)
  /// A group and what stands before the names of its tensors.
  typealias NamedGroup = (name: String, group: any TensorGroup)

  /// The variables, in byte order of their names.
  let named: [Named]
  /// The groups, in byte order of their names.
  let groups: [NamedGroup]
  /// The keys of all tensors, in the order in which they are stored.
  let keys: [TensorKey]

  /// Takes variables and groups under given names.
  ///
  /// - Throws: One error with every problem.
  init(_ variables: [Named], groups: [NamedGroup] = [], allowsEmpty: Bool) throws(CheckpointError) {
    var check = Check()
    if variables.isEmpty, groups.isEmpty, !allowsEmpty {
      check.note(
        .invalidArgument,
        "a saver needs a variable at least; allowsEmpty makes one that saves nothing")
    }
    for (name, variable) in variables { check.add(variable, as: name) }
    for (name, group) in groups { check.add(group, as: name) }
    try check.conclude()
    named = variables.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    self.groups = groups.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    keys = Self.merged(named, self.groups.map { ($0.name, $0.group.members()) }).map(\.key)
  }

  /// Takes variables under their own names.
  ///
  /// - Throws: One error with every problem.
  init(_ variables: [any TensorVariable], groups: [NamedGroup] = [], allowsEmpty: Bool)
    throws(CheckpointError)
  {
    var check = Check()
    var named: [Named] = []
    for (index, variable) in variables.enumerated() {
      if let name = variable.name {
        named.append((name, variable))
      } else {
        check.note(
          .invalidArgument,
          "variable \(index) of the list, \(variable.tensorSpec), has no name; "
            + "give it one, or use Saver([name: variable])")
      }
    }
    try check.conclude()
    try self.init(named, groups: groups, allowsEmpty: allowsEmpty)
  }

  /// Whether there is nothing to be saved.
  var isEmpty: Bool { named.isEmpty && groups.isEmpty }

  // MARK: Tensors

  /// A tensor, and where it is.
  struct Tensor {
    let key: TensorKey
    let variable: any TensorVariable
    /// The number of the group that it belongs to; `nil` for a variable.
    let group: Int?
  }

  /// The tensors to be restored, in the order in which they are stored.
  func restoredTensors() -> [Tensor] {
    Self.merged(named, groups.map { ($0.name, $0.group.members()) })
  }

  /// The tensors to be saved, in the order in which they are stored; groups have the values of this moment.
  ///
  /// - Throws: What a group throws.
  func savedTensors() throws(CheckpointError) -> [Tensor] {
    let groups = try groups.map { group throws(CheckpointError) in
      do throws(CheckpointError) {
        return (group.name, try group.group.takenMembers())
      } catch {
        throw error.located(key: group.name)
      }
    }
    return Self.merged(named, groups)
  }

  // By the names of variables and groups: the tensors of a group stand together, in their own order.
  private static func merged(
    _ variables: [Named], _ groups: [(name: String, members: [NodeAttributes.Member])]
  ) -> [Tensor] {
    var tensors: [Tensor] = []
    tensors.reserveCapacity(variables.count)
    var rest = groups[...]
    for (name, variable) in variables {
      while let group = rest.first, group.name.utf8.lexicographicallyPrecedes(name.utf8) {
        append(rest.removeFirst(), to: &tensors)
      }
      tensors.append(Tensor(key: TensorKey(name), variable: variable, group: nil))
    }
    for group in rest { append(group, to: &tensors) }
    return tensors
  }

  private static func append(
    _ group: (name: String, members: [NodeAttributes.Member]), to tensors: inout [Tensor]
  ) {
    let number = tensors.count
    for member in group.members {
      let key = TensorKey(group.name + member.name)
      tensors.append(Tensor(key: key, variable: member.variable, group: number))
    }
  }
}

/// What is wrong with a list of variables.
private struct Check {
  private var problems: [CheckpointError] = []
  private var names: Set<TensorKey> = []
  private var owners: [ObjectIdentifier: String] = [:]

  mutating func note(_ code: CheckpointError.Code, _ message: String, key: String? = nil) {
    problems.append(CheckpointError(code, message, key: key))
  }

  mutating func add(_ variable: any TensorVariable, as name: String) {
    if name.isEmpty {
      note(.invalidArgument, "a variable cannot have an empty name")
    } else if !names.insert(TensorKey(name)).inserted {
      note(.duplicateName, "two variables have the name '\(name)'", key: name)
    }
    own(variable, as: name)
    // Types are compared first, which takes less than a cast for each of many variables.
    guard type(of: variable) == PartitionedVariable.self else { return }
    for part in (variable as? PartitionedVariable)?.parts ?? [] { own(part.variable, as: name) }
  }

  mutating func add(_ group: any TensorGroup, as name: String) {
    let tensors = group.groupTensors
    if tensors.isEmpty {
      note(.invalidArgument, "\(type(of: group)), a group, has no tensors", key: name)
    }
    if tensors.contains(where: { name.isEmpty && $0.name.isEmpty }) {
      note(.invalidArgument, "a tensor of a group cannot have an empty name")
    }
    for tensor in tensors where !names.insert(TensorKey(name + tensor.name)).inserted {
      let whole = name + tensor.name
      note(.duplicateName, "two tensors have the name '\(whole)'", key: whole)
    }
    own(group, as: name)
  }

  private mutating func own(_ variable: any Checkpointable, as name: String) {
    if let other = owners.updateValue(name, forKey: ObjectIdentifier(variable)), other != name {
      note(.duplicateName, "one variable has two names, '\(other)' and '\(name)'", key: name)
    }
  }

  func conclude() throws(CheckpointError) {
    let error = CheckpointError.combining(problems) {
      "these variables cannot be saved, for \($0) reasons"
    }
    if let error { throw error }
  }
}
