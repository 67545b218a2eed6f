/// What a lock file says of the save that holds it: which data files it is about to write, and which
/// it will remove once the new index stands.
///
///     swift-checkpoints save
///     new 2
///     replaces 1
///
/// Where the new data files are no copies but were moved here, nothing else has their content:
/// `keeps 2` then stands for `new 2`.
struct SaveNote: Hashable {
  /// The count in the names of the new data files.
  var newCount: Int
  /// Whether the new data files stay even if the save does not come to its end.
  var keepsNew = false
  /// The counts in the names of those that the new checkpoint makes superfluous.
  var replacedCounts: [Int]

  init(newCount: Int, replacedCounts: [Int]) {
    self.newCount = newCount
    self.replacedCounts = replacedCounts
  }

  /// The text.
  var bytes: [UInt8] {
    let replaced = replacedCounts.map { " \($0)" }.joined()
    let new = keepsNew ? "keeps" : "new"
    return Array("\(Self.title)\n\(new) \(newCount)\nreplaces\(replaced)\n".utf8)
  }

  /// Reads the text; `nil` for one that no save of this library wrote to its end.
  init?(_ bytes: [UInt8]) {
    let lines = String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 4, lines[0] == Self.title, lines[3].isEmpty else { return nil }
    let new = lines[1].split(separator: " ")
    let replaced = lines[2].split(separator: " ")
    guard new.count == 2, new[0] == "new" || new[0] == "keeps" else { return nil }
    guard let count = Int(new[1]), count > 0 else { return nil }
    guard replaced.first == "replaces" else { return nil }
    let counts = replaced.dropFirst().map { Int($0) }
    guard !counts.contains(nil) else { return nil }
    newCount = count
    keepsNew = new[0] == "keeps"
    replacedCounts = counts.compactMap { $0 }
  }

  /// Whether a text may be a note, or the beginning of one: a process can die while it writes it,
  /// and after a power cut a file may have its length in zeros.
  static func mayHaveBegun(_ bytes: [UInt8]) -> Bool {
    let text = bytes.prefix { $0 != 0 }
    return text.prefix(title.utf8.count).elementsEqual(title.utf8.prefix(text.count))
      && bytes.dropFirst(text.count).allSatisfy { $0 == 0 }
  }

  private static let title = "swift-checkpoints save"
}
