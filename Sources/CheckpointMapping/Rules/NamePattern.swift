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

  /// The name with every match replaced; `nil` if there is none.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - replacement: What a match becomes.
  ///   - part: The number of a part, for a rule that makes several tensors of one.
  /// - Returns: The new name, or `nil`.
  /// - Throws: As ``NameReplacement/text(for:part:)`` does.
  func replacing(in name: String, with replacement: NameReplacement, part: Int? = nil)
    throws(CheckpointError) -> String?
  {
    let matches = name.matches(of: regex)
    guard !matches.isEmpty else { return nil }
    var result = String.UnicodeScalarView()
    var rest = name.startIndex
    for match in matches {
      result.append(contentsOf: name[rest..<match.range.lowerBound].unicodeScalars)
      result.append(
        contentsOf: try replacement.text(for: match.output, part: part).unicodeScalars)
      rest = match.range.upperBound
    }
    result.append(contentsOf: name[rest...].unicodeScalars)
    return String(result)
  }

  /// The number that the first group of the first match is; `nil` without one.
  func number(in name: String) -> Int? {
    guard let match = name.firstMatch(of: regex), match.output.count > 1 else { return nil }
    return match.output[1].substring.flatMap { Int($0) }
  }
}
