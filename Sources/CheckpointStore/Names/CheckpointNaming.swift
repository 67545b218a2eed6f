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
    guard let numbered = ending.isEmpty ? name : name.removing(suffix: ending) else { return nil }
    let (prefix, bytes) = (stem.utf8, numbered.utf8)
    guard bytes.starts(with: prefix) else { return nil }
    let rest = bytes.dropFirst(prefix.count)
    guard rest.first == UInt8(ascii: "-") else { return nil }
    let digits = rest.dropFirst()
    guard digits.first.map({ (0x30...0x39).contains($0) }) == true else { return nil }
    guard let number = Int(String(Substring(digits))),
      name.utf8.elementsEqual(self.name(number).utf8)
    else { return nil }
    return number
  }

  /// The number of the checkpoint that a file belongs to, complete or not: of those that a manager saves.
  package func number(ofFile name: String) -> Int? {
    switch CheckpointFileName(name) {
    case .index(let prefix): self.number(of: prefix)
    case .data(let data): self.number(of: data.prefix)
    case .lock(let target): self.number(of: target)
    case .temporary(let target): self.number(ofFile: target)
    case .single: self.number(of: name)
    case .part, .modelIndex, .graph, .state, .history, .tensorFlowTemporary: nil
    }
  }
}
