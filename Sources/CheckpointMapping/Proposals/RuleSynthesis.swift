import CheckpointGraph
import CheckpointTensors

/// Rules that turn stored names into wanted ones: few, where one explains several pairs.
///
/// What the rules do is tried on all stored names; what they leave wrong, a rule of single names puts
/// right. If names got into each other's way, there is one rule that assigns each pair.
struct RuleSynthesis {
  /// A stored variable and a wanted one, by their places in the lists.
  struct Counterpart {
    let stored: Int
    let wanted: Int
  }

  private let stored: NamedVariables
  private let wanted: NamedVariables
  private let counterparts: [Counterpart]

  init(stored: NamedVariables, wanted: NamedVariables, _ counterparts: [Counterpart]) {
    self.stored = stored
    self.wanted = wanted
    self.counterparts = counterparts
  }

  /// The rules.
  ///
  /// - Parameter transform: What has to be done to the values of a wanted variable.
  /// - Returns: Rules that give each counterpart its name, dtype and shape.
  func mapping(_ transform: (Int) -> KeyMapping.Transform?) -> KeyMapping {
    var names = NameRewriting(stored.names.map(\.bytes))
    let isRenamed = counterparts.contains {
      stored.names[$0.stored].bytes != wanted.names[$0.wanted].bytes
    }
    if isRenamed, !rewrite(&names) {
      names = NameRewriting(stored.names.map(\.bytes))
      names.assign(targets)
    }
    let transforms = counterparts.compactMap { counterpart in
      transform(counterpart.wanted).map { (counterpart, $0) }
    }
    let changes = TransformSynthesis(stored, names.names, wanted)
    let (first, last) = changes.rules(transforms)
    return KeyMapping(first + names.rules + last)
  }

  // For each stored name that has a counterpart, its name.
  private var targets: [Int: [UInt8]] {
    Dictionary(
      counterparts.map { ($0.stored, wanted.names[$0.wanted].bytes) },
      uniquingKeysWith: { one, _ in one })
  }

  // Whether rules could be found that keep all names apart.
  private func rewrite(_ names: inout NameRewriting) -> Bool {
    let targets = targets
    if let separators = commonSeparators() {
      guard names.replaceSeparators(separators.from, with: separators.to) else { return false }
    }
    if strippableAttributes() { guard names.stripAttributes() else { return false } }
    for (leaf, other) in leafRules(names) {
      guard names.replaceLeaf(leaf, with: other) else { return false }
    }
    for rule in pathRules(names) { guard names.apply(rule) else { return false } }
    return names.correct(targets)
  }

  // MARK: How much speaks for a pair

  /// For each wanted variable that has a counterpart, how many families of names show the same change
  /// of their paths: what many do alike is no accident.
  func support() -> [Int: Int] {
    var templates: [PathRule: Set<NameTemplate>] = [:]
    var rules: [Int: PathRule] = [:]
    for counterpart in counterparts {
      let (name, target) = (stored.names[counterpart.stored], wanted.names[counterpart.wanted])
      let (parent, targetParent) = (name.parentTemplate, target.parentTemplate)
      guard name.numbers == target.numbers, parent != targetParent,
        let rule = PathRule(NameTemplate(bytes: parent), [], NameTemplate(bytes: targetParent), [])
      else { continue }
      rules[counterpart.wanted] = rule
      templates[rule, default: []].insert(name.template)
    }
    return rules.mapValues { templates[$0]?.count ?? 1 }
  }

  // MARK: What all names have in common

  private func strippableAttributes() -> Bool {
    func isVariable(_ name: ParsedName) -> Bool {
      CheckpointKey.path(ofVariable: name.bytes) != nil
    }
    return counterparts.contains { isVariable(stored.names[$0.stored]) }
      && !counterparts.contains { isVariable(wanted.names[$0.wanted]) }
  }

  // Paths with slashes on one side, with points on the other.
  private func commonSeparators() -> (from: UInt8, to: UInt8)? {
    let (slash, point) = (UInt8(ascii: "/"), UInt8(ascii: "."))
    func areAll(_ names: [ParsedName], with separator: UInt8, without other: UInt8) -> Bool {
      names.contains { $0.bytes.contains(separator) }
        && !names.contains { $0.bytes.contains(other) }
    }
    let from = counterparts.map { stored.names[$0.stored] }
    let to = counterparts.map { wanted.names[$0.wanted] }
    if areAll(from, with: slash, without: point), areAll(to, with: point, without: slash) {
      return (slash, point)
    }
    if areAll(from, with: point, without: slash), areAll(to, with: slash, without: point) {
      return (point, slash)
    }
    return nil
  }

  // The words for roles that are always replaced by the same other one: `kernel` by `weight`.
  private func leafRules(_ names: NameRewriting) -> [(leaf: [UInt8], other: [UInt8])] {
    var others: [[UInt8]: [[UInt8]: Int]] = [:]
    for counterpart in counterparts {
      guard let name = names.names[counterpart.stored] else { continue }
      let (leaf, other) = (
        Self.leaf(of: name), Self.leaf(of: wanted.names[counterpart.wanted].bytes)
      )
      if Self.isRole(leaf) { others[leaf, default: [:]][other, default: 0] += 1 }
    }
    return others.compactMap { leaf, counts in
      guard counts.count == 1, let (other, count) = counts.first, count > 1, other != leaf,
        Self.isRole(other)
      else { return nil }
      return (leaf, other)
    }.sorted { TensorKey(bytes: $0.leaf) < TensorKey(bytes: $1.leaf) }
  }

  private static func leaf(of name: [UInt8]) -> [UInt8] {
    Array(name.suffix(name.reversed().prefix { !ParsedName.isSeparator($0) }.count))
  }

  private static func isRole(_ leaf: [UInt8]) -> Bool {
    let words = leaf.split(separator: UInt8(ascii: "_"))
    guard let last = words.last, words.count <= 2 else { return false }
    return NameVocabulary.roles[String(decoding: last, as: UTF8.self)] != nil
      && words.allSatisfy { $0.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } }
  }

  // MARK: Paths

  // One rule for each change of a path that several pairs share; the longer paths first.
  private func pathRules(_ names: NameRewriting) -> [PathRule] {
    var counts: [PathRule: Int] = [:]
    let parser = NameParser(names.names.compactMap(\.self))
    for counterpart in counterparts {
      guard let name = names.names[counterpart.stored] else { continue }
      let parsed = parser.parse(name)
      let target = wanted.names[counterpart.wanted]
      guard parsed.bytes != target.bytes,
        let rule = PathRule(parsed.template, parsed.numbers, target.template, target.numbers)
      else { continue }
      counts[rule, default: 0] += 1
    }
    return counts.filter { $0.value > 1 }
      .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .prefix(Self.mostPathRules).map(\.key)
      .sorted { ($1.from.bytes.count, $0) < ($0.from.bytes.count, $1) }
  }

  private static let mostPathRules = 64
}
