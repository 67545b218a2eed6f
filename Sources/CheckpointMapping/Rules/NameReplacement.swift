import CheckpointIO

/// What a match of an expression becomes: a text with references to the groups of the match.
///
///     $0  $1      the match; its first group
///     ${1-1}      the number that the first group is, less 1; `${1+1}` is one more
///     $i          the number of the part, where a rule makes several tensors of one
///     $$          a dollar
///
/// Every other dollar stands for itself.
struct NameReplacement {
  private enum Piece {
    case text(String)
    case group(Int)
    case sum(Int, Int)
    case part
  }

  private let template: String
  private var pieces: [Piece] = []

  /// Takes a text apart.
  init(_ template: String) {
    self.template = template
    var rest = template[...]
    while let dollar = rest.unicodeScalars.firstIndex(of: "$") {
      pieces.append(.text(String(rest[..<dollar])))
      rest = rest[rest.unicodeScalars.index(after: dollar)...]
      pieces.append(Self.takeReference(&rest))
    }
    pieces.append(.text(String(rest)))
  }

  // What stands behind a dollar.
  private static func takeReference(_ rest: inout Substring) -> Piece {
    if let sum = try? /\{([0-9])([+\-][0-9]{1,9})\}/.prefixMatch(in: rest) {
      rest = rest[sum.range.upperBound...]
      return .sum(Int(sum.1) ?? 0, Int(sum.2) ?? 0)
    }
    guard let next = rest.unicodeScalars.first else { return .text("$") }
    let piece: Piece
    switch next {
    case "0"..."9": piece = .group(Int(next.value) - 0x30)
    case "$": piece = .text("$")
    case "i": piece = .part
    default: return .text("$")
    }
    rest.unicodeScalars.removeFirst()
    return piece
  }

  /// The text for a match.
  ///
  /// - Parameters:
  ///   - match: The match and its groups.
  ///   - part: The number of the part, or `nil` where there are no parts.
  /// - Returns: The text that takes the place of the match.
  /// - Throws: `invalidArgument` for a group that the expression does not have, and for a sum of what
  ///   is no number, or that is none.
  func text(for match: AnyRegexOutput, part: Int? = nil) throws(CheckpointError) -> String {
    var result = String.UnicodeScalarView()
    for piece in pieces {
      let text =
        switch piece {
        case .text(let text): text[...]
        case .group(let number): try group(number, of: match)
        case .sum(let number, let summand): try sum(group(number, of: match), summand)
        case .part: Substring(part.map { "\($0)" } ?? "$i")
        }
      result.append(contentsOf: text.unicodeScalars)
    }
    return String(result)
  }

  private func group(_ number: Int, of match: AnyRegexOutput) throws(CheckpointError) -> Substring {
    guard number < match.count else {
      throw CheckpointError(
        .invalidArgument, "'\(template)' has $\(number), but the expression has no such group")
    }
    return match[number].substring ?? ""
  }

  private func sum(_ text: Substring, _ summand: Int) throws(CheckpointError) -> Substring {
    let sum = Int(text).map { $0.addingReportingOverflow(summand) }
    guard let sum, !sum.overflow, sum.partialValue >= 0 else {
      throw CheckpointError(
        .invalidArgument,
        "'\(template)' counts from '\(text)', which is no number, or leads below zero")
    }
    return "\(sum.partialValue)"
  }
}
