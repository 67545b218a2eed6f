import CheckpointIO

// The files beside the checkpoints: the state file, and the histories of managers.

extension AuditSorter {
  func sortState(_ file: inout CheckpointDirectory.AuditedFile) throws(CheckpointError) {
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

  mutating func sortHistory(_ file: inout CheckpointDirectory.AuditedFile, _ stem: String)
    throws(CheckpointError)
  {
    do throws(CheckpointError) {
      (file.kind, file.note) = (.record, nil)
      guard try isHistory(listing.path(file.name)) else {
        file.kind = .foreign
        return nameContent(&file)
      }
      historyStems.insert(stem)
    } catch {
      if file.kind == .record { historyStems.insert(stem) }  // one that cannot be read may be one
      guard !error.saysNothingOfContent else { throw error }
      file.note = "\(error)"
    }
  }
}
