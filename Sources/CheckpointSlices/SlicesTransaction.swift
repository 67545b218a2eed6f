import CheckpointIO

// How the files of a V1 checkpoint come to stand at their names:
//
//   1. lock what the names begin with, and note in the lock file which files are about to be written
//   2. write every file under a temporary name, and sync it
//   3. of several, none of which is there, note that they get their names now
//   4. rename them one after the other, then sync the directory
//
// One file is replaced in one step. With several there is a time when some are new and some are not,
// and no index to tell which is which. It must not come to a mixture that looks complete: files that
// exist are replaced first, while others are still missing; and where none is missing, nothing begins.
//
// A process that dies leaves the lock file, unlocked, and temporary files. The next save in the
// directory removes both, and files that have got their names, by 3, while others have not. However many
// files there are, one is open at a time, and the lock file.

/// A save in progress at one path, or at the paths of all shards.
final class SlicesTransaction {
  private let files: [String]
  private let location: SaveLocation
  private let note: SaveNote
  private let fileSystem: any FileSystem

  /// Begins to save a file.
  ///
  /// - Throws: As for several.
  convenience init(path: String, options: FileOptions) throws(CheckpointError) {
    try self.init(path, SaveLocation(path, options: options), [path], .file)
  }

  /// Begins to save several files.
  ///
  /// - Throws: `busy` if somebody else is saving there; `pathConflict` if something that is not ours
  ///   has the name of a lock file; `unsupported` if there is a complete sharded checkpoint; `io` if
  ///   the system fails.
  convenience init(_ paths: SlicesPath, options: FileOptions) throws(CheckpointError) {
    let location = try SaveLocation(paths.prefix, options: options)
    try self.init(paths.pattern, location, paths.shards, .slices(count: paths.shardCount))
  }

  private init(_ path: String, _ location: SaveLocation, _ files: [String], _ note: SaveNote)
    throws(CheckpointError)
  {
    location.removeOthersTemporaries()
    self.files = files
    self.location = location
    self.note = note
    fileSystem = location.options.fileSystem
    guard files.count > 1, try existing().count == files.count else { return }
    throw CheckpointError(
      .unsupported,
      "there is a sharded V1 checkpoint already, and several files cannot be replaced in one step; "
        + "remove it first, or save elsewhere", file: path)
  }

  private func existing() throws(CheckpointError) -> Set<String> {
    var existing: Set<String> = []
    for file in files where try fileSystem.entryStatus(of: file) != nil {
      existing.insert(file)
    }
    return existing
  }

  /// Writes all files, and gives them their names.
  ///
  /// - Parameter write: Writes the content of a file, counted from 0.
  /// - Throws: `io` if the system fails; what `write` throws.
  func commit(_ write: (Int, any WritableFile) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    try location.begin(note)
    var written: [AtomicFile] = []
    for (number, path) in files.enumerated() {
      let file = try AtomicFile(path, in: location)
      try write(number, file.file)
      try file.prepare()
      written.append(file)
    }
    try name(written)
    do throws(CheckpointError) {
      try location.syncDirectory()
      try location.finish()
    } catch {
      throw error.adding("the new checkpoint is saved, but a power cut may still undo that")
    }
  }

  private func name(_ written: [AtomicFile]) throws(CheckpointError) {
    let existing = try existing()
    guard files.count == 1 || !existing.isEmpty else { return try nameFirst(written) }
    let replacing = written.filter { existing.contains($0.path) }
    for file in replacing { try commit(file) }
    guard replacing.count < written.count else { return }
    if !replacing.isEmpty { try location.syncDirectory() }
    for file in written where !existing.contains(file.path) { try commit(file) }
  }

  // If no file of the checkpoint was there, those that have got their names are this save's own, and are of no
  // use without the others.
  private func nameFirst(_ written: [AtomicFile]) throws(CheckpointError) {
    try location.syncDirectory()
    try location.begin(note.naming, syncsDirectory: false)
    do throws(CheckpointError) {
      for file in written { try commit(file) }
    } catch {
      // Where the file system knows no locks, somebody else may have removed the temporary file and written the
      // file of that name.
      for file in written where file.isCommitted || (location.isExclusive && file.isGone) {
        location.withdraw(file.path)
      }
      throw error
    }
  }

  private func commit(_ file: AtomicFile) throws(CheckpointError) {
    if files.count == 1 { try file.commitCheckpoint() } else { try file.commit() }
  }
}
