import CheckpointIO

// The files beside the checkpoints: the state file, and the histories of managers.

extension AuditSorter {
  mutating func sortState(_ file: inout CheckpointDirectory.AuditedFile) throws(CheckpointError) {
    let content = ForeignContent(at: listing.path(file.name), fileSystem)
    let isOther = content.map { $0 != .stateFile && $0 != .empty } ?? false
    let format = try CheckpointFormat(ofFile: listing.path(file.name), fileSystem)
    guard !isOther, format == nil else {
      file.note = content?.what ?? "a checkpoint that has the name of the state file"
      return
    }
    announced = nil
    do throws(CheckpointError) {
      file.kind = .record
      let found = try StateFile(in: listing.directory, fileSystem: fileSystem).readNewest()
      if let newest = found?.newest { try sortState(&file, naming: newest) }
    } catch  where !error.saysNothingOfContent {
      file.set(.misleading, AuditNote(error))
    }
  }

  // What it names may be in another directory: whoever follows the state file finds it there.
  private mutating func sortState(
    _ file: inout CheckpointDirectory.AuditedFile, naming path: String
  ) throws(CheckpointError) {
    guard try CheckpointFormat(at: path, fileSystem) != nil else {
      let isThere = try fileSystem.hasCheckpoint(at: path)
      return file.set(
        .misleading, "it names '\(path)', which is \(isThere ? "no checkpoint" : "not there")")
    }
    let isHere = FileName(Path(path).directory) == FileName(listing.directory)
    if isHere, known[FileName(Path(path).name)]?.kind == .complete { return }
    announced = try AuditedCheckpoint(at: path, check, fileSystem)
    guard let announced, announced.kind == .torn else { return }
    file.set(.misleading, announced.note?.after("it names '\(path)', which is not whole: "))
  }

  mutating func sortHistory(_ file: inout CheckpointDirectory.AuditedFile, _ stem: String)
    throws(CheckpointError)
  {
    do throws(CheckpointError) {
      (file.kind, file.note) = (.record, nil)
      guard try isHistory(listing.path(file.name)) else {
        file.kind = .foreign
        return nameContent(&file)
      }
      historyStems.insert(FileName(stem))
    } catch {
      // One that cannot be read may be one.
      if file.kind == .record { historyStems.insert(FileName(stem)) }
      guard !error.saysNothingOfContent else { throw error }
      file.set(file.kind, AuditNote(error))
    }
  }
}
