import CheckpointIO
import CheckpointTensors

/// Whether names are meant by a pattern of a mapping.
struct NameTest {
  /// Whether a name is meant: compared byte by byte, except by a regular expression, which sees the
  /// bytes that are no UTF-8 as `\xff`.
  let matches: (TensorKey) -> Bool

  /// Gets a pattern ready.
  ///
  /// - Throws: `invalidArgument` for a text that is no regular expression.
  init(_ pattern: KeyMapping.Pattern) throws(CheckpointError) {
    switch pattern {
    case .all: matches = { _ in true }
    case .name(let name): matches = { $0 == TensorKey(name) }
    case .prefix(let prefix): matches = { $0.bytes.starts(with: prefix.utf8) }
    case .suffix(let suffix):
      matches = { $0.bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) }
    case .regex(let text):
      let regex = try NamePattern(text)
      matches = { regex.isFound(in: $0.description) }
    }
  }
}

/// A regular expression on names.
struct NamePattern {
  private let regex: Regex<AnyRegexOutput>

  /// Compiles an expression.
  ///
  /// - Throws: `invalidArgument` for a text that is none; `limitExceeded` for one that nests too
  ///   deep.
  init(_ pattern: String) throws(CheckpointError) {
    // The compiler of expressions calls itself for each parenthesis and bracket.
    guard pattern.utf8.count(where: { "([".utf8.contains($0) }) <= Self.mostBrackets else {
      throw CheckpointError(
        .limitExceeded, "a regular expression with more than \(Self.mostBrackets) brackets")
    }
    do {
      regex = try Regex(pattern).matchingSemantics(.unicodeScalar)
    } catch {
      throw CheckpointError(.invalidArgument, "'\(pattern)' is not a regular expression: \(error)")
    }
  }

  private static let mostBrackets = 256

  /// Whether a name has a match in it.
  func isFound(in name: String) -> Bool { name.firstMatch(of: regex) != nil }

  /// The name with every match replaced; `$0` stands for the match, `$1` for its first group, `$$`
  /// for a dollar.
  ///
  /// - Throws: `invalidArgument` for a group that the expression does not have.
  func replacing(in name: String, with template: String) throws(CheckpointError) -> String {
    var unknownGroup: Int?
    let result = name.replacing(regex) { match in
      Self.expand(template) { group in
        guard group < match.output.count else {
          unknownGroup = group
          return ""
        }
        return match.output[group].substring ?? ""
      }
    }
    if let unknownGroup {
      throw CheckpointError(
        .invalidArgument, "'\(template)' has $\(unknownGroup), but the expression has no such group"
      )
    }
    return result
  }

  private static func expand(_ template: String, _ group: (Int) -> Substring) -> String {
    var result = String.UnicodeScalarView()
    var isReference = false
    for scalar in template.unicodeScalars {
      if !isReference {
        if scalar == "$" { isReference = true } else { result.append(scalar) }
        continue
      }
      isReference = false
      if ("0"..."9").contains(scalar) {
        result.append(contentsOf: group(Int(scalar.value) - 0x30).unicodeScalars)
      } else {
        result.append("$")
        if scalar != "$" { result.append(scalar) }
      }
    }
    if isReference { result.append("$") }
    return String(result)
  }
}
