import CheckpointGraph
import CheckpointTensors

/// Names being rewritten by rules that are found one after the other.
struct NameRewriting {
  /// The names as they are now, in the order of the stored ones; `nil` for what is left out.
  private(set) var names: [[UInt8]?]
  /// The rules so far.
  private(set) var rules: [KeyMapping.Rule] = []

  init(_ names: [[UInt8]]) { self.names = names }

  /// Adds a rule for paths.
  ///
  /// - Returns: Whether all names are still different, without which no rule can be applied.
  mutating func apply(_ rule: PathRule) -> Bool {
    apply(rule.rule) { rule.applied(to: $0) }
  }

  /// Adds a rule that replaces what separates the components of paths.
  mutating func replaceSeparators(_ separator: UInt8, with other: UInt8) -> Bool {
    let (pattern, new) = (String(Unicode.Scalar(separator)), String(Unicode.Scalar(other)))
    return apply(.replace(pattern == "." ? #"\."# : pattern, with: new)) { name in
      name.map { $0 == separator ? other : $0 }
    }
  }

  /// Adds a rule that takes away what TensorFlow adds to the paths of objects.
  mutating func stripAttributes() -> Bool {
    apply(.replace(#"/\.ATTRIBUTES/VARIABLE_VALUE$"#, with: "")) { name in
      CheckpointKey.path(ofVariable: name).map(Array.init) ?? name
    }
  }

  /// Adds a rule that replaces the last component of paths.
  mutating func replaceLeaf(_ leaf: [UInt8], with other: [UInt8]) -> Bool {
    let (old, new) = (String(decoding: leaf, as: UTF8.self), String(decoding: other, as: UTF8.self))
    // Words of the vocabulary: letters and low lines, of which none has to be escaped.
    return apply(.replace("(^|[/.])\(old)$", with: "$1\(new)")) { name in
      guard name.hasSuffix(leaf) else { return name }
      let rest = name.dropLast(leaf.count)
      return rest.last.map(ParsedName.isSeparator) ?? true ? rest + other : name
    }
  }

  /// Adds rules for the names that are not yet what they should be.
  mutating func correct(_ targets: [Int: [UInt8]]) -> Bool {
    dropObstacles(targets)
    var wrong: [[UInt8]: [UInt8]] = [:]
    for (index, target) in targets {
      if let name = names[index], name != target { wrong[name] = target }
    }
    guard !wrong.isEmpty else { return true }
    let map = wrong.map {
      (String(decoding: $0.key, as: UTF8.self), String(decoding: $0.value, as: UTF8.self))
    }
    // Texts that mean the same are one to a dictionary.
    guard let renames = Dictionary(unique: map) else { return false }
    return apply(.rename(renames)) { wrong[$0] ?? $0 }
  }

  // Drops tensors that no variable wants and whose names are in the way of a rename.
  private mutating func dropObstacles(_ targets: [Int: [UInt8]]) {
    let wanted = Set(targets.values)
    for (index, name) in names.enumerated() {
      guard let name, targets[index] == nil, wanted.contains(name) else { continue }
      rules.append(.drop(.name(String(decoding: name, as: UTF8.self))))
      names[index] = nil
    }
  }

  /// Makes one rule that gives each name that has a counterpart its name, and leaves out the others; those
  /// that mean the same as another one to a dictionary get a name of their own before.
  mutating func assign(_ targets: [Int: [UInt8]]) {
    var taken = Set(names.compactMap { $0.map { String(decoding: $0, as: UTF8.self) } })
    var map: [String: String] = [:]
    rules = []
    for (index, target) in targets.sorted(by: { $0.key < $1.key }) {
      guard let name = names[index] else { continue }
      let text = String(decoding: name, as: UTF8.self)
      // Texts that mean the same are one to a dictionary.
      let key = map[text] == nil ? text : moveAway(text, &taken)
      map[key] = String(decoding: target, as: UTF8.self)
    }
    rules.append(.assign(map))
    names = names.indices.map { targets[$0] }
  }

  // Adds a rule that gives a name another one, which nothing has.
  private mutating func moveAway(_ name: String, _ taken: inout Set<String>) -> String {
    var number = rules.count + 2
    while !taken.insert("\(name)_\(number)").inserted { number += 1 }
    rules.append(.rename([name: "\(name)_\(number)"]))
    return "\(name)_\(number)"
  }

  private mutating func apply(_ rule: KeyMapping.Rule, _ change: ([UInt8]) -> [UInt8]) -> Bool {
    var seen: Set<[UInt8]> = []
    var hasChanged = false
    for index in names.indices {
      guard let name = names[index] else { continue }
      let new = change(name)
      guard seen.insert(new).inserted else { return false }
      if new != name { hasChanged = true }
      names[index] = new
    }
    if hasChanged { rules.append(rule) }
    return true
  }
}

extension Dictionary where Key == String, Value == String {
  // `nil` if a key occurs twice.
  fileprivate init?(unique pairs: [(String, String)]) {
    self.init()
    for (key, value) in pairs {
      guard updateValue(value, forKey: key) == nil else { return nil }
    }
  }
}
