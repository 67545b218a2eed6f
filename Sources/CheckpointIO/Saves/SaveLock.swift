import CheckpointPlatform

/// The right to save to one prefix or file: nobody else has it at the same time.
///
/// The lock file also says what the save is about to change, so that the next one can clean up
/// after a process that died in the middle.
package final class SaveLock {
  /// What may be saved to.
  package let target: String
  /// What the last owner has left in the lock file.
  package let found: FoundNote
  /// Whether nobody else can hold it; false where the file system knows no locks.
  package var isExclusive: Bool { file.isExclusive }
  private let file: any LockedFile
  private var isHeld = true
  private var isNoted = false

  /// Takes the lock; `nil` if somebody holds it, or if there is no lock file.
  ///
  /// - Parameters:
  ///   - target: What is to be saved to.
  ///   - creating: Whether the lock file is created if it is not there.
  ///   - fileSystem: Where.
  /// - Throws: `pathConflict` if what has the lock file's name is not ours: it stays as it is; `io` if
  ///   the system fails.
  package init?(_ target: String, creating: Bool = true, fileSystem: any FileSystem)
    throws(CheckpointError)
  {
    let path = TemporaryName.lock(for: target)
    guard let file = try fileSystem.lockFile(path, creating: creating) else { return nil }
    found = try Self.note(in: file, path)
    self.target = target
    self.file = file
  }

  private static func note(in file: any LockedFile, _ path: String) throws(CheckpointError)
    -> FoundNote
  {
    guard !file.isNew else { return .nothing }
    let text = try file.contents(limit: mostBytes)
    if let note = SaveNote(text) { return .whole(note) }
    guard SaveNote.mayHaveBegun(text) else {
      throw CheckpointError(
        .pathConflict,
        "another program's file is where a lock file of this library belongs; rename or remove it",
        file: path)
    }
    return .beginning
  }

  private static let mostBytes = 1 << 20

  /// Takes the lock, or says that somebody else is saving there.
  ///
  /// - Parameters:
  ///   - target: What is to be saved to.
  ///   - fileSystem: Where.
  ///   - patience: How long to wait. By default a moment: whoever looks for the leftovers of dead
  ///     saves holds locks for as long.
  /// - Returns: The lock.
  /// - Throws: `busy` if somebody holds it for longer; `pathConflict` if what has the lock file's name is
  ///   not ours; `io` if the system fails.
  package static func acquire(
    _ target: String, fileSystem: any FileSystem, patience: Duration = aMoment
  ) throws(CheckpointError) -> SaveLock {
    for _ in 0...Int(patience / betweenLooks) {
      if let lock = try SaveLock(target, fileSystem: fileSystem) { return lock }
      pause(for: betweenLooks)
    }
    throw CheckpointError(
      .busy, "somebody else is saving here at this moment; save later or to another prefix",
      file: target)
  }

  /// How long to wait for somebody who holds the lock in passing.
  package static let aMoment = Duration.milliseconds(250)
  private static let betweenLooks = Duration.milliseconds(5)

  /// Whether a file belongs to the user whose lock file this is.
  func hasOwner(of file: FileStatus) -> Bool { file.owner == self.file.owner }

  /// Writes what the next owner has to know if this one dies.
  package func setNote(_ note: SaveNote, isDurable: Bool) throws(CheckpointError) {
    guard note.bytes.count <= Self.mostBytes else {
      throw CheckpointError(
        .limitExceeded,
        "this save has \(note.files.count) files, more than can be noted; let each be larger",
        file: target)
    }
    isNoted = true
    try file.setContents(note.bytes)
    if isDurable { try file.sync() }
  }

  /// Gives the lock up: nothing is left to be cleaned.
  package func release() throws(CheckpointError) {
    isHeld = false
    try file.remove()
  }

  /// Gives the lock up, and leaves the note for the next owner.
  package func abandon() { isHeld = false }

  deinit {
    // A lock file that says something stays, for the next owner; one that was only created, goes.
    if isHeld, found == .nothing, !isNoted { try? file.remove() }
  }
}
