package import CheckpointIO

/// Tells what the files of a directory are, by its listing, and by what is in them.
///
/// Somebody may save there meanwhile. What speaks against a file counts only if the file is the same
/// after that was found, its checkpoint too, and nobody held the lock in between.
///
/// What the system refuses to read is kept apart: it says nothing of the other files.
package struct AuditSorter {
  let check: CheckpointCheck
  let fileSystem: any FileSystem
  private let claims: AuditClaims
  let isHistory: HistoryCheck
  private(set) var listing: DirectoryListing
  // By what the checkpoint is called.
  private(set) var known: [FileName: AuditedCheckpoint] = [:]
  private var listed: [FileName: ListedCheckpoint] = [:]
  private var refused: [FileName: CheckpointError] = [:]
  private var refusals: [FileName: CheckpointError] = [:]  // by the path that was refused
  /// What the state file names, as far as it was looked at for that.
  var announced: AuditedCheckpoint?
  private var stems: Set<FileName> = []
  var historyStems: Set<FileName> = []
  // The formats of numbered checkpoints, by the stem before the number.
  private var formats: [FileName: CheckpointFormat] = [:]
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
  /// - Throws: `notFound` if there is no such directory; `io` if it cannot be listed.
  package init(
    _ directory: String, _ check: CheckpointCheck, _ fileSystem: any FileSystem,
    isHistory: @escaping HistoryCheck
  ) throws(CheckpointError) {
    self.check = check
    self.isHistory = isHistory
    self.fileSystem = fileSystem
    claims = AuditClaims(directory: directory, fileSystem: fileSystem)
    listing = try DirectoryListing(
      of: directory, fileSystem: fileSystem, toleratesRefusals: true)
  }

  /// The one name that checkpoints have here: of a manager's history, else of all that are numbered.
  package var managedName: String? {
    if historyStems.count == 1 { return historyStems.first?.text }
    return historyStems.isEmpty && stems.count == 1 ? stems.first?.text : nil
  }

  /// What the checkpoints of that name are.
  package var managedFormat: CheckpointFormat {
    managedName.flatMap { formats[FileName($0)] } ?? .v2
  }

  /// The checkpoints that were found to be whole, or torn, the newest first.
  package var newestFirst: [ListedCheckpoint] {
    DirectoryListing.newestFirst(among: Array(listed.values))
  }

  /// What the system refused to read, in the order of the paths.
  package var allRefusals: [CheckpointError] {
    refusals.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Sorts all files, those that come meanwhile too.
  ///
  /// - Throws: `io` if the directory cannot be listed.
  package mutating func sort() throws(CheckpointError) -> [CheckpointDirectory.AuditedFile] {
    var files: [FileName: CheckpointDirectory.AuditedFile] = [:]
    for _ in 0..<Self.mostLooks {
      let new = listing.names.filter { files[FileName($0)] == nil }
      for candidate in listing.candidates where known[FileName(candidate.name.name)] == nil {
        try look(at: candidate)
      }
      for name in new { files[FileName(name)] = try settledOrUnread(name) }
      claims.forget()
      let before = listing.names
      listing = try DirectoryListing(
        of: listing.directory, fileSystem: fileSystem, toleratesRefusals: true)
      if listing.names == before { break }
    }
    return listing.names.compactMap { files[FileName($0)] }
  }

  private static let mostLooks = 10

  // MARK: Checkpoints

  private mutating func look(at candidate: DirectoryListing.Candidate) throws(CheckpointError) {
    let name = FileName(candidate.name.name)
    (known[name], listed[name], refused[name]) = (nil, nil, nil)
    do throws(CheckpointError) {
      guard let found = try found(candidate) else { return }
      note(found)
      known[name] = try AuditedCheckpoint(at: found.path, check, fileSystem)
      if known[name] != nil { listed[name] = found }
    } catch  where error.code == .io {
      refused[name] = error
    }
  }

  // An index that cannot be read may name these parts, and say that they are all.
  private func found(_ candidate: DirectoryListing.Candidate) throws(CheckpointError)
    -> ListedCheckpoint?
  {
    if candidate.isModelInParts, let refusal = listing.indexRefusal { throw refusal }
    return try listing.checkpoint(candidate)
  }

  private mutating func note(_ listed: ListedCheckpoint) {
    let series = listed.name.series
    guard listed.format != .v1, listed.name.step != nil, series.utf8.last == UInt8(ascii: "-")
    else { return }
    let stem = FileName(String(series.dropLast()))
    guard listed.format == .v2 else {
      // Other programs number such files, too: only a history says that a manager has saved them.
      if formats[stem] == nil { formats[stem] = listed.format }
      return
    }
    formats[stem] = .v2
    let naming = try? CheckpointNaming(stem.text)
    if naming?.number(of: listed.name.name) != nil { stems.insert(stem) }
  }

  // The checkpoint that a file is of; throws why it could not be read.
  private func checkpoint(ofFile name: String) throws(CheckpointError) -> AuditedCheckpoint? {
    guard let checkpoint = try checkpointName(ofFile: name).map(FileName.init) else { return nil }
    if let refusal = refused[checkpoint] { throw refusal }
    return known[checkpoint]
  }

  private func checkpointName(ofFile name: String) throws(CheckpointError) -> String? {
    let file = CheckpointFileName(name)
    if case .graph = file { return try listing.owner(of: name)?.name.name }
    return listing.modelIndex(naming: name) ?? file.checkpoint(ofFile: name)
  }

  // MARK: Files

  private mutating func settledOrUnread(_ name: String) throws(CheckpointError)
    -> CheckpointDirectory.AuditedFile?
  {
    do throws(CheckpointError) {
      return try settled(name)
    } catch  where error.code == .io {
      return unread(name, error)
    }
  }

  private mutating func unread(_ name: String, _ error: CheckpointError)
    -> CheckpointDirectory.AuditedFile
  {
    let path = listing.path(name)
    let error = error.located(file: path)
    refusals[FileName(error.file ?? path)] = error
    let status = try? fileSystem.entryStatus(of: path)
    var file = CheckpointDirectory.AuditedFile(
      name: name, kind: .unread, byteCount: status?.byteCount ?? 0)
    file.set(.unread, AuditNote(error))
    if let candidate = listing.candidate(of: name), !candidate.isSingle {
      file.checkpoint = listing.path(candidate.name.name)
    }
    return file
  }

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
    var file = CheckpointDirectory.AuditedFile(name: name, kind: .busy, byteCount: 0)
    file.note = "it was another one at each of \(Self.mostLooks) looks"
    return file
  }

  private func isSettled(_ file: CheckpointDirectory.AuditedFile, _ entry: FileStatus)
    throws(CheckpointError)
    -> Bool
  {
    switch file.kind {
    case .complete, .record, .busy, .unread: return true
    case .foreign:
      let now = try fileSystem.entryStatus(of: listing.path(file.name))
      switch CheckpointFileName(file.name) {
      case .lock, .temporary: return now == entry  // each save has others of the same names
      default: return now != nil
      }
    case .torn, .orphan, .leftover, .misleading:
      if file.byteCount == 0, case .lock(let target) = CheckpointFileName(file.name) {
        guard try !claims.isBeingTaken(target) else { return false }
      }
      guard try fileSystem.entryStatus(of: listing.path(file.name)) == entry else { return false }
      return try isSettled(checkpointOf: file.name)
    }
  }

  private func isSettled(checkpointOf name: String) throws(CheckpointError) -> Bool {
    if CheckpointFileName(name) == .state {
      return try announced?.isUnchanged(fileSystem) ?? true
    }
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
    let status = try fileSystem.status(of: listing.path(name))
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
    case .data(let data): try sort(&file, data)
    case .lock(let target): file.set(try claims.claim(onLockOf: target))
    case .temporary(let target):
      guard !isLink else { return file.note = "no temporary file of this library" }
      file.set(try claims.claim(onTemporary: target))
    case .state: try sortState(&file)
    case .history(let stem): try sortHistory(&file, stem)
    case .tensorFlowTemporary: file.set(.leftover, Self.ofTensorFlow)
    case .index, .modelIndex, .graph, .part, .single:
      guard let checkpoint = try checkpoint(ofFile: file.name) else { return nameContent(&file) }
      file.set(checkpoint)
    }
  }

  private static let ofTensorFlow = "of TensorFlow; nothing proves that its process is dead"

  func nameContent(_ file: inout CheckpointDirectory.AuditedFile) {
    let path = listing.path(file.name)
    guard CheckpointName.isSafetensors(file.name) else {
      file.note = ForeignContent(at: path, fileSystem)?.what
      return
    }
    // Nothing else has such a name: it was copied or fetched, and something went wrong.
    guard let content = ForeignContent(inPlaceOfCheckpoint: path, fileSystem) else { return }
    file.set(.torn, content.what)
  }

  private func sort(_ file: inout CheckpointDirectory.AuditedFile, _ data: DataFileName)
    throws(CheckpointError)
  {
    guard let checkpoint = try checkpoint(ofFile: file.name), checkpoint.isBundle else {
      return file.set(try orphanKind(data), "there is no index")
    }
    guard let count = checkpoint.shardCount, count != data.count else {
      return file.set(checkpoint)
    }
    file.set(try orphanKind(data), "the index counts \(count) data files")
  }

  private func orphanKind(_ data: DataFileName) throws(CheckpointError)
    -> CheckpointDirectory.AuditedFile.Kind
  {
    try claims.isBusy(data.prefix) ? .busy : .orphan
  }
}
