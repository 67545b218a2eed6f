import CheckpointGraph
import CheckpointIO
import CheckpointTensors

/// The variables of a saver, checked: each has a name, and no two have the same one.
struct SaverVariables {
  /// A variable and what it is saved as.
  typealias Named = (name: String, variable: any TensorVariable)

  /// The variables, in byte order of their names.
  let named: [Named]
  /// Their keys.
  let keys: [TensorKey]

  /// Takes variables under given names.
  ///
  /// - Throws: One error with every problem.
  init(_ variables: [Named], allowsEmpty: Bool) throws(CheckpointError) {
    var check = Check()
    if variables.isEmpty, !allowsEmpty {
      check.note(
        .invalidArgument,
        "a saver needs a variable at least; allowsEmpty makes one that saves nothing"
      )
    }
    for (name, variable) in variables { check.add(variable, as: name) }
    try check.conclude()
    named = variables.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    keys = named.map { TensorKey($0.name) }
  }

  /// Takes variables under their own names.
  ///
  /// - Throws: One error with every problem.
  init(_ variables: [any TensorVariable], allowsEmpty: Bool) throws(CheckpointError) {
    var check = Check()
    var named: [Named] = []
    for (index, variable) in variables.enumerated() {
      if let name = variable.name {
        named.append((name, variable))
      } else {
        check.note(
          .invalidArgument,
          "variable \(index) of the list, \(variable.tensorSpec), has no name; "
            + "give it one, or use Saver([name: variable])"
        )
      }
    }
    try check.conclude()
    try self.init(named, allowsEmpty: allowsEmpty)
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

  private mutating func own(_ variable: any TensorVariable, as name: String) {
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
