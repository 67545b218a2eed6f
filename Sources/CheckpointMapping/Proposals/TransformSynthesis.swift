import CheckpointTensors

/// Rules for values: each for all variables that need it, and for no others.
struct TransformSynthesis {
  private typealias Counterpart = RuleSynthesis.Counterpart

  private let stored: NamedVariables
  private let names: [[UInt8]]
  private let wanted: NamedVariables

  /// - Parameters:
  ///   - stored: The stored variables.
  ///   - names: Their names as the rules for names leave them; `nil` for what is left out.
  ///   - wanted: The wanted variables.
  init(_ stored: NamedVariables, _ names: [[UInt8]?], _ wanted: NamedVariables) {
    self.stored = stored
    self.names = names.compactMap(\.self)
    self.wanted = wanted
  }

  /// The rules for variables that need a transform: some to stand before the rules for names, where
  /// the stored names have an end of their own (`/kernel`), the others behind.
  func rules(
    _ transforms: [(counterpart: RuleSynthesis.Counterpart, transform: KeyMapping.Transform)]
  )
    -> (first: [KeyMapping.Rule], last: [KeyMapping.Rule])
  {
    var groups: [KeyMapping.Transform: [Counterpart]] = [:]
    for (counterpart, transform) in transforms {
      groups[transform, default: []].append(counterpart)
    }
    var rules: (first: [KeyMapping.Rule], last: [KeyMapping.Rule]) = ([], [])
    for (transform, group) in groups.sorted(by: { $0.key.description < $1.key.description }) {
      if let suffix = suffix(
        of: group.map { stored.names[$0.stored].bytes }, stored.names.map(\.bytes))
      {
        rules.first.append(.transform(suffix, transform))
      } else if let suffix = suffix(of: group.map { wanted.names[$0.wanted].bytes }, names) {
        rules.last.append(.transform(suffix, transform))
      } else {
        let patterns = patterns(for: group.map { wanted.names[$0.wanted] })
        rules.last += patterns.map { .transform($0, transform) }
      }
    }
    return rules
  }

  // A suffix, from a separator on, that all names of the group have, and no other name.
  private func suffix(of group: [[UInt8]], _ names: [[UInt8]]) -> KeyMapping.Pattern? {
    guard group.count > 1, let first = group.first else { return nil }
    var count = first.count
    for name in group {
      count = min(count, zip(first.reversed(), name.reversed()).prefix { $0 == $1 }.count)
    }
    let tail = first.suffix(count)
    guard let start = tail.firstIndex(where: ParsedName.isSeparator) else { return nil }
    let suffix = Array(tail[start...])
    guard suffix.count > 1, names.count(where: { $0.hasSuffix(suffix) }) == group.count else {
      return nil
    }
    return .suffix(String(decoding: suffix, as: UTF8.self))
  }

  // A pattern for each template that only names of the group have; for the rest, patterns that list the names.
  private func patterns(for group: [ParsedName]) -> [KeyMapping.Pattern] {
    var members: [NameTemplate: [ParsedName]] = [:]
    for name in group { members[name.template, default: []].append(name) }
    let sorted = members.sorted { TensorKey(bytes: $0.key.bytes) < TensorKey(bytes: $1.key.bytes) }
    return sorted.flatMap { template, members -> [KeyMapping.Pattern] in
      guard members.count > 1 else {
        return [.name(String(decoding: members[0].bytes, as: UTF8.self))]
      }
      let fitting = names.count { template.match($0)?.count == $0.count }
      if fitting == members.count { return [.regex("^\(template.expression(groups: false))$")] }
      return Self.list(members)
    }
  }

  private static func list(_ members: [ParsedName]) -> [KeyMapping.Pattern] {
    stride(from: 0, to: members.count, by: mostListed).map { start in
      let names = members[start..<min(start + mostListed, members.count)]
        .map { NameTemplate(bytes: $0.bytes).expression() }
      return .regex("^(?:\(names.joined(separator: "|")))$")
    }
  }

  private static let mostListed = 64
}
