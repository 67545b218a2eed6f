import CheckpointStore
import CheckpointBundle
import CheckpointIO
import CheckpointSlices
import Foundation

/// Tells what the files of a directory are, by their names and by what is in them.
///
/// Somebody may save there meanwhile. What speaks against a file counts only if the file is the same
/// after that was found, the index too, and nobody held the lock in between.
struct AuditSorter {
  private let directory: String
  private let check: CheckpointCheck
  private let fileSystem: any FileSystem
  private var names: [String]
  private var known: [String: Known] = [:]  // by prefix
  private var stems: Set<String> = []
  private var historyStems: Set<String> = []
  /// When the newest file was written, in seconds since 1970.
  private(set) var newestTime = 0.0

  /// What is known of a checkpoint that has an index.
  private struct Known {
    /// The index before it was read.
    let index: FileStatus
    var kind = CheckpointDirectory.Audit.Kind.complete
    var note: String?
    var shardCount: Int?
  }

  init(_ directory: String, _ check: CheckpointCheck, _ fileSystem: any FileSystem)
    throws(CheckpointError)
  {
    self.directory = directory
    self.check = check
    self.fileSystem = fileSystem
    names = try Self.names(in: directory, fileSystem)
  }

  private static func names(in directory: String, _ fileSystem: any FileSystem)
    throws(CheckpointError) -> [String]
  {
    try fileSystem.namesInDirectory(directory)
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The one name that checkpoints have here: of a manager's history, else of all that are numbered.
  var managedName: String? {
    if historyStems.count == 1 { return historyStems.first }
    return historyStems.isEmpty && stems.count == 1 ? stems.first : nil
  }

  /// Sorts all files, those that come meanwhile too.
  mutating func sort() throws(CheckpointError) -> [CheckpointDirectory.Audit.File] {
    var files: [FileName: CheckpointDirectory.Audit.File] = [:]
    for _ in 0..<Self.mostLooks {
      let new = names.filter { files[FileName($0)] == nil }
      for name in new where name.hasSuffix(".index") { try open(String(name.dropLast(6))) }
      for name in new { files[FileName(name)] = try settled(name) }
      let before = names
      names = try Self.names(in: directory, fileSystem)
      if names == before { break }
    }
    return names.compactMap { files[FileName($0)] }
  }

  // What a file is, if nothing has changed while it was looked at; `nil` if it went.
  private mutating func settled(_ name: String) throws(CheckpointError) -> CheckpointDirectory.Audit
    .File?
  {
    for _ in 0..<Self.mostLooks {
      guard let entry = try fileSystem.entryStatus(of: path(name)) else { return nil }
      if let file = try sort(name, entry), try isSettled(file, entry) { return file }
      if let prefix = Self.prefix(ofFile: name) { try open(prefix) }
    }
    return CheckpointDirectory.Audit.File(
      name: name, kind: .busy, byteCount: 0,
      note: "it was another one at each of \(Self.mostLooks) looks")
  }

  private static let mostLooks = 10

  private func isSettled(_ file: CheckpointDirectory.Audit.File, _ entry: FileStatus)
    throws(CheckpointError)
    -> Bool
  {
    switch file.kind {
    case .complete, .record, .busy: return true
    case .foreign: return try fileSystem.entryStatus(of: path(file.name)) != nil
    case .torn, .orphan, .leftover:
      guard !isBeingTaken(file) else { return false }
      guard try fileSystem.entryStatus(of: path(file.name)) == entry else { return false }
      guard let prefix = Self.prefix(ofFile: file.name) else { return true }
      return try index(prefix) == known[prefix]?.index
    }
  }

  // Somebody who saves creates a lock file, and then takes it: a moment later, if it is empty.
  private func isBeingTaken(_ file: CheckpointDirectory.Audit.File) -> Bool {
    guard file.byteCount == 0, let target = TemporaryName.target(ofLock: file.name) else {
      return false
    }
    Thread.sleep(forTimeInterval: 0.01)
    if case .dead = claim(on: target) { return false }
    return true
  }

  private func index(_ prefix: String) throws(CheckpointError) -> FileStatus? {
    let status = try fileSystem.reachableStatus(of: BundlePath(path(prefix)).index)
    return status?.kind == .file ? status : nil
  }

  // `nil` if it went meanwhile.
  private mutating func sort(_ name: String, _ entry: FileStatus) throws(CheckpointError)
    -> CheckpointDirectory.Audit.File?
  {
    let status = try fileSystem.reachableStatus(of: path(name))
    newestTime = max(newestTime, status?.modificationTime ?? 0)
    let byteCount = status?.byteCount ?? entry.byteCount
    var file = CheckpointDirectory.Audit.File(name: name, kind: .foreign, byteCount: byteCount)
    do throws(CheckpointError) {
      switch status?.kind {
      case .file: try sort(&file, isLink: entry.kind == .link)
      case .directory: Self.sortDirectory(&file)
      case nil: file.note = "a symbolic link that leads to nothing"
      case let kind?: file.note = "\(kind)"
      }
    } catch  where error.code == .notFound {
      return nil
    }
    return file
  }

  private func path(_ name: String) -> String { Path.join(directory, name) }

  // MARK: Checkpoints

  // Looks at the checkpoint that an index stands for now, if there is one.
  private mutating func open(_ prefix: String) throws(CheckpointError) {
    guard let index = try index(prefix) else {
      known[prefix] = nil
      return
    }
    var checkpoint = Known(index: index)
    let opening = CheckpointOpening(prefix: path(prefix), fileSystem)
    do throws(CheckpointError) {
      try opening.read { opened throws(CheckpointError) in
        checkpoint.shardCount = opened.reader.shardCount
        try IntactCheck(fileSystem).check(opened.reader, check)
      }
    } catch  where !error.saysNothingOfContent {
      (checkpoint.kind, checkpoint.note) = (error.code == .busy ? .busy : .torn, "\(error)")
    }
    known[prefix] = checkpoint
    if let dash = prefix.utf8.lastIndex(of: UInt8(ascii: "-")) {
      let stem = String(prefix[..<dash])
      if (try? CheckpointNaming(stem))?.number(of: prefix) != nil { stems.insert(stem) }
    }
  }

  private mutating func sort(_ file: inout CheckpointDirectory.Audit.File, isLink: Bool)
    throws(CheckpointError)
  {
    let name = file.name
    if let data = DataFileName(name) {
      sortData(&file, data)
    } else if let prefix = Self.prefix(ofFile: name), let checkpoint = known[prefix] {
      belong(&file, prefix, checkpoint)
    } else if let target = TemporaryName.target(ofLock: name) {
      sort(&file, claim(on: target))
    } else if let target = TemporaryName.target(ofTemporary: name) {
      sort(&file, isLink ? .none("no temporary file of this library") : claim(onTemporary: target))
    } else if try !sortRecord(&file), Self.isTensorFlowTemporary(name) {
      file.kind = .leftover
      file.note = "of TensorFlow; nothing proves that its process is dead"
    } else if file.kind == .foreign, try CheckpointReader.format(at: path(name), fileSystem) != nil
    {
      (file.kind, file.checkpoint) = (.complete, path(name))
    }
  }

  private static func prefix(ofFile name: String) -> String? {
    if let data = DataFileName(name) { return data.prefix }
    for suffix in [".index", ".meta"] where name.hasSuffix(suffix) {
      return String(name.dropLast(suffix.count))
    }
    return nil
  }

  private func belong(
    _ file: inout CheckpointDirectory.Audit.File, _ prefix: String, _ checkpoint: Known
  ) {
    file.kind = checkpoint.kind
    file.checkpoint = path(prefix)
    file.note = checkpoint.note
  }

  private func sortData(_ file: inout CheckpointDirectory.Audit.File, _ data: DataFileName) {
    guard let checkpoint = known[data.prefix] else {
      file.kind = isBusy(data.prefix) ? .busy : .orphan
      file.note = "there is no index"
      return
    }
    if let count = checkpoint.shardCount, count != data.count {
      file.kind = isBusy(data.prefix) ? .busy : .orphan
      file.note = "the index counts \(count) data files"
    } else {
      belong(&file, data.prefix, checkpoint)
    }
  }

  // MARK: What saves leave

  // Whose a file is that has the name of a lock file or a temporary file.
  private enum Claim {
    // Somebody holds the lock, or may hold it.
    case busy
    // A dead save's, as its note proves.
    case dead
    // Nothing proves it; why.
    case none(String)
  }

  private func sort(_ file: inout CheckpointDirectory.Audit.File, _ claim: Claim) {
    switch claim {
    case .busy: (file.kind, file.note) = (.busy, "somebody is saving")
    case .dead: (file.kind, file.note) = (.leftover, "of a save that did not come to its end")
    case .none(let reason): file.note = reason
    }
  }

  private func claim(
    on target: String,
    _ isDead: (SaveLock) throws(CheckpointError) -> Bool = { _ throws(CheckpointError) in true }
  ) -> Claim {
    do throws(CheckpointError) {
      guard try fileSystem.entryStatus(of: TemporaryName.lock(for: path(target))) != nil else {
        return .none("no save has noted it; if it is of no use, remove it")
      }
      let lock = try SaveLock(path(target), creating: false, fileSystem: fileSystem)
      guard let lock, lock.isExclusive else { return .busy }
      return try isDead(lock) ? .dead : .none("no save has noted it; if it is of no use, remove it")
    } catch {
      return .none(error.message)
    }
  }

  private func claim(onTemporary file: String) -> Claim {
    let target = Self.prefix(ofFile: file) ?? file
    let name = FileName(Path(TemporaryName.temporary(for: file)).name)
    // A V1 checkpoint in several files has one lock.
    let owners = [target, SlicesPath(shard: file)?.prefix ?? file, file].map { target in
      claim(on: target) { lock throws(CheckpointError) in
        let leftovers = try Leftovers(directory: directory, fileSystem: fileSystem)
        return try leftovers.temporaries(of: lock).contains(name)
      }
    }
    let isClaimed = owners.first { if case .none = $0 { false } else { true } }
    return isClaimed ?? owners[0]
  }

  // Whether somebody holds the lock; one that is not there nobody holds.
  private func isBusy(_ target: String) -> Bool {
    if case .busy = claim(on: target) { true } else { false }
  }

  private static func isTensorFlowTemporary(_ name: String) -> Bool {
    let marks = [".tempstate", "checkpoint.tmp"]
    return marks.contains { mark in
      guard let range = name.firstRange(of: mark) else { return false }
      let rest = name[range.upperBound...].utf8
      return !rest.isEmpty && rest.allSatisfy { $0.isHexadecimal }
    }
  }

  private static func sortDirectory(_ file: inout CheckpointDirectory.Audit.File) {
    let parts = file.name.split(separator: "_temp", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else { return }
    let rest = parts[1].utf8.drop { $0 == UInt8(ascii: "_") }
    guard rest.allSatisfy(\.isHexadecimal) else { return }
    file.kind = .leftover
    file.note = "of TensorFlow; nothing proves that its process is dead"
  }

  // MARK: Files beside the checkpoints

  private mutating func sortRecord(_ file: inout CheckpointDirectory.Audit.File)
    throws(CheckpointError)
    -> Bool
  {
    do throws(CheckpointError) {
      if file.name == "checkpoint" {
        file.kind = .record
        _ = try StateFile(in: directory, fileSystem: fileSystem).read()
      } else if let stem = Self.historyStem(file.name) {
        let text = try SmallFile.read(
          path(file.name), fileSystem, check: ManagedPlace.checkHistoryByteCount)
        guard let text, CheckpointHistory.mayBe(text) else { return false }
        file.kind = .record
        historyStems.insert(stem)
        _ = try CheckpointHistory(text: text)
      } else {
        return false
      }
    } catch  where !error.saysNothingOfContent {
      file.note = "\(error)"
    }
    return true
  }

  private static func historyStem(_ name: String) -> String? {
    let suffix = ".history.json"
    guard name.hasSuffix(suffix), name.utf8.count > suffix.utf8.count else { return nil }
    return String(name.dropLast(suffix.count))
  }
}

extension UInt8 {
  fileprivate var isHexadecimal: Bool {
    (0x30...0x39).contains(self) || (0x61...0x66).contains(self)
  }
}
