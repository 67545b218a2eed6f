// How every save begins and ends, whatever its format, and that of the small files beside checkpoints
// too:
//
//   1. the directory is there, or is made
//   2. the target is locked
//   3. what a dead save to the same target has left goes, as far as its note proves it
//   4. the lock file says what is to come; that is durable before any of it is there
//   5. temporary files are created: what has the name of one by now is somebody else's
//   6. what has come and gone is durable; then the lock file goes
//
// At every moment the note on the disk lists what may be found there, and so the next save is never in
// the way of what a dead one has left. A save that fails ends with step 6, too; if it cannot clean up,
// the lock file stays.

/// A place that is being saved to: a prefix, or a single file.
///
///     let location = try SaveLocation("run/model.safetensors", options: options)
///     try location.begin(.file)
///     let file = try AtomicFile("run/model.safetensors", in: location)
///     …
///     try file.commit()
///     try location.syncDirectory()
///     try location.finish()
package final class SaveLocation {
  /// What is saved to.
  package let target: String
  /// The directory that it is in.
  package let directory: String
  /// The target's name in it.
  package let name: String
  /// Whether nobody else can hold it; false where the file system knows no locks.
  package var isExclusive: Bool { lock?.isExclusive ?? false }
  /// How files are written.
  package let options: FileOptions
  /// What a dead save to a V2 checkpoint of this name has noted, and nobody has acted upon.
  package private(set) var unsettled: SaveNote.DataFiles?
  /// What a dead save to a model of this name has noted, and nobody has acted upon.
  package private(set) var unsettledModel: SaveNote?
  // `nil` if another process of the same save holds it.
  private let lock: SaveLock?
  private var isOpen = true
  private var note: SaveNote?
  // Whether the lock file has to stay: what is left is not known to be gone.
  private var keepsLock: Bool
  // Whether temporary files have to stay with it.
  private var leavesTemporaries = false
  // Whether names in the directory have changed since it was last synced.
  private var owesSync: Bool

  private var fileSystem: any FileSystem { options.fileSystem }

  /// Takes the place, and removes the temporary files that a dead save to the same target has left.
  ///
  /// - Parameters:
  ///   - target: The prefix, or the file.
  ///   - options: How files are written.
  ///   - patience: How long to wait for somebody else who is saving there.
  /// - Throws: `invalidArgument` for a path that ends as a directory's does; `busy` if somebody else is
  ///   saving there; `pathConflict` if the lock file is not ours; `io` if there is no directory, or if
  ///   the system fails.
  package init(_ target: String, options: FileOptions, patience: Duration = SaveLock.aMoment)
    throws(CheckpointError)
  {
    let place = Path(target)
    guard !["", ".", ".."].contains(place.name) else {
      throw CheckpointError(
        .invalidArgument,
        "a prefix is the beginning of file names, as in 'run/ckpt', and not a directory",
        file: target)
    }
    let fileSystem = options.fileSystem
    if options.createsDirectories {
      try fileSystem.createDirectories(place.directory, durability: options.durability)
    }
    let lock = try Self.lock(target, in: place.directory, fileSystem, patience)
    self.lock = lock
    self.target = target
    (directory, name) = (place.directory, place.name)
    self.options = options
    unsettled = lock.found.dataFiles
    if case .whole(let note) = lock.found, note.superfluous != nil { unsettledModel = note }
    keepsLock = lock.found != .nothing
    owesSync = keepsLock
    guard lock.found != .nothing else { return }
    try Leftovers(directory: directory, fileSystem: fileSystem).removeFiles(of: lock)
  }

  /// Joins the save of another process, which holds the place and has noted what is to come.
  ///
  /// - Parameters:
  ///   - target: The prefix, or the file.
  ///   - note: What the other process has noted.
  ///   - options: How files are written.
  package init(joining target: String, noted note: SaveNote, options: FileOptions) {
    let place = Path(target)
    lock = nil
    self.target = target
    (directory, name) = (place.directory, place.name)
    self.options = options
    self.note = note
    (keepsLock, owesSync) = (false, false)
  }

  // If the directory is missing, the error says that, and not that the lock file is.
  private static func lock(
    _ target: String, in directory: String, _ fileSystem: any FileSystem, _ patience: Duration
  ) throws(CheckpointError) -> SaveLock {
    do throws(CheckpointError) {
      return try SaveLock.acquire(target, fileSystem: fileSystem, patience: patience)
    } catch {
      let kind = try? fileSystem.status(of: directory)?.kind
      guard let number = error.systemError, [missingFile, noDirectory].contains(number),
        kind != .directory
      else { throw error }
      let what =
        kind.map { "this is \($0), and no directory; choose another path" }
        ?? "there is no such directory; create it, or let saving create directories"
      var error = CheckpointError(.io, what, file: directory)
      error.systemError = number
      throw error
    }
  }

  /// Says that what the last owner has noted of data files is acted upon.
  package func settle() {
    unsettled = nil
    keepsLock = unsettledModel != nil
  }

  /// Says that what the last owner has noted of the files of a model is acted upon.
  package func settleModel() {
    unsettledModel = nil
    keepsLock = unsettled != nil
  }

  /// Writes the note: from here on files may be created.
  ///
  /// - Parameters:
  ///   - note: What is to come. What a dead save has noted and nobody has acted upon stays in it.
  ///   - syncsDirectory: Whether the lock file's own name is made durable here; the caller does it
  ///     otherwise, before anything is created.
  /// - Throws: `io` if the system fails.
  package func begin(_ note: SaveNote, syncsDirectory: Bool = true) throws(CheckpointError) {
    var note = note
    if note.dataFiles == nil { note.dataFiles = unsettled } else { unsettled = nil }
    if let unsettledModel { note.add(unsettledModel) }
    guard note != self.note, let lock else { return }
    // What has been removed must not come back when the old note is gone.
    if self.note == nil, owesSync { try sync() }
    // A note that has not reached the disk must not leave an older one there.
    let isDurable = options.durability == .full || lock.found != .nothing
    try lock.setNote(note, isDurable: isDurable)
    self.note = note
    keepsLock = unsettled != nil || unsettledModel != nil
    if syncsDirectory { try syncDirectory() }
  }

  // MARK: Files

  /// Creates the temporary file of a file to come.
  ///
  /// - Parameters:
  ///   - path: The file to come.
  ///   - replaced: What it takes the place of, if that is there: the new file gets no permission that this has not.
  /// - Returns: The temporary file.
  /// - Throws: `pathConflict` if something that is not ours has its name; `io` if the system fails.
  func createTemporary(for path: String, replacing replaced: String) throws(CheckpointError)
    -> any WritableFile
  {
    assert(note != nil, "the note comes first")
    let temporary = TemporaryName.temporary(for: path)
    owesSync = true
    let permissions = try fileSystem.reachableStatus(of: replaced)?.permissions ?? .all
    do throws(CheckpointError) {
      return try fileSystem.createFile(temporary, permissions: permissions)
    } catch {
      guard error.systemError == fileExists else { throw error }
      throw try conflict(temporary)
    }
  }

  /// What tells a temporary file from others, while nobody writes to it.
  func identity(ofTemporary path: String) throws(CheckpointError) -> TemporaryIdentity {
    let status = try fileSystem.entryStatus(of: path)
    return TemporaryIdentity(number: status?.identity ?? [], byteCount: status?.byteCount ?? 0)
  }

  /// Opens a temporary file again, if it is the same still.
  func reopenTemporary(_ path: String, _ identity: TemporaryIdentity) throws(CheckpointError)
    -> any WritableFile
  {
    guard try self.identity(ofTemporary: path) == identity else { throw try conflict(path) }
    return try fileSystem.reopenFile(path)
  }

  /// The error for something that has the name of a temporary file, and is not ours.
  package func conflict(_ path: String) throws(CheckpointError) -> CheckpointError {
    let what = try fileSystem.entryStatus(of: path)?.kind ?? .file
    return CheckpointError(
      .pathConflict,
      "\(what) has the name of a temporary file, and no save of this library has noted that it would "
        + "write it; rename or remove it", file: path)
  }

  /// Gives a file, or a directory, its name.
  package func rename(_ old: String, to new: String) throws(CheckpointError) {
    owesSync = true
    try fileSystem.rename(old, to: new)
  }

  /// Removes a temporary file that is not needed any more, as far as that can be done.
  func discard(_ file: any WritableFile) {
    try? file.close()  // what it holds is of no use
    guard !leavesTemporaries else { return }
    if !attemptRemoval(of: file.path) { keepsLock = true }
  }

  /// Removes a file of the save, which fails, though it has its name.
  ///
  /// If that cannot be done, temporary files stay with it: they tell the next save that it is of no use.
  package func withdraw(_ path: String) {
    guard !attemptRemoval(of: path) else { return }
    (keepsLock, leavesTemporaries) = (true, true)
  }

  private func attemptRemoval(of path: String) -> Bool { (try? remove(path)) != nil }

  /// Removes a file that the note tells of.
  package func remove(_ path: String) throws(CheckpointError) {
    owesSync = true
    try fileSystem.removeFile(path)
  }

  /// Makes the names in the directory durable.
  package func syncDirectory() throws(CheckpointError) {
    if options.durability == .full { try sync() }
  }

  /// Says that the caller has synced the directory, for several places in it.
  package func noteSynced() { owesSync = false }

  private func sync() throws(CheckpointError) {
    owesSync = true
    try fileSystem.syncDirectory(directory)
    owesSync = false
  }

  // MARK: The end

  /// Ends the save: what has gone is gone for good, and then the lock file goes.
  ///
  /// - Throws: `io` if the system fails; the lock file stays then, if it can.
  package func finish() throws(CheckpointError) {
    isOpen = false
    guard let lock else { return }
    guard !keepsLock else { return lock.abandon() }
    do throws(CheckpointError) {
      // Before the note, names have changed only if a dead save has left something.
      if owesSync, options.durability == .full || note == nil { try sync() }
    } catch {
      lock.abandon()
      throw error
    }
    try lock.release()
  }

  /// Does what comes after the commit: if it fails, the next save goes on from the note.
  ///
  /// - Parameters:
  ///   - consequence: What that means to the checkpoint, which is saved.
  ///   - body: What is to be done.
  /// - Throws: What `body` throws, and says so.
  package func afterCommit(
    _ consequence: String, _ body: () throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    do throws(CheckpointError) {
      try body()
    } catch {
      abandon()
      throw error.adding("the new checkpoint is saved, but \(consequence)")
    }
  }

  /// Ends the save, and leaves the note for the next one.
  package func abandon() {
    isOpen = false
    lock?.abandon()
  }

  deinit {
    // A save that did not come to its end. What it has written is removed by now.
    if isOpen { try? finish() }
  }
}
