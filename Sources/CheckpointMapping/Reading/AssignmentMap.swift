import CheckpointIO
import CheckpointTensors

/// Stored names and scopes, each with the name or scope of the program that gets its tensors.
///
/// Source: tensorflow/python/training/checkpoint_utils.py, `init_from_checkpoint`, which looks up the
/// program's variables; a restore does that afterwards, so that a variable of a scope without a
/// tensor is its error, here as there.
struct AssignmentMap {
  private typealias Recipes = [TensorKey: MappedIndex.Recipe]

  private let names: [(stored: TensorKey, new: TensorKey)]
  private let scopes: [(stored: Scope, new: Scope)]

  /// A scope; `/` is the outermost.
  private struct Scope {
    let name: String
    let prefix: [UInt8]

    init(_ name: String) {
      self.name = name
      prefix = name == "/" ? [] : Array(name.utf8)
    }
  }

  /// Sorts a map into names and scopes.
  ///
  /// - Throws: `invalidArgument` for a scope that is assigned to a name, or a name to a scope.
  init(_ map: [String: String]) throws(CheckpointError) {
    var names: [(TensorKey, TensorKey)] = []
    var scopes: [(Scope, Scope)] = []
    var problems: [CheckpointError] = []
    for (stored, new) in map.sorted(by: { TensorKey($0.key) < TensorKey($1.key) }) {
      switch (stored.hasSuffix("/"), new.hasSuffix("/")) {
      case (true, true): scopes.append((Scope(stored), Scope(new)))
      case (false, false): names.append((TensorKey(stored), TensorKey(new)))
      default: problems.append(Self.unequal(stored, new))
      }
    }
    if let error = CheckpointError.combining(
      problems, summary: { "\($0) assignments make no sense" })
    {
      throw error
    }
    (self.names, self.scopes) = (names, scopes)
  }

  private static func unequal(_ stored: String, _ new: String) -> CheckpointError {
    CheckpointError(
      .invalidArgument,
      "'\(stored)' is assigned to '\(new)': a scope goes to a scope, 'scope/' to 'other_scope/', and "
        + "a name to a name")
  }

  /// What the assignments make of an index.
  ///
  /// - Throws: One error with every problem: `notFound` for a name or scope that is not there,
  ///   `duplicateName` for two tensors that get one name.
  func applied(to recipes: [TensorKey: MappedIndex.Recipe]) throws(CheckpointError) -> [TensorKey:
    MappedIndex.Recipe]
  {
    var problems: [CheckpointError] = []
    var result = assignScopes(recipes, &problems)
    var given: [TensorKey: TensorKey] = [:]
    for (stored, new) in names {
      guard let recipe = recipes[stored] else {
        let hint = NearestKeys(to: stored, among: Array(recipes.keys)).hint
        problems.append(CheckpointError(.notFound, "there is no tensor '\(stored)'\(hint)"))
        continue
      }
      if let other = given.updateValue(stored, forKey: new) {
        problems.append(Self.duplicate(other, stored, new))
      }
      result[new] = recipe
    }
    let error = CheckpointError.combining(problems) { "\($0) assignments are not possible" }
    if let error { throw error }
    return result
  }

  private func assignScopes(_ recipes: Recipes, _ problems: inout [CheckpointError]) -> Recipes {
    var result: Recipes = [:]
    var given: [TensorKey: TensorKey] = [:]
    let keys = scopes.isEmpty ? [] : recipes.keys.sorted()
    for (stored, new) in scopes {
      let inScope = keys.filter { $0.bytes.starts(with: stored.prefix) }
      if inScope.isEmpty {
        problems.append(
          CheckpointError(.notFound, "there is no tensor in the scope '\(stored.name)'"))
      }
      for key in inScope {
        let name = TensorKey(bytes: new.prefix + key.bytes.dropFirst(stored.prefix.count))
        if let other = given.updateValue(key, forKey: name) {
          problems.append(Self.duplicate(other, key, name))
        }
        result[name] = recipes[key]
      }
    }
    return result
  }

  private static func duplicate(_ one: TensorKey, _ other: TensorKey, _ name: TensorKey)
    -> CheckpointError
  {
    CheckpointError(.duplicateName, "'\(one)' and '\(other)' would both be called '\(name)'")
  }
}
