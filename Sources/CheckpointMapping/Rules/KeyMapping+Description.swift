import CheckpointTensors

// Rules as they stand in Swift source: for messages.

extension KeyMapping: CustomStringConvertible {
  /// The rules in brackets, each as it stands in Swift.
  public var description: String { "[\(rules.map(\.description).joined(separator: ", "))]" }
}

extension KeyMapping.Rule: CustomStringConvertible {
  /// The rule as it stands in Swift: `.prefix("bert/", to: "encoder/")`.
  public var description: String {
    switch self {
    case .rename(let names): ".rename(\(Self.text(names)))"
    case .assign(let map): ".assign(\(Self.text(map)))"
    case .prefix(let prefix, let new): ".prefix(\(prefix.literal), to: \(new.literal))"
    case .replace(let pattern, let template):
      ".replace(\(pattern.rawLiteral), with: \(template.rawLiteral))"
    case .names(let style): ".names(.\(style))"
    case .prefer(let suffix): ".prefer(\(suffix.literal))"
    case .drop(let pattern): ".drop(\(pattern))"
    case .keep(let pattern): ".keep(\(pattern))"
    case .transform(let pattern, let transform): ".transform(\(pattern), \(transform))"
    case .split(let name, let axis, let parts, let lengths):
      ".split(\(name.literal), axis: \(axis), into: \(Self.text(parts))"
        + (lengths.map { ", lengths: \($0)" } ?? "") + ")"
    case .stack(let names, let axis, let name):
      ".stack(\(Self.text(names)), axis: \(axis), into: \(name.literal))"
    case .unstack(let pattern, let axis, let template):
      ".unstack(\(pattern.rawLiteral), axis: \(axis), into: \(template.rawLiteral))"
    case .stackMatches(let pattern, let axis, let template):
      ".stackMatches(\(pattern.rawLiteral), axis: \(axis), into: \(template.rawLiteral))"
    case .concatenate(let names, let axis, let name):
      ".concatenate(\(Self.text(names)), axis: \(axis), into: \(name.literal))"
    case .custom: ".custom { … }"
    }
  }

  private static func text(_ names: [String]) -> String {
    "[\(names.map(\.literal).joined(separator: ", "))]"
  }

  // Of a long list the first few.
  private static func text(_ names: [String: String]) -> String {
    let shown = names.sorted { TensorKey($0.key) < TensorKey($1.key) }.prefix(3)
      .map { "\($0.key.literal): \($0.value.literal)" }
    let rest = names.count > shown.count ? ["… \(names.count) in all"] : []
    return "[\((shown + rest).joined(separator: ", "))]"
  }
}

extension KeyMapping.Pattern: CustomStringConvertible {
  /// The pattern as it stands in Swift: `.suffix("kernel")`.
  public var description: String {
    switch self {
    case .all: ".all"
    case .name(let name): ".name(\(name.literal))"
    case .prefix(let prefix): ".prefix(\(prefix.literal))"
    case .suffix(let suffix): ".suffix(\(suffix.literal))"
    case .regex(let pattern): ".regex(\(pattern.rawLiteral))"
    }
  }
}

extension KeyMapping.Transform: CustomStringConvertible {
  /// The transform as it stands in Swift: `.transpose([1, 0])`.
  public var description: String {
    switch self {
    case .transpose(let axes): ".transpose(\(axes))"
    case .reshape(let dimensions): ".reshape(\(dimensions))"
    case .squeeze(let axes): ".squeeze(\(axes))"
    case .unsqueeze(let axes): ".unsqueeze(\(axes))"
    case .slice(let slice): ".slice(\(slice))"
    case .convert(let dtype): ".convert(to: .\(dtype))"
    }
  }
}

extension String {
  /// The text as a literal of Swift.
  fileprivate var literal: String { debugDescription }

  // With a backslash in it, a text is easier to read as a raw literal.
  fileprivate var rawLiteral: String {
    contains("\\") && !contains("\"#") && !contains("\n") ? "#\"\(self)\"#" : literal
  }
}
