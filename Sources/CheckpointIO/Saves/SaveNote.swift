// What a lock file says of the save that holds it:
//
//   swift-checkpoints save
//   writes .data-?????-of-00002
//   writes .index
//   new 2
//   replaces 1
//   end
//
// `writes` names the files to come, by what follows the target's name in theirs: `-?????-of-00002` in those
// of a V1 checkpoint in several; nothing in the name of a file that is the target itself. Each is first
// written under its temporary name: these are the temporary files that may be left. `new` and `replaces`
// are said of V2 checkpoints only: which data files are about to be written, and which will be removed
// once the new index stands, by the count in their names. `keeps 2` stands in the place of `new 2` if the
// new data files are no copies, but were moved here: nothing else has their content.
//
// A save to a model directory, whose target is `model` in it, notes its files one by one, and under `model`
// the names of those that go once the new index stands:
//
//   writes -00001-of-00002.safetensors
//   writes -00002-of-00002.safetensors
//   writes .safetensors.index.json
//   model
//   drops model.safetensors
//
// The files of a V1 checkpoint in several get their names one after the other. If none of them is there, the
// save notes `naming` when all have been written, and before the first one gets its name. From then on a file
// whose temporary file is gone is the save's own; while another temporary file is still there, the checkpoint
// is incomplete, and the file is of no use.
//
// A note without `writes` and `end` is of an earlier version, whose saves wrote the index and the data
// files that `new` counts.

/// What a lock file says of the save that holds it: what it is about to write, and to remove.
package struct SaveNote: Hashable, Sendable {
  /// Which data files a V2 checkpoint gets and loses.
  package struct DataFiles: Hashable, Sendable {
    /// The count in the names of the new data files.
    package var newCount: Int
    /// Whether the new data files stay even if the save does not come to its end.
    package var keepsNew = false
    /// The counts in the names of those that the new checkpoint makes superfluous.
    package var replacedCounts: [Int]

    package init(newCount: Int, replacedCounts: [Int]) {
      self.newCount = newCount
      self.replacedCounts = replacedCounts
    }

    // What follows the prefix in their names.
    fileprivate var pattern: String { DataFileName(prefix: "", shard: 0, count: newCount).pattern }
  }

  /// The files to come, by what follows the target's name in theirs, as ``TemporaryName`` says it.
  package var files: [String]
  /// Whether the files of a V1 checkpoint in several get their names now: all were written, and none was there.
  package private(set) var isNaming = false
  /// The data files that come and go, if the target is a V2 checkpoint.
  package var dataFiles: DataFiles?
  /// The files that a new model makes superfluous, by their names, if the target is a model.
  package private(set) var superfluous: [String]?

  /// A note of a save that writes its target: a file.
  package static let file = SaveNote(files: [""])

  /// A note of a save that writes the index of a V2 checkpoint, and no data files.
  package static let index = SaveNote(files: [".index"])

  /// A note of a save that writes a V2 checkpoint.
  package static func bundle(_ dataFiles: DataFiles) -> SaveNote {
    var note = SaveNote(files: [dataFiles.pattern, ".index"])
    note.dataFiles = dataFiles
    return note
  }

  /// A note of a save that writes a V1 checkpoint in several files.
  package static func slices(count: Int) -> SaveNote {
    SaveNote(files: [SlicesPath(prefix: "", shardCount: count).pattern])
  }

  /// The same when its files are about to get their names, of which none is there.
  package var naming: SaveNote {
    var note = self
    note.isNaming = true
    return note
  }

  /// A note of somebody who removes a V2 checkpoint: its data files are of no use without an index.
  package static func removal(ofDataFiles count: Int) -> SaveNote {
    var note = SaveNote(files: [])
    note.dataFiles = DataFiles(newCount: count, replacedCounts: [])
    return note
  }

  /// A note of a save to a model.
  ///
  /// - Parameters:
  ///   - files: The files to come, by what follows the target's name in theirs.
  ///   - superfluous: The names of those that go.
  /// - Returns: The note.
  package static func model(files: [String], superfluous: [String]) -> SaveNote {
    var note = SaveNote(files: files)
    note.superfluous = superfluous
    return note
  }

  /// Adds what another save to a model has noted.
  mutating func add(_ other: SaveNote) {
    files += other.files.filter { !files.contains($0) }
    superfluous = (superfluous ?? []) + (other.superfluous ?? [])
  }

  private init(files: [String]) { self.files = files }
}

// The text.
extension SaveNote {
  private static let title = "swift-checkpoints save"
  private static let end = "end"
  private static let writes = "writes"
  private static let namingMark = "naming"
  private static let model = "model"
  private static let drops = "drops "

  /// The text.
  package var bytes: [UInt8] {
    var lines = [Self.title]
    lines += files.map { $0.isEmpty ? Self.writes : "\(Self.writes) \($0)" }
    if isNaming { lines.append(Self.namingMark) }
    if let dataFiles {
      lines.append("\(dataFiles.keepsNew ? "keeps" : "new") \(dataFiles.newCount)")
      lines.append("replaces" + dataFiles.replacedCounts.map { " \($0)" }.joined())
    }
    if let superfluous {
      lines.append(Self.model)
      lines += superfluous.map { Self.drops + $0 }
    }
    lines.append(Self.end)
    return Array(lines.map { $0 + "\n" }.joined().utf8)
  }

  /// Reads the text; `nil` for one that no save of this library wrote to its end.
  package init?(_ bytes: [UInt8]) {
    // By bytes: of a text, a carriage return and a line feed are one character.
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { Substring(decoding: $0, as: UTF8.self) }[...]
    guard lines.popFirst() == Self.title[...], lines.popLast() == "" else { return nil }
    guard lines.last == Self.end[...] else {
      self.init(earlierVersion: lines)
      return
    }
    self.init(lines: lines.dropLast())
    // There is one way to write a note, and no name has a zero.
    guard self.bytes == bytes, !bytes.contains(0) else { return nil }
  }

  // Reads what is below the title of a note without an end.
  private init?(earlierVersion lines: ArraySlice<Substring>) {
    guard let dataFiles = DataFiles(lines) else { return nil }
    self = .bundle(dataFiles)
  }

  // Reads what is between the title and the end.
  private init?(lines: ArraySlice<Substring>) {
    var rest = lines
    files = Self.takeFiles(&rest)
    isNaming = rest.first == Self.namingMark[...]
    if isNaming { rest.removeFirst() }
    if let start = rest.firstIndex(of: Self.model[...]) {
      guard let names = Self.superfluous(rest[(start + 1)...]) else { return nil }
      superfluous = names
      rest = rest[..<start]
    }
    guard !rest.isEmpty else { return }
    guard let dataFiles = DataFiles(rest) else { return nil }
    self.dataFiles = dataFiles
  }

  private static func takeFiles(_ lines: inout ArraySlice<Substring>) -> [String] {
    let taken = lines.prefix { $0.hasPrefix(writes) }
    lines.removeFirst(taken.count)
    return taken.map { String($0.dropFirst(writes.count + 1)) }
  }

  private static func superfluous(_ lines: ArraySlice<Substring>) -> [String]? {
    guard lines.allSatisfy({ $0.hasPrefix(drops) }) else { return nil }
    return lines.map { String($0.dropFirst(drops.count)) }
  }

  /// Whether a text may be a note, or the beginning of one: a process can die while it writes it,
  /// and after a power cut a file may have its length in zeros.
  package static func mayHaveBegun(_ bytes: [UInt8]) -> Bool {
    TornText.mayBegin(bytes, with: title)
  }
}

extension SaveNote.DataFiles {
  /// Reads two lines.
  fileprivate init?(_ lines: ArraySlice<Substring>) {
    guard lines.count == 2, let first = lines.first, let last = lines.last else { return nil }
    let new = first.split(separator: " ")
    let replaced = last.split(separator: " ")
    guard new.count == 2, new[0] == "new" || new[0] == "keeps" else { return nil }
    guard let count = Int(new[1]), count > 0 else { return nil }
    guard replaced.first == "replaces" else { return nil }
    let counts = replaced.dropFirst().map { Int($0) }
    guard !counts.contains(nil) else { return nil }
    newCount = count
    keepsNew = new[0] == "keeps"
    replacedCounts = counts.compactMap { $0 }
  }
}
