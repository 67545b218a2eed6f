import CheckpointIO
import CheckpointTensors

extension JSONText {
  /// Appends a rule; nothing that it says for `.custom`, which has no text.
  mutating func append(rule: KeyMapping.Rule) {
    append("{")
    switch rule {
    case .rename(let names): append(.rename, names)
    case .assign(let names): append(.assign, names)
    case .prefix(let prefix, let new):
      append(.prefix, prefix)
      append(next: .to, new)
    case .replace(let pattern, let template):
      append(.replace, pattern)
      append(next: .with, template)
    case .names(let style): append(.names, style.rawValue)
    case .prefer(let suffix): append(.prefer, suffix)
    case .drop(let pattern): append(.drop, pattern)
    case .keep(let pattern): append(.keep, pattern)
    case .transform(let pattern, let transform):
      append(transform)
      append(", ")
      append(.of, pattern)
    case .split(let name, let axis, let parts, let lengths):
      append(.split, name)
      append(next: .axis, axis)
      append(next: .into, parts)
      if let lengths { append(next: .lengths, lengths) }
    case .stack(let names, let axis, let name):
      append(.stack, names)
      append(next: .axis, axis)
      append(next: .into, name)
    case .concatenate(let names, let axis, let name):
      append(.concatenate, names)
      append(next: .axis, axis)
      append(next: .into, name)
    case .unstack(let pattern, let axis, let template):
      append(.unstack, pattern)
      append(next: .axis, axis)
      append(next: .into, template)
    case .stackMatches(let pattern, let axis, let template):
      append(.stack, pattern)
      append(next: .axis, axis)
      append(next: .into, template)
    case .custom: break
    }
    append("}")
  }

  private mutating func append(_ transform: KeyMapping.Transform) {
    switch transform {
    case .transpose(let axes): append(.transpose, axes)
    case .reshape(let dimensions): append(.reshape, dimensions)
    case .squeeze(let axes): append(.squeeze, axes)
    case .unsqueeze(let axes): append(.unsqueeze, axes)
    case .slice(let slice): append(.slice, slice.description)
    case .convert(let dtype): append(.convert, dtype.name)
    }
  }

  // MARK: Fields

  private mutating func append(_ field: RuleField) {
    append(string: field.rawValue.utf8)
    append(": ")
  }

  private mutating func append(_ field: RuleField, _ text: String) {
    append(field)
    append(string: text.utf8)
  }

  private mutating func append(_ field: RuleField, _ texts: [String]) {
    append(field)
    append("[")
    append(texts, separator: ", ") { $0.append(string: $1.utf8) }
    append("]")
  }

  private mutating func append(_ field: RuleField, _ numbers: [Int]) {
    append(field)
    append("[\(numbers.map(String.init).joined(separator: ", "))]")
  }

  // In byte order of the names, one a line if there are several.
  private mutating func append(_ field: RuleField, _ names: [String: String]) {
    append(field)
    let separator = names.count > 1 ? "\n    " : ""
    append("{" + separator)
    let pairs = names.sorted { TensorKey($0.key) < TensorKey($1.key) }
    append(pairs, separator: "," + separator) { json, pair in
      json.append(string: pair.key.utf8)
      json.append(": ")
      json.append(string: pair.value.utf8)
    }
    append(names.count > 1 ? "\n  }" : "}")
  }

  private mutating func append(_ field: RuleField, _ pattern: KeyMapping.Pattern) {
    append(field)
    let (name, text): (String, String?) =
      switch pattern {
      case .all: ("all", nil)
      case .name(let text): ("name", text)
      case .prefix(let text): ("prefix", text)
      case .suffix(let text): ("suffix", text)
      case .regex(let text): ("regex", text)
      }
    append("{\"\(name)\": ")
    if let text { append(string: text.utf8) } else { append("true") }
    append("}")
  }

  private mutating func append(next field: RuleField, _ text: String) {
    append(", ")
    append(field, text)
  }

  private mutating func append(next field: RuleField, _ texts: [String]) {
    append(", ")
    append(field, texts)
  }

  private mutating func append(next field: RuleField, _ numbers: [Int]) {
    append(", ")
    append(field, numbers)
  }

  private mutating func append(next field: RuleField, _ number: Int) {
    append(", ")
    append(field)
    append("\(number)")
  }
}
