import CheckpointIO
import CheckpointTensors

// The values of a rule's fields.

extension JSONScanner {
  /// Reads the value that a field has to have.
  @_lifetime(self: copy self)
  mutating func readValue(of field: RuleField) throws(CheckpointError) -> RuleField.Value {
    switch field {
    case .prefix, .scope, .prefer, .split, .to, .with, .comment: .text(try readString())
    case .replace, .unstack: .text(try readExpression())
    case .slice:
      .text(try readString(where: { TensorSlice(text: $0) != nil }, "a slice, as '0,2:-'"))
    case .convert:
      .text(try readString(where: { DType(named: $0) != nil }, "a dtype, as 'float32'"))
    case .rename, .assign: .names(try readNames())
    case .names: .style(try readStyle())
    case .drop, .keep, .of: .pattern(try readPattern())
    case .transpose, .reshape, .squeeze, .unsqueeze, .lengths: .integers(try readDimensions())
    case .axis: .integer(try readSignedInteger())
    case .stack: isAtList ? .texts(try readTexts()) : .text(try readExpression())
    case .concatenate: .texts(try readTexts())
    case .into: isAtList ? .texts(try readTexts()) : .text(try readString())
    }
  }

  private var isAtList: Bool { next == UInt8(ascii: "[") }

  @_lifetime(self: copy self)
  private mutating func readString(where isValid: (String) -> Bool, _ expected: String)
    throws(CheckpointError) -> String
  {
    let start = UInt64(position)
    let text = try readString()
    guard isValid(text) else {
      throw CheckpointError(.corrupt, "'\(text)' is not \(expected)", offset: start)
    }
    return text
  }

  @_lifetime(self: copy self)
  private mutating func readExpression() throws(CheckpointError) -> String {
    let start = UInt64(position)
    let text = try readString()
    do throws(CheckpointError) {
      _ = try NamePattern(text)
    } catch {
      throw CheckpointError(.corrupt, error.message, offset: start)
    }
    return text
  }

  @_lifetime(self: copy self)
  private mutating func readStyle() throws(CheckpointError) -> KeyMapping.NameStyle {
    let start = UInt64(position)
    let text = try readString()
    guard let style = KeyMapping.NameStyle(rawValue: text) else {
      throw CheckpointError(
        .corrupt, "'\(text)' is no style of names: 'dotted', 'slashed' or 'objects'", offset: start)
    }
    return style
  }

  @_lifetime(self: copy self)
  private mutating func readTexts() throws(CheckpointError) -> [String] {
    try expect("[")
    var texts: [String] = []
    while try hasNext(isFirst: texts.isEmpty, end: "]") { texts.append(try readString()) }
    return texts
  }

  @_lifetime(self: copy self)
  private mutating func readNames() throws(CheckpointError) -> [String: String] {
    try expect("{")
    var names: [String: String] = [:]
    while try hasNext(isFirst: names.isEmpty, end: "}") {
      let start = UInt64(position)
      let name = try readName()
      guard names.updateValue(try readString(), forKey: name) == nil else {
        throw CheckpointError(
          .corrupt,
          "the name '\(name)' occurs twice, or two of its spellings do; make two rules of them",
          offset: start)
      }
    }
    return names
  }

  @_lifetime(self: copy self)
  private mutating func readDimensions() throws(CheckpointError) -> [Int] {
    try expect("[")
    var dimensions: [Int] = []
    while try hasNext(isFirst: dimensions.isEmpty, end: "]") {
      dimensions.append(try readSignedInteger())
    }
    return dimensions
  }

  // An object with one field: {"suffix": "kernel"}.
  @_lifetime(self: copy self)
  private mutating func readPattern() throws(CheckpointError) -> KeyMapping.Pattern {
    try expect("{")
    let start = UInt64(position)
    let pattern: KeyMapping.Pattern
    switch try readName() {
    case "all":
      try skipWord("true")
      pattern = .all
    case "name": pattern = .name(try readString())
    case "prefix": pattern = .prefix(try readString())
    case "suffix": pattern = .suffix(try readString())
    case "regex": pattern = .regex(try readExpression())
    case let other:
      throw CheckpointError(
        .corrupt,
        "there is no pattern '\(other)', but 'name', 'prefix', 'suffix', 'regex' and 'all'",
        offset: start)
    }
    skipSpace()
    guard skip("}") else { throw unexpected("'}': a pattern has one field") }
    return pattern
  }
}
