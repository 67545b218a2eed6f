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
  private(set) var recipes: [TensorKey: Recipe] = [:]

  /// Applies the rules of a mapping to an index.
  ///
  /// - Throws: One error with every problem: `duplicateName` for two tensors that get one name,
  ///   `notFound` for a name in a rule that is not there, `mismatch` for a transform that does not
  ///   fit; each names the rule.
  init(_ entries: [TensorEntry], _ mapping: KeyMapping) throws(CheckpointError) {
    self.init(entries)
    for (number, rule) in mapping.rules.enumerated() { try apply(rule, number: number + 1) }
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
      try renameTexts { name throws(CheckpointError) in
        try pattern.replacing(in: name, with: template)
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

  private static func transformed(
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

  private mutating func split(_ name: String, _ axis: Int, _ parts: [String], _ lengths: [Int]?)
    throws(CheckpointError)
  {
    let whole = try take([name])[0]
    let shape = whole.spec.shape
    guard shape.dimensions.indices.contains(axis) else {
      throw CheckpointError(.mismatch, "'\(name)', \(whole.spec), has no dimension \(axis)")
    }
    let total = shape[axis]
    let lengths = lengths ?? Array(repeating: total / max(parts.count, 1), count: parts.count)
    guard lengths.count == parts.count, Self.sum(lengths) == total else {
      throw CheckpointError(
        .mismatch, "'\(name)' has \(total) in dimension \(axis), which \(lengths) does not divide")
    }
    var start = 0
    for (part, length) in zip(parts, lengths) {
      var extents: [TensorSlice.Extent] = Array(repeating: .full, count: shape.rank)
      extents[axis] = .range(start: start, length: length)
      start += length
      let key = TensorKey(part)
      try put(try Self.transformed(whole, .slice(TensorSlice(extents)), key), key)
    }
  }

  // Of lengths that are too large together, or of which one is none, there is no sum.
  private static func sum(_ lengths: [Int]) -> Int? {
    var sum = 0
    for length in lengths {
      let (next, overflow) = sum.addingReportingOverflow(length)
      guard length > 0, !overflow else { return nil }
      sum = next
    }
    return sum
  }

  private mutating func stack(_ names: [String], _ axis: Int, _ name: String)
    throws(CheckpointError)
  {
    let parts = try take(names)
    let shape = parts[0].spec.shape
    guard (0...shape.rank).contains(axis) else {
      throw CheckpointError(.mismatch, "a tensor \(shape) gets no new dimension at \(axis)")
    }
    var dimensions = shape.dimensions
    dimensions.insert(1, at: axis)
    var widened: [Recipe] = []
    for part in parts {
      widened.append(try Self.transformed(part, .reshape(dimensions), TensorKey(name)))
    }
    try join(widened, axis, name)
  }

  private mutating func join(_ parts: [Recipe], _ axis: Int, _ name: String) throws(CheckpointError)
  {
    var dimensions = parts[0].spec.shape.dimensions
    guard dimensions.indices.contains(axis) else {
      throw CheckpointError(.mismatch, "a tensor \(parts[0].spec) has no dimension \(axis)")
    }
    for part in parts.dropFirst() {
      var other = part.spec.shape.dimensions
      guard part.spec.dtype == parts[0].spec.dtype, other.count == dimensions.count else {
        throw CheckpointError(.mismatch, "\(part.spec) and \(parts[0].spec) cannot be put together")
      }
      let length = other[axis]
      other[axis] = dimensions[axis]
      guard other == dimensions else {
        throw CheckpointError(.mismatch, "\(part.spec) and \(parts[0].spec) cannot be put together")
      }
      // Too large only where other dimensions are 0: then no tensor can be so.
      dimensions[axis] = dimensions[axis].addingReportingOverflow(length).partialValue
    }
    let spec = TensorSpec(parts[0].spec.dtype, try TensorShape(stored: dimensions))
    try put(.joined(parts, axis: axis, spec), TensorKey(name))
  }

  // Takes tensors out of the list: what is made of them stands in their place.
  private mutating func take(_ names: [String]) throws(CheckpointError) -> [Recipe] {
    guard !names.isEmpty else {
      throw CheckpointError(.invalidArgument, "a rule needs the name of a tensor")
    }
    var taken: [Recipe] = []
    for name in names {
      let key = TensorKey(name)
      guard let recipe = recipes.removeValue(forKey: key) else {
        let hint = NearestKeys(to: key, among: Array(recipes.keys)).hint
        throw CheckpointError(.notFound, "there is no tensor '\(name)'\(hint)")
      }
      taken.append(recipe)
    }
    return taken
  }

  private mutating func put(_ recipe: Recipe, _ key: TensorKey) throws(CheckpointError) {
    guard recipes.updateValue(recipe, forKey: key) == nil else {
      throw CheckpointError(.duplicateName, "there is a tensor '\(key)' already")
    }
  }
}
