import CheckpointIO
import CheckpointTensors

/// Reads one rule from JSON: an object whose fields may come in any order.
///
///     {"prefix": "bert/", "to": "encoder/"}
///
/// Values are read as what their field needs, so that nothing is kept that makes no sense.
struct RuleParser {
  private var values: [RuleField: RuleField.Value] = [:]

  /// Reads a rule.
  ///
  /// - Throws: `corrupt` for everything that is no rule, with the place and the field.
  static func read(_ json: inout JSONScanner) throws(CheckpointError) -> KeyMapping.Rule {
    var parser = RuleParser()
    let start = json.position
    try json.expect("{")
    var isFirst = true
    while try json.hasNext(isFirst: isFirst, end: "}") {
      isFirst = false
      try parser.readField(&json)
    }
    do throws(CheckpointError) {
      return try parser.rule()
    } catch {
      throw error.located(offset: UInt64(start))
    }
  }

  private mutating func readField(_ json: inout JSONScanner) throws(CheckpointError) {
    let start = UInt64(json.position)
    let name = try json.readName()
    guard let field = RuleField(rawValue: name) else {
      throw CheckpointError(
        .corrupt,
        "there is no field '\(name)'; a rule has one of \(RuleField.list(RuleField.kinds))",
        offset: start)
    }
    guard values[field] == nil else {
      throw CheckpointError(.corrupt, "the field '\(name)' occurs twice", offset: start)
    }
    do throws(CheckpointError) {
      values[field] = try json.readValue(of: field)
    } catch {
      var error = error
      error.message = "field '\(name)': \(error.message)"
      throw error
    }
  }

  // MARK: Putting it together

  private func rule() throws(CheckpointError) -> KeyMapping.Rule {
    let kind = try kind()
    let (required, optional) = kind.companions ?? ([], [])
    if let missing = required.first(where: { values[$0] == nil }) {
      throw CheckpointError(
        .corrupt, "'\(kind.rawValue)' needs the field '\(missing.rawValue)' too")
    }
    let allowed = [kind, .comment] + required + optional
    if let surplus = RuleField.allCases.first(where: { values[$0] != nil && !allowed.contains($0) })
    {
      let others = RuleField.list(required + optional)
      throw CheckpointError(
        .corrupt,
        "the field '\(surplus.rawValue)' does not go with '\(kind.rawValue)'"
          + (others.isEmpty ? "" : ", but \(others)"))
    }
    // Each value is of its field's type; only `into` may have two.
    guard let rule = rule(kind) else {
      let expected = kind == .split ? "a list of names" : "one name"
      throw CheckpointError(.corrupt, "field 'into': for '\(kind.rawValue)' it is \(expected)")
    }
    return rule
  }

  private func kind() throws(CheckpointError) -> RuleField {
    let kinds = RuleField.kinds.filter { values[$0] != nil }
    guard let kind = kinds.first else {
      throw CheckpointError(
        .corrupt,
        "nothing says what the rule does: it needs one of \(RuleField.list(RuleField.kinds))")
    }
    guard kinds.count == 1 else {
      throw CheckpointError(.corrupt, "a rule does one thing, not \(RuleField.list(kinds))")
    }
    return kind
  }

  private func rule(_ kind: RuleField) -> KeyMapping.Rule? {
    switch (kind, values[kind]) {
    case (.prefix, .text(let prefix)): text(.to).map { .prefix(prefix, to: $0) }
    case (.scope, .text(let scope)): text(.to).map { .scope(scope, to: $0) }
    case (.replace, .text(let pattern)): text(.with).map { .replace(pattern, with: $0) }
    case (.rename, .names(let names)): .rename(names)
    case (.assign, .names(let names)): .assign(names)
    case (.names, .style(let style)): .names(style)
    case (.prefer, .text(let suffix)): .prefer(suffix)
    case (.drop, .pattern(let pattern)): .drop(pattern)
    case (.keep, .pattern(let pattern)): .keep(pattern)
    case (.split, _), (.stack, _), (.unstack, _), (.concatenate, _): partsRule(kind)
    default:
      transform(kind).flatMap { transform in
        if case .pattern(let pattern) = values[.of] { .transform(pattern, transform) } else { nil }
      }
    }
  }

  private func transform(_ kind: RuleField) -> KeyMapping.Transform? {
    switch (kind, values[kind]) {
    case (.transpose, .integers(let axes)): .transpose(axes)
    case (.reshape, .integers(let dimensions)): .reshape(dimensions)
    case (.squeeze, .integers(let axes)): .squeeze(axes)
    case (.unsqueeze, .integers(let axes)): .unsqueeze(axes)
    case (.slice, .text(let text)): TensorSlice(text: text).map(KeyMapping.Transform.slice)
    case (.convert, .text(let name)): DType(named: name).map(KeyMapping.Transform.convert(to:))
    default: nil
    }
  }

  private func partsRule(_ kind: RuleField) -> KeyMapping.Rule? {
    guard case .integer(let axis) = values[.axis] else { return nil }
    switch (kind, values[kind], values[.into]) {
    case (.split, .text(let name), .texts(let parts)):
      guard case .integers(let lengths) = values[.lengths] else {
        return .split(name, axis: axis, into: parts)
      }
      return .split(name, axis: axis, into: parts, lengths: lengths)
    case (.stack, .texts(let names), .text(let name)):
      return .stack(names, axis: axis, into: name)
    case (.stack, .text(let pattern), .text(let template)):
      return .stackMatches(pattern, axis: axis, into: template)
    case (.unstack, .text(let pattern), .text(let template)):
      return .unstack(pattern, axis: axis, into: template)
    case (.concatenate, .texts(let names), .text(let name)):
      return .concatenate(names, axis: axis, into: name)
    default: return nil
    }
  }

  private func text(_ field: RuleField) -> String? {
    if case .text(let text) = values[field] { text } else { nil }
  }
}
