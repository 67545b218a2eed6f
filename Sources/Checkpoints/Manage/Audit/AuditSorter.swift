import CheckpointBundle
import CheckpointIO

/// Tells what the files of a directory are, by their names and by what is in them.
struct AuditSorter {
  private let directory: String
  private let check: CheckpointManager.Check
  private let fileSystem: any FileSystem
  private let names: [String]
  private var problems: [String: String?] = [:]  // by prefix; `nil` for one that is whole
  private var shardCounts: [String: Int] = [:]
  private var stems: Set<String> = []
  private var historyStems: Set<String> = []
  /// When the newest file was written, in seconds since 1970.
  private(set) var newestTime = 0.0

  init(
    _ directory: String,
    _ check: CheckpointManager.Check,
    _ fileSystem: any FileSystem
  ) throws(CheckpointError) {
    self.directory = directory
    self.check = check
    self.fileSystem = fileSystem
    names = try fileSystem.namesInDirectory(directory)
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The one name that checkpoints have here: of a manager's history, else of all that are numbered.
  var managedName: String? {
    if historyStems.count == 1 { return historyStems.first }
    return historyStems.isEmpty && stems.count == 1 ? stems.first : nil
  }

  /// Sorts all files.
  mutating func sort() throws(CheckpointError) -> [DirectoryAudit.File] {
    for name in names where name.hasSuffix(".index") {
      guard try fileSystem.reachableStatus(of: path(name))?.kind == .file else { continue }
      try open(String(name.dropLast(6)))
    }
    var files: [DirectoryAudit.File] = []
    for name in names {
      guard let entry = try fileSystem.entryStatus(of: path(name)) else { continue }  // it went
      let status = try fileSystem.reachableStatus(of: path(name))
      newestTime = max(newestTime, status?.modificationTime ?? 0)
      let byteCount = status?.byteCount ?? entry.byteCount
      var file = DirectoryAudit.File(name: name, kind: .foreign, byteCount: byteCount)
      switch status?.kind {
      case .file: try sort(&file, isLink: entry.kind == .link)
      case .directory: Self.sortDirectory(&file)
      case nil: file.note = "a symbolic link that leads to nothing"
      case let kind?: file.note = "\(kind)"
      }
      files.append(file)
    }
    return files
  }

  private func path(_ name: String) -> String { Path.join(directory, name) }

  // MARK: Checkpoints

  private mutating func open(_ prefix: String) throws(CheckpointError) {
    do throws(CheckpointError) {
      shardCounts[prefix] = try BundleReader(prefix: path(prefix), fileSystem: fileSystem)
        .shardCount
      try IntactCheck(fileSystem).check(path(prefix), check)
      problems[prefix] = .some(nil)
    } catch  where error.code != .io {
      problems[prefix] = .some("\(error)")
    }
    if let dash = prefix.utf8.lastIndex(of: UInt8(ascii: "-")) {
      let stem = String(prefix[..<dash])
      if (try? CheckpointNaming(stem))?.number(of: prefix) != nil { stems.insert(stem) }
    }
  }

  private mutating func sort(
    _ file: inout DirectoryAudit.File,
    isLink: Bool
  ) throws(CheckpointError) {
    let name = file.name
    if let data = DataFileName(name) {
      sortData(&file, data)
    } else if let prefix = Self.prefix(name), let problem = problems[prefix] {
      belong(&file, prefix, problem)
    } else if let target = TemporaryName.target(ofLock: name) {
      sort(&file, claim(on: target))
    } else if let target = TemporaryName.target(ofTemporary: name) {
      sort(&file, isLink ? .none("no temporary file of this library") : claim(onTemporary: target))
    } else if try !sortRecord(&file), Self.isTensorFlowTemporary(name) {
      file.kind = .leftover
      file.note = "of TensorFlow; nothing proves that its process is dead"
    } else if file.kind == .foreign, try CheckpointReader.format(at: path(name), fileSystem) != nil
    {
      belong(&file, name, nil)
    }
  }

  private static func prefix(_ name: String) -> String? {
    for suffix in [".index", ".meta"] where name.hasSuffix(suffix) {
      return String(name.dropLast(suffix.count))
    }
    return nil
  }

  private func belong(_ file: inout DirectoryAudit.File, _ prefix: String, _ problem: String?) {
    file.kind = problem == nil ? .complete : .torn
    file.checkpoint = path(prefix)
    file.note = problem
  }

  private func sortData(_ file: inout DirectoryAudit.File, _ data: DataFileName) {
    guard let problem = problems[data.prefix] else {
      file.kind = isBusy(data.prefix) ? .busy : .orphan
      file.note = "there is no index"
      return
    }
    if let count = shardCounts[data.prefix], count != data.count {
      file.kind = isBusy(data.prefix) ? .busy : .orphan
      file.note = "the index counts \(count) data files"
    } else {
      belong(&file, data.prefix, problem)
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

  private func sort(_ file: inout DirectoryAudit.File, _ claim: Claim) {
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
    let target = DataFileName(file)?.prefix ?? Self.prefix(file) ?? file
    let name = FileName(Path(TemporaryName.temporary(for: file)).name)
    let owners = [target, file].map { target in
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

  private static func sortDirectory(_ file: inout DirectoryAudit.File) {
    let parts = file.name.split(separator: "_temp", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else { return }
    let rest = parts[1].utf8.drop { $0 == UInt8(ascii: "_") }
    guard rest.allSatisfy(\.isHexadecimal) else { return }
    file.kind = .leftover
    file.note = "of TensorFlow; nothing proves that its process is dead"
  }

  // MARK: Files beside the checkpoints

  private mutating func sortRecord(
    _ file: inout DirectoryAudit.File
  ) throws(CheckpointError) -> Bool {
    do throws(CheckpointError) {
      if file.name == "checkpoint" {
        file.kind = .record
        _ = try StateFile(in: directory, fileSystem: fileSystem).read()
      } else if let stem = Self.historyStem(file.name) {
        let text = try SmallFile.read(
          path(file.name),
          fileSystem,
          check: ManagedPlace.checkHistoryByteCount
        )
        guard let text, CheckpointHistory.mayBe(text) else { return false }
        file.kind = .record
        historyStems.insert(stem)
        _ = try CheckpointHistory(text: text)
      } else {
        return false
      }
    } catch  where error.code != .io {
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
