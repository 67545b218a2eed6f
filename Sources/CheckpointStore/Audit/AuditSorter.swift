package import CheckpointIO

/// Tells what the files of a directory are, by its listing, and by what is in them.
///
/// Somebody may save there meanwhile. What speaks against a file counts only if the file is the same
/// after that was found, its checkpoint too, and nobody held the lock in between.
package struct AuditSorter {
  private let check: CheckpointCheck
  private let fileSystem: any FileSystem
  private let claims: AuditClaims
  private let isHistory: HistoryCheck
  package private(set) var listing: DirectoryListing
  private var known: [FileName: AuditedCheckpoint] = [:]  // by what the checkpoint is called
  private var stems: Set<String> = []
  private var historyStems: Set<String> = []
  // The formats of numbered checkpoints, by the stem before the number.
  private var formats: [String: CheckpointFormat] = [:]
  /// When the newest file was written, in seconds since 1970.
  package private(set) var newestTime = 0.0

  /// Whether the file of a path is the history of a manager; throws if it is a damaged one.
  package typealias HistoryCheck = (String) throws(CheckpointError) -> Bool

  /// Lists a directory.
  ///
  /// - Parameters:
  ///   - directory: Its path.
  ///   - check: How closely its checkpoints are looked at.
  ///   - fileSystem: Where.
  ///   - isHistory: Knows the histories of managers.
  /// - Throws: `notFound` if there is no such directory; `io` if the system refuses.
  package init(
    _ directory: String, _ check: CheckpointCheck, _ fileSystem: any FileSystem,
    isHistory: @escaping HistoryCheck
  ) throws(CheckpointError) {
    self.check = check
    self.isHistory = isHistory
    self.fileSystem = fileSystem
    claims = AuditClaims(directory: directory, fileSystem: fileSystem)
    listing = try DirectoryListing(of: directory, fileSystem: fileSystem)
  }

  /// The one name that checkpoints have here: of a manager's history, else of all that are numbered.
  package var managedName: String? {
    if historyStems.count == 1 { return historyStems.first }
    return historyStems.isEmpty && stems.count == 1 ? stems.first : nil
  }

  /// What the checkpoints of that name are.
  package var managedFormat: CheckpointFormat {
    managedName.flatMap { formats[$0] } ?? .v2
  }

  /// Sorts all files, those that come meanwhile too.
  package mutating func sort() throws(CheckpointError) -> [CheckpointDirectory.AuditedFile] {
    var files: [FileName: CheckpointDirectory.AuditedFile] = [:]
    for _ in 0..<Self.mostLooks {
      let new = listing.names.filter { files[FileName($0)] == nil }
      for candidate in listing.candidates where known[FileName(candidate.name.name)] == nil {
        try look(at: candidate)
      }
      for name in new { files[FileName(name)] = try settled(name) }
      claims.forget()
      let before = listing.names
      listing = try DirectoryListing(of: listing.directory, fileSystem: fileSystem)
      if listing.names == before { break }
    }
    return listing.names.compactMap { files[FileName($0)] }
  }

  private static let mostLooks = 10

  // MARK: Checkpoints

  private mutating func look(at candidate: DirectoryListing.Candidate) throws(CheckpointError) {
    let name = FileName(candidate.name.name)
    known[name] = nil
    guard let listed = try listed(candidate),
      let checkpoint = try AuditedCheckpoint(listed, check, fileSystem)
    else { return }
    known[name] = checkpoint
    note(listed)
  }

  // A file whose name is not a checkpoint's is passed over if it cannot be read.
  private func listed(_ candidate: DirectoryListing.Candidate) throws(CheckpointError)
    -> ListedCheckpoint?
  {
    do throws(CheckpointError) {
      return try listing.checkpoint(candidate)
    } catch {
      guard candidate.isSingle else { throw error }
      return nil
    }
  }

  private mutating func note(_ listed: ListedCheckpoint) {
    let series = listed.name.series
    guard listed.format != .v1, listed.name.step != nil, series.utf8.last == UInt8(ascii: "-")
    else { return }
    let stem = String(series.dropLast())
    guard listed.format == .v2 else {
      // Other programs number such files, too: only a history says that a manager has saved them.
      if formats[stem] == nil { formats[stem] = listed.format }
      return
    }
    formats[stem] = .v2
    if (try? CheckpointNaming(stem))?.number(of: listed.name.name) != nil { stems.insert(stem) }
  }

  // The checkpoint that a file is of.
  private func checkpoint(ofFile name: String) throws(CheckpointError) -> AuditedCheckpoint? {
    let file = CheckpointFileName(name)
    guard case .graph = file else {
      let checkpoint = listing.modelIndex(naming: name) ?? file.checkpoint(ofFile: name)
      return checkpoint.flatMap { known[FileName($0)] }
    }
    return try listing.owner(of: name).flatMap { known[FileName($0.name.name)] }
  }

  // MARK: Files

  // What a file is, if nothing has changed while it was looked at; `nil` if it went.
  private mutating func settled(_ name: String) throws(CheckpointError) -> CheckpointDirectory
    .AuditedFile?
  {
    for _ in 0..<Self.mostLooks {
      guard let entry = try fileSystem.entryStatus(of: listing.path(name)) else { return nil }
      if let file = try sorted(name, entry), try isSettled(file, entry) { return file }
      claims.forget()
      if let candidate = listing.candidate(of: name) { try look(at: candidate) }
    }
    return CheckpointDirectory.AuditedFile(
      name: name, kind: .busy, byteCount: 0,
      note: "it was another one at each of \(Self.mostLooks) looks")
  }

  private func isSettled(_ file: CheckpointDirectory.AuditedFile, _ entry: FileStatus)
    throws(CheckpointError)
    -> Bool
  {
    switch file.kind {
    case .complete, .record, .busy: return true
    case .foreign:
      let now = try fileSystem.entryStatus(of: listing.path(file.name))
      switch CheckpointFileName(file.name) {
      case .lock, .temporary: return now == entry  // each save has others of the same names
      default: return now != nil
      }
    case .torn, .orphan, .leftover, .misleading:
      if file.byteCount == 0, case .lock(let target) = CheckpointFileName(file.name) {
        guard !claims.isBeingTaken(target) else { return false }
      }
      guard try fileSystem.entryStatus(of: listing.path(file.name)) == entry else { return false }
      return try isSettled(checkpointOf: file.name)
    }
  }

  private func isSettled(checkpointOf name: String) throws(CheckpointError) -> Bool {
    if let checkpoint = try checkpoint(ofFile: name) {
      return try checkpoint.isUnchanged(fileSystem)
    }
    guard case .data(let data) = CheckpointFileName(name) else { return true }
    return try CommittedFiles(of: listing.path(data.prefix), fileSystem)?.isIndex != true
  }

  // `nil` if it went meanwhile.
  private mutating func sorted(_ name: String, _ entry: FileStatus) throws(CheckpointError)
    -> CheckpointDirectory.AuditedFile?
  {
    let status = try fileSystem.reachableStatus(of: listing.path(name))
    newestTime = max(newestTime, status?.modificationTime ?? 0)
    let byteCount = status?.byteCount ?? entry.byteCount
    var file = CheckpointDirectory.AuditedFile(name: name, kind: .foreign, byteCount: byteCount)
    do throws(CheckpointError) {
      switch status?.kind {
      case .file: try sort(&file, isLink: entry.kind == .link)
      case .directory where CheckpointFileName.isTensorFlowDirectory(name):
        file.set(.leftover, Self.ofTensorFlow)
      case .directory where TemporaryName.target(ofTemporary: name) != nil:
        try sort(&file, isLink: entry.kind == .link)
      case .directory:
        if let checkpoint = try checkpoint(ofFile: name) { file.set(checkpoint) }
      case nil: file.note = "a symbolic link that leads to nothing"
      case let kind?: file.note = "\(kind)"
      }
    } catch  where error.code == .notFound {
      return nil
    }
    return file
  }

  private mutating func sort(_ file: inout CheckpointDirectory.AuditedFile, isLink: Bool)
    throws(CheckpointError)
  {
    guard !listing.isAppleDouble(file.name) else {
      file.note = ForeignContent.appleDouble.what
      return
    }
    switch CheckpointFileName(file.name) {
    case .data(let data): sort(&file, data)
    case .lock(let target): file.set(claims.claim(onLockOf: target))
    case .temporary(let target):
      file.set(
        isLink ? .none("no temporary file of this library") : claims.claim(onTemporary: target))
    case .state: try sortState(&file)
    case .history(let stem): try sortHistory(&file, stem)
    case .tensorFlowTemporary: file.set(.leftover, Self.ofTensorFlow)
    case .index, .modelIndex, .graph, .part, .single:
      guard let checkpoint = try checkpoint(ofFile: file.name) else { return nameContent(&file) }
      file.set(checkpoint)
    }
  }

  private static let ofTensorFlow = "of TensorFlow; nothing proves that its process is dead"

  private func nameContent(_ file: inout CheckpointDirectory.AuditedFile) {
    let path = listing.path(file.name)
    guard CheckpointName.isSafetensors(file.name) else {
      file.note = ForeignContent(at: path, fileSystem)?.what
      return
    }
    // Nothing else has such a name: it was copied or fetched, and something went wrong.
    guard let content = ForeignContent(inPlaceOfCheckpoint: path, fileSystem) else { return }
    file.set(.torn, content.what)
  }

  private func sort(_ file: inout CheckpointDirectory.AuditedFile, _ data: DataFileName) {
    guard let checkpoint = known[FileName(data.prefix)], checkpoint.listed.format == .v2 else {
      return file.set(orphanKind(data), "there is no index")
    }
    guard let count = checkpoint.shardCount, count != data.count else {
      return file.set(checkpoint)
    }
    file.set(orphanKind(data), "the index counts \(count) data files")
  }

  private func orphanKind(_ data: DataFileName) -> CheckpointDirectory.AuditedFile.Kind {
    claims.isBusy(data.prefix) ? .busy : .orphan
  }

  // MARK: Files beside the checkpoints

  private func sortState(_ file: inout CheckpointDirectory.AuditedFile) throws(CheckpointError) {
    let content = ForeignContent(at: listing.path(file.name), fileSystem)
    let isOther = content.map { $0 != .stateFile && $0 != .empty } ?? false
    let format = try CheckpointFormat(ofFile: listing.path(file.name), fileSystem)
    guard !isOther, format == nil else {
      file.note = content?.what ?? "a checkpoint that has the name of the state file"
      return
    }
    do throws(CheckpointError) {
      file.kind = .record
      let found = try StateFile(in: listing.directory, fileSystem: fileSystem).readNewest()
      guard let newest = found?.newest, try CheckpointFormat(at: newest, fileSystem) == nil else {
        return
      }
      let isThere = try fileSystem.hasCheckpoint(at: newest)
      file.set(
        .misleading, "it names '\(newest)', which is \(isThere ? "no checkpoint" : "not there")")
    } catch  where !error.saysNothingOfContent {
      file.set(.misleading, "\(error)")
    }
  }

  private mutating func sortHistory(_ file: inout CheckpointDirectory.AuditedFile, _ stem: String)
    throws(CheckpointError)
  {
    do throws(CheckpointError) {
      (file.kind, file.note) = (.record, nil)
      guard try isHistory(listing.path(file.name)) else {
        file.kind = .foreign
        return nameContent(&file)
      }
      historyStems.insert(stem)
    } catch  where !error.saysNothingOfContent {
      if file.kind == .record { historyStems.insert(stem) }
      file.note = "\(error)"
    }
  }
}

extension CheckpointDirectory.AuditedFile {
  fileprivate mutating func set(_ kind: Kind, _ note: String) {
    (self.kind, self.note) = (kind, note)
  }

  fileprivate mutating func set(_ checkpoint: AuditedCheckpoint) {
    (kind, note) = (checkpoint.kind, checkpoint.note)
    self.checkpoint = checkpoint.listed.path
  }

  fileprivate mutating func set(_ claim: AuditClaims.Claim) {
    switch claim {
    case .busy: set(.busy, "somebody is saving")
    case .dead: set(.leftover, "of a save that did not come to its end")
    case .none(let reason): note = reason
    }
  }
}
