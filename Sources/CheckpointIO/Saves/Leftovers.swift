/// What saves that did not end have left in a directory.
///
/// Only what is provably ours goes: what the note in a lock file lists, if it is a regular file with one
/// name, of the user who has written the note; and only once the lock proves that the process is dead. On a
/// file system without locks nothing proves it: there, only what is at the save's own target goes, and
/// two processes that save to one target at once may remove each other's files.
package struct Leftovers {
  /// The directory.
  package let directory: String
  /// The names in it.
  package private(set) var names: [FileName]
  /// What it is listed with.
  package let fileSystem: any FileSystem

  /// Lists a directory.
  package init(directory: String, fileSystem: any FileSystem) throws(CheckpointError) {
    self.directory = directory
    self.fileSystem = fileSystem
    names = try fileSystem.namesInDirectory(directory).map(FileName.init)
  }

  /// The path of a file in the directory.
  package func path(_ name: String) -> String { Path.join(directory, name) }

  /// What the last owner of a lock has left, by its names: files of a V1 checkpoint that is not whole, and then
  /// temporary files, which tell of the others that they are.
  package func files(of lock: SaveLock) throws(CheckpointError) -> [FileName] {
    let target = Path(lock.target).name
    let slices = partialSlices(of: lock)
    let temporaries = names.filter { name in
      guard let file = TemporaryName.target(ofTemporary: name.text) else { return false }
      return TemporaryName.guarded(file, by: target).map(lock.found.covers) ?? false
    }.sorted()
    var files: [FileName] = []
    for name in slices + temporaries {
      guard let entry = try fileSystem.entryStatus(of: path(name.text)) else { continue }
      // A model directory is written under a temporary name, as a directory: all in it is the same save's.
      let isDirectory =
        entry.kind == .directory && name == FileName(TemporaryName.temporary(for: target))
      guard isDirectory || entry.kind == .file && entry.linkCount == 1, lock.hasOwner(of: entry)
      else { continue }
      files.append(name)
    }
    return files
  }

  // Files of a V1 checkpoint that have got their names, while others have not.
  private func partialSlices(of lock: SaveLock) -> [FileName] {
    guard case .whole(let note) = lock.found, note.isNaming else { return [] }
    let target = Path(lock.target).name
    func isOfNote(_ file: String) -> Bool {
      TemporaryName.slicesPattern(file, of: target).map(note.files.contains) ?? false
    }
    let waiting = Set(
      names.compactMap { TemporaryName.target(ofTemporary: $0.text) }.filter(isOfNote)
        .map(FileName.init))
    // If a temporary file is still there and its final name is taken, somebody else has saved here since.
    guard !waiting.isEmpty, waiting.isDisjoint(with: names) else { return [] }
    return names.filter { isOfNote($0.text) && !waiting.contains($0) }.sorted()
  }

  /// Removes what ``files(of:)`` names.
  ///
  /// - Throws: `io` if the system fails.
  package func removeFiles(of lock: SaveLock) throws(CheckpointError) {
    for name in try files(of: lock) {
      try fileSystem.removeTemporary(path(name.text))
    }
  }

  /// Removes files, and forgets their names.
  package mutating func remove(_ files: [String]) throws(CheckpointError) {
    var gone: Set<FileName> = []
    defer { names.removeAll { gone.contains($0) } }
    for name in files {
      try fileSystem.removeFile(path(name))
      gone.insert(FileName(name))
    }
  }

  // MARK: Of others

  /// Removes what dead saves to all targets in the directory have left, as far as it can: a save does
  /// not fail because somebody else's leftovers stay.
  ///
  /// - Parameter settle: Acts upon what a note says of data files, in a directory that is listed anew
  ///   under the lock. Where that cannot be done, the lock file stays.
  package func removeAll(
    settling settle: (SaveNote.DataFiles, SaveLock, inout Leftovers) throws(CheckpointError) -> Void
  ) {
    let targets = names.compactMap { TemporaryName.target(ofLock: $0.text) }
      .map(FileName.init).sorted()
    for batch in Chunks(of: 0..<targets.count, by: Self.mostLocks) {
      var ended: [SaveLock] = []
      for target in targets[batch] {
        if let lock = try? end(path(target.text), settle) { ended.append(lock) }
      }
      release(ended)
    }
  }

  // How many locks are held at once; those of saves that are under way cannot be had, and do not count.
  private static let mostLocks = 64

  // `nil` if somebody is at work there, or may be.
  private func end(
    _ target: String,
    _ settle: (SaveNote.DataFiles, SaveLock, inout Leftovers) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> SaveLock? {
    let lock = try SaveLock(target, creating: false, fileSystem: fileSystem)
    guard let lock, lock.isExclusive else { return nil }
    var current = try Leftovers(directory: directory, fileSystem: fileSystem)
    try current.removeFiles(of: lock)
    // Which of a model's files are of use, the next save to that model finds out.
    if case .whole(let note) = lock.found, note.superfluous != nil { return nil }
    if let dataFiles = lock.found.dataFiles { try settle(dataFiles, lock, &current) }
    return lock
  }

  // The removals are made durable before the notes go: a power cut must not bring back a file that no note
  // tells of.
  private func release(_ locks: [SaveLock]) {
    guard !locks.isEmpty else { return }
    do throws(CheckpointError) {
      if locks.contains(where: { $0.found != .beginning }) {
        try fileSystem.syncDirectory(directory)
      }
      for lock in locks { try lock.release() }
    } catch {
      for lock in locks { lock.abandon() }
    }
  }
}

extension FileSystem {
  /// Removes a temporary file, or a directory and the files in it.
  ///
  /// - Throws: `io` if the system fails, and if there is a directory in the directory: no save makes one.
  package func removeTemporary(_ path: String) throws(CheckpointError) {
    guard try entryStatus(of: path)?.kind == .directory else { return try removeFile(path) }
    // Processes that meet in it may go on writing to it for a moment.
    for isLast in [false, false, false, true] {
      for name in try namesInDirectory(path) { try removeFile(Path.join(path, name)) }
      do throws(CheckpointError) {
        return try removeDirectory(path)
      } catch  where !isLast && error.systemError == notEmpty {
      }
    }
  }
}

extension SaveLocation {
  /// Removes what dead saves in the same directory have left, but for data files of V2 checkpoints.
  package func removeOthersTemporaries() {
    Self.removeTemporaries(in: directory, options.fileSystem)
  }

  /// The same in the directory of a path.
  package static func removeTemporaries(beside path: String, _ fileSystem: any FileSystem) {
    removeTemporaries(in: Path(path).directory, fileSystem)
  }

  private static func removeTemporaries(in directory: String, _ fileSystem: any FileSystem) {
    let leftovers = try? Leftovers(directory: directory, fileSystem: fileSystem)
    leftovers?.removeAll { _, lock, _ throws(CheckpointError) in
      throw CheckpointError(.busy, "left to a save that knows data files", file: lock.target)
    }
  }
}
