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
    for name in names where name.hasSuffix(".index") { try open(String(name.dropLast(6))) }
    var files: [DirectoryAudit.File] = []
    for name in names {
      guard let status = try fileSystem.status(of: path(name)) else { continue }  // it went
      newestTime = max(newestTime, status.modificationTime)
      var file = DirectoryAudit.File(name: name, kind: .foreign, byteCount: status.byteCount)
      if status.kind == .file { try sort(&file) } else { Self.sortDirectory(&file) }
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

  private mutating func sort(_ file: inout DirectoryAudit.File) throws(CheckpointError) {
    let name = file.name
    if let data = DataFileName(name) {
      sortData(&file, data)
    } else if let prefix = Self.prefix(name), let problem = problems[prefix] {
      belong(&file, prefix, problem)
    } else if let target = TemporaryName.target(ofLock: name) {
      sortTemporary(&file, target)
    } else if let target = TemporaryName.target(ofTemporary: name) {
      sortTemporary(&file, DataFileName(target)?.prefix ?? Self.prefix(target) ?? target)
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

  private func sortTemporary(_ file: inout DirectoryAudit.File, _ target: String) {
    file.kind = isBusy(target) ? .busy : .leftover
    file.note = file.kind == .busy ? "somebody is saving" : "of a save that did not come to its end"
  }

  // Whether somebody holds the lock; one that is not there nobody holds.
  private func isBusy(_ target: String) -> Bool {
    let lock = TemporaryName.lock(for: path(target))
    guard (try? fileSystem.status(of: lock)).flatMap({ $0 }) != nil else { return false }
    guard let held = try? SaveLock(path(target), fileSystem: fileSystem) else { return true }
    held.abandon()
    return !held.isExclusive
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

extension CheckpointHistory {
  /// Whether a text looks like a history, damaged or not.
  fileprivate static func mayBe(_ text: [UInt8]) -> Bool {
    String(decoding: text, as: UTF8.self).contains("\"crc32c\"")
  }
}

extension UInt8 {
  fileprivate var isHexadecimal: Bool {
    (0x30...0x39).contains(self) || (0x61...0x66).contains(self)
  }
}
