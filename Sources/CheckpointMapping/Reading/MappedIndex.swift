import CheckpointIO
import CheckpointTensors

/// What a checkpoint looks like through a mapping: names, and how each tensor comes about.
///
/// Made of an index alone: no value is read.
struct MappedIndex: Sendable {
  /// How a tensor comes about.
  indirect enum Recipe: Sendable {
    /// It is stored.
    case stored(TensorEntry)
    /// It is another one with its values changed.
    case transformed(Recipe, KeyMapping.Transform, TensorSpec)
    /// It is made of several, side by side along a dimension.
    case joined([Recipe], axis: Int, TensorSpec)

    /// What it is.
    var spec: TensorSpec {
      switch self {
      case .stored(let entry): entry.spec
      case .transformed(_, _, let spec), .joined(_, _, let spec): spec
      }
    }

    /// The stored tensors that it is made of.
    var sources: [TensorEntry] {
      switch self {
      case .stored(let entry): [entry]
      case .transformed(let recipe, _, _): recipe.sources
      case .joined(let recipes, _, _): recipes.flatMap(\.sources)
      }
    }
  }

  /// The tensors by their new names.
  var recipes: [TensorKey: Recipe] = [:]

  /// Applies the rules of a mapping to an index.
  ///
  /// - Throws: One error with every problem: `duplicateName` for two tensors that get one name,
  ///   `notFound` for a name in a rule that is not there, `mismatch` for a transform that does not
  ///   fit; each names the rule. `unsupported` if a tensor has lost its name in the end.
  init(_ entries: [TensorEntry], _ mapping: KeyMapping) throws(CheckpointError) {
    self.init(entries)
    for (number, rule) in mapping.rules.enumerated() { try apply(rule, number: number + 1) }
    if let problem = lostName { throw problem }
  }

  /// The error for a tensor that the rules leave without a name; `nil` if there is none.
  ///
  /// One that is stored so may stay so.
  var lostName: CheckpointError? {
    guard let sources = recipes[TensorKey(bytes: [])]?.sources,
      let source = sources.first(where: { !$0.key.bytes.isEmpty })
    else { return nil }
    return CheckpointError(
      .unsupported, "the rules leave '\(source.key)' without a name, and a tensor needs one")
  }

  /// An index as it is, before any rule.
  init(_ entries: [TensorEntry]) {
    for entry in entries { recipes[entry.key] = .stored(entry) }
  }

  /// Applies one rule; after an error nothing here is of use any more.
  ///
  /// - Parameters:
  ///   - rule: The rule.
  ///   - number: Its place in the mapping, counted from 1.
  /// - Throws: One error with every problem that the rule has.
  mutating func apply(_ rule: KeyMapping.Rule, number: Int) throws(CheckpointError) {
    do throws(CheckpointError) {
      try apply(rule)
    } catch {
      var error = error
      error.message = "rule \(number) of the mapping: \(error.message)"
      throw error
    }
  }

  private mutating func apply(_ rule: KeyMapping.Rule) throws(CheckpointError) {
    switch rule {
    case .rename(let names): try rename(names)
    case .assign(let map): recipes = try AssignmentMap(map).applied(to: recipes)
    case .prefix(let prefix, let new):
      try rename { key in
        guard key.bytes.starts(with: prefix.utf8) else { return key }
        return TensorKey(bytes: Array(new.utf8) + key.bytes.dropFirst(prefix.utf8.count))
      }
    case .replace(let pattern, let template):
      let pattern = try NamePattern(pattern)
      let replacement = NameReplacement(template)
      try renameTexts { name throws(CheckpointError) in
        try pattern.replacing(in: name, with: replacement) ?? name
      }
    case .custom(let function): try renameTexts(function)
    case .names(let style): try rename(style.name(of:))
    case .prefer(let suffix): prefer(Array(suffix.utf8))
    case .drop(let pattern): filter(try NameTest(pattern), keepsMatches: false)
    case .keep(let pattern): filter(try NameTest(pattern), keepsMatches: true)
    case .transform(let pattern, let transform): try self.transform(pattern, transform)
    case .split(let name, let axis, let parts, let lengths):
      try split(name, axis, parts, lengths)
    case .stack(let names, let axis, let name): try stack(names, axis, name)
    case .unstack(let pattern, let axis, let template): try unstack(pattern, axis, template)
    case .stackMatches(let pattern, let axis, let template):
      try stackMatches(pattern, axis, template)
    case .concatenate(let names, let axis, let name): try join(try take(names), axis, name)
    }
  }

  // MARK: Names

  private mutating func rename(_ names: [String: String]) throws(CheckpointError) {
    var wanted: [TensorKey: String] = [:]
    for (name, new) in names { wanted[TensorKey(name)] = new }
    let missing = wanted.keys.filter { recipes[$0] == nil }.sorted()
    let problems = missing.map { key in
      CheckpointError(
        .notFound,
        "there is no tensor '\(key)'\(NearestKeys(to: key, among: Array(recipes.keys)).hint)")
    }
    if let error = CheckpointError.combining(problems, summary: { "\($0) names are not there" }) {
      throw error
    }
    try rename { key in wanted[key].map { TensorKey($0) } ?? key }
  }

  // Names that are no UTF-8 stay as they are: to these rules names are texts.
  private mutating func renameTexts(_ newName: (String) throws(CheckpointError) -> String?)
    throws(CheckpointError)
  {
    try rename { key throws(CheckpointError) in
      guard let name = key.string else { return key }
      return try newName(name).map { TensorKey($0) }
    }
  }

  private mutating func rename(_ newKey: (TensorKey) throws(CheckpointError) -> TensorKey?)
    throws(CheckpointError)
  {
    var renamed: [TensorKey: Recipe] = [:]
    var origins: [TensorKey: TensorKey] = [:]
    var problems: [CheckpointError] = []
    for (key, recipe) in recipes.sorted(by: { $0.key < $1.key }) {
      guard let new = try newKey(key) else { continue }
      if let other = origins.updateValue(key, forKey: new) {
        problems.append(
          CheckpointError(.duplicateName, "'\(other)' and '\(key)' would both be called '\(new)'"))
      }
      renamed[new] = recipe
    }
    let error = CheckpointError.combining(problems) { "\($0) names would be given twice" }
    if let error { throw error }
    recipes = renamed
  }

  private mutating func prefer(_ suffix: [UInt8]) {
    guard !suffix.isEmpty else { return }
    let preferred = recipes.filter { key, _ in
      key.bytes.count > suffix.count && key.bytes.suffix(suffix.count) == suffix[...]
    }
    for key in preferred.keys { recipes[key] = nil }
    for (key, recipe) in preferred {
      recipes[TensorKey(bytes: Array(key.bytes.dropLast(suffix.count)))] = recipe
    }
  }

  private mutating func filter(_ test: NameTest, keepsMatches: Bool) {
    recipes = recipes.filter { test.matches($0.key) == keepsMatches }
  }

  // MARK: Values

  private mutating func transform(_ pattern: KeyMapping.Pattern, _ transform: KeyMapping.Transform)
    throws(CheckpointError)
  {
    let test = try NameTest(pattern)
    var problems: [CheckpointError] = []
    for (key, recipe) in recipes.sorted(by: { $0.key < $1.key }) where test.matches(key) {
      do throws(CheckpointError) {
        recipes[key] = try Self.transformed(recipe, transform, key)
      } catch {
        problems.append(error)
      }
    }
    let error = CheckpointError.combining(problems) { "\($0) tensors cannot be changed so" }
    if let error { throw error }
  }

  static func transformed(
    _ recipe: Recipe, _ transform: KeyMapping.Transform, _ key: TensorKey
  )
    throws(CheckpointError) -> Recipe
  {
    do throws(CheckpointError) {
      return .transformed(recipe, transform, try transform.applied(to: recipe.spec))
    } catch {
      throw error.located(key: key.description)
    }
  }
}
