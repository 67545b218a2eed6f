package import CheckpointIO

/// How the checkpoints of a manager are called: `ckpt-7` for the name `ckpt` and the number 7; of safetensors
/// files `ckpt-7.safetensors`.
package struct CheckpointNaming: Sendable, Hashable {
  /// What stands before the number.
  package let stem: String
  /// How many digits a number has at least, with zeros in front.
  let padding: Int
  /// What stands behind the number.
  let ending: String

  /// Takes a name.
  ///
  /// - Parameters:
  ///   - stem: What stands before the number.
  ///   - padding: How many digits a number has at least, with zeros in front.
  ///   - format: The format of the checkpoints.
  /// - Throws: `invalidArgument` for one that cannot begin a file's name, or that is a single file's;
  ///   `unsupported` for that of a safetensors file.
  package init(_ stem: String, padding: Int = 0, format: CheckpointFormat = .v2)
    throws(CheckpointError)
  {
    guard !stem.isEmpty, !stem.utf8.contains(UInt8(ascii: "/")), !stem.utf8.contains(0) else {
      throw CheckpointError(
        .invalidArgument,
        "'\(stem)' cannot be the name of checkpoints; it is the beginning of file names, as 'ckpt' is"
      )
    }
    try CheckpointName.check(stem)
    self.stem = stem
    self.padding = padding
    ending = format.ending
  }

  /// The number for the next checkpoint.
  ///
  /// - Parameters:
  ///   - last: The largest number that was ever given, as far as anything tells.
  ///   - directory: Where the checkpoints are.
  /// - Returns: The number.
  /// - Throws: `limitExceeded` if there is none.
  package static func number(after last: Int, in directory: String) throws(CheckpointError) -> Int {
    guard last < Int.max else {
      throw CheckpointError(
        .limitExceeded,
        "there is no number after \(last) for the next checkpoint; rename or remove the file that has it",
        file: directory)
    }
    return max(last, 0) + 1
  }

  /// The name of a checkpoint.
  package func name(_ number: Int) -> String {
    Self.prefix(stem, number, padding: padding) + ending
  }

  /// A prefix with a number behind it.
  package static func prefix(_ stem: String, _ number: Int, padding: Int) -> String {
    let digits = String(number)
    let zeros = String(repeating: "0", count: max(0, padding - digits.utf8.count))
    return "\(stem)-\(zeros)\(digits)"
  }

  /// The number of a checkpoint's name; `nil` for a name that is another's.
  ///
  /// `ckpt-07` and `ckpt--7` are others', unless numbers have two digits at least: no number is written
  /// like that.
  package func number(of name: String) -> Int? {
    name.utf8.withSpan { name in
      guard let (number, end) = leadingNumber(name), end == name.count else { return nil }
      return number
    }
  }

  /// What a file is to the checkpoint that it belongs to.
  package enum Part {
    /// The index of V2, which makes it a checkpoint.
    case index
    /// One of its data files.
    case data
    /// The checkpoint itself, if it has no index; or anything else, complete or not.
    case other
  }

  /// The number of the checkpoint that a file belongs to, complete or not: of those that a manager saves.
  package func number(ofFile name: String) -> Int? { part(ofFile: name)?.number }

  /// The same, and what the file is to it.
  package func part(ofFile name: String) -> (number: Int, part: Part)? {
    // Each checkpoint has at least two files, and there may be thousands: most need no closer look.
    let usual = name.utf8.withSpan { name in
      leadingNumber(name).flatMap { number, end -> (number: Int, part: Part)? in
        let rest = name.extracting(end...)
        if Self.isIndexEnding(rest) { return (number, .index) }
        return Self.isDataEnding(rest) ? (number, .data) : nil
      }
    }
    return usual ?? unusualPart(ofFile: name)
  }

  private func unusualPart(ofFile name: String) -> (number: Int, part: Part)? {
    guard name.begins(with: stem) else { return nil }
    switch CheckpointFileName(name) {
    case .index(let prefix): return number(of: prefix).map { ($0, .index) }
    case .data(let data): return number(of: data.prefix).map { ($0, .data) }
    case .lock(let target): return number(of: target).map { ($0, .other) }
    case .temporary(let target): return number(ofFile: target).map { ($0, .other) }
    case .single: return number(of: name).map { ($0, .other) }
    case .part, .modelIndex, .graph, .state, .history, .tensorFlowTemporary: return nil
    }
  }
}

// A name, byte by byte.
extension CheckpointNaming {
  // The number of the name of a checkpoint that a text begins with, and where that name ends.
  private func leadingNumber(_ text: Span<UInt8>) -> (number: Int, end: Int)? {
    guard let hyphen = text.end(of: stem, from: 0), hyphen < text.count,
      text[hyphen] == UInt8(ascii: "-")
    else { return nil }
    let first = hyphen + 1
    guard let (digits, end) = text.digits(from: first) else { return nil }
    let digitCount = end - first
    let isCanonical =
      digitCount == 1 || digitCount == padding || digitCount > 1 && text[first] != 0x30
    guard digitCount > 0, digitCount >= padding, isCanonical, let number = Int(exactly: digits)
    else { return nil }
    return text.end(of: ending, from: end).map { (number, $0) }
  }

  private static func isIndexEnding(_ text: Span<UInt8>) -> Bool {
    text.end(of: ".index", from: 0) == text.count
  }

  // `.data-00000-of-00001`, with five digits; more than 99,999 files have longer names.
  private static func isDataEnding(_ text: Span<UInt8>) -> Bool {
    guard text.count == 20, let first = text.end(of: ".data-", from: 0),
      text.end(of: "-of-", from: first + 5) == 15
    else { return false }
    return [first..<11, 15..<20].allSatisfy { digits in
      digits.allSatisfy { (0x30...0x39).contains(text[$0]) }
    }
  }
}
