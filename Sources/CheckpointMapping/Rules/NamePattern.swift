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
  // What every match begins with, at the beginning of the name: most names of a long list do not have it, and need
  // no search.
  private let beginning: String

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
    beginning = Self.beginning(of: pattern)
  }

  private static let mostBrackets = 256

  /// Whether a name has a match in it.
  func isFound(in name: String) -> Bool {
    name.begins(with: beginning) && name.firstMatch(of: regex) != nil
  }

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
    guard name.begins(with: beginning) else { return nil }
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
    guard name.begins(with: beginning), let match = name.firstMatch(of: regex),
      match.output.count > 1
    else { return nil }
    return match.output[1].substring.flatMap { Int($0) }
  }
}

extension NamePattern {
  /// The text that stands for itself after a `^`, with which the expression begins; empty if there is none.
  static func beginning(of pattern: String) -> String {
    let bytes = Array(pattern.utf8)
    // Quotes, comments and options may hide what parentheses are.
    let mayHide = pattern.contains("(?") || pattern.contains("\\Q")
    let hasClassesAndBars = pattern.contains("[") && pattern.contains("|")  // classes may be nested
    guard bytes.first == UInt8(ascii: "^"), !mayHide, !hasClassesAndBars, !hasAlternatives(bytes)
    else { return "" }
    var (text, position): ([UInt8], Int) = ([], 1)
    while position < bytes.count {
      let isEscaped = bytes[position] == UInt8(ascii: "\\") && position + 1 < bytes.count
      let byte = bytes[position + (isEscaped ? 1 : 0)]
      let next = position + (isEscaped ? 2 : 1)
      guard byte < 0x80, isEscaped ? !byte.isWordCharacter : !special.contains(byte) else { break }
      // A character that is optional, or that a combining mark may follow, ends what is sure to be there.
      if next < bytes.count, optional.contains(bytes[next]) || bytes[next] >= 0x80 { break }
      text.append(byte)
      position = next
    }
    return String(decoding: text, as: UTF8.self)
  }

  // Whether a `|` stands outside of all parentheses, in an expression without classes, so that the whole may begin in two ways.
  private static func hasAlternatives(_ pattern: [UInt8]) -> Bool {
    var (depth, position) = (0, 0)
    while position < pattern.count {
      switch pattern[position] {
      case UInt8(ascii: "\\"): position += 1
      case UInt8(ascii: "("): depth += 1
      case UInt8(ascii: ")"): depth -= 1
      case UInt8(ascii: "|") where depth == 0: return true
      default: break
      }
      position += 1
    }
    return false
  }

  private static let special = Set("\\.[](){}*+?|^$#".utf8)
  private static let optional = Set("*?{".utf8)
}

extension UInt8 {
  fileprivate var isWordCharacter: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
