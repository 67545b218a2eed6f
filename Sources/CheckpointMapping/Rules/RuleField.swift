/// The fields of rules in JSON.
enum RuleField: String, CaseIterable {
  case prefix, scope, replace, rename, assign, names, prefer, drop, keep
  case transpose, reshape, squeeze, unsqueeze, slice, convert
  case split, stack, unstack, concatenate
  case to, with, of, axis, into, lengths, comment

  /// What kind of value a field has.
  enum Value {
    case text(String)
    case texts([String])
    case names([String: String])
    case style(KeyMapping.NameStyle)
    case integer(Int)
    case integers([Int])
    case pattern(KeyMapping.Pattern)
  }

  /// For a field that says what the rule does, the fields that go with it; `nil` for the others.
  var companions: (required: [RuleField], optional: [RuleField])? {
    switch self {
    case .prefix, .scope: ([.to], [])
    case .replace: ([.with], [])
    case .rename, .assign, .names, .prefer, .drop, .keep: ([], [])
    case .transpose, .reshape, .squeeze, .unsqueeze, .slice, .convert: ([.of], [])
    case .split: ([.axis, .into], [.lengths])
    case .stack, .unstack, .concatenate: ([.axis, .into], [])
    case .to, .with, .of, .axis, .into, .lengths, .comment: nil
    }
  }

  /// The fields that say what a rule does.
  static let kinds = allCases.filter { $0.companions != nil }

  /// A list for messages.
  static func list(_ fields: [RuleField]) -> String {
    fields.map { "'\($0.rawValue)'" }.joined(separator: ", ")
  }
}
