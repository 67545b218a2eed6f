package import CheckpointIO

// How a checkpoint goes, whatever happens meanwhile:
//
//   1. lock the prefix; remove what dead saves to it have left
//   2. note in the lock file that its data files are of no use without an index that counts them
//   3. remove the index, and sync the directory: from here on there is no checkpoint
//   4. remove the data files, then the lock file
//
// A process that dies after step 3 leaves a note that reads as that of a save which did not come to
// its commit, which it is: the next save in the directory removes the data files.

/// A checkpoint that is being removed.
package struct BundleRemoval {
  private let lock: SaveLock
  // Those of one count, which the note speaks of.
  private var dataFiles: [String] = []
  // Those that no index stands for.
  private var strayFiles: [String] = []
  private let fileSystem: any FileSystem

  /// Takes the checkpoint's lock; nothing that belongs to it is removed yet.
  ///
  /// - Parameters:
  ///   - prefix: The prefix; nothing need be there but the directory.
  ///   - fileSystem: Where.
  /// - Throws: `busy` if somebody is saving there; `io` if the system fails.
  package init(of prefix: String, fileSystem: any FileSystem) throws(CheckpointError) {
    lock = try SaveLock.acquire(prefix, fileSystem: fileSystem)
    self.fileSystem = fileSystem
    do throws(CheckpointError) {
      // Listed under the lock: nobody else changes files of this prefix any more.
      let location = Path(prefix)
      var leftovers = try Leftovers(directory: location.directory, fileSystem: fileSystem)
      guard try leftovers.remove(of: lock) else { throw Self.foreign(prefix) }
      try sort(leftovers.dataFiles(of: location.name))
    } catch {
      lock.abandon()
      throw error
    }
  }

  private static func foreign(_ prefix: String) -> CheckpointError {
    CheckpointError(
      .pathConflict,
      "another program's file is where the lock of this checkpoint belongs; nothing is removed",
      file: TemporaryName.lock(for: prefix)
    )
  }

  // A note speaks of one count: that of the index, or any if there is none.
  private mutating func sort(_ files: [DataFileName]) throws(CheckpointError) {
    let standing = Leftovers.shardCount(of: lock.target, fileSystem: fileSystem) ?? 0
    guard let count = standing > 0 ? standing : files.first?.count else { return }
    for file in files {
      let path = BundlePath(lock.target).data(shard: file.shard, of: file.count)
      if file.count == count { dataFiles.append(path) } else { strayFiles.append(path) }
    }
    try lock.setNote(SaveNote(newCount: count, replacedCounts: []).bytes)
  }

  /// Removes the index: there is no checkpoint any more, once the directory is synced.
  ///
  /// - Throws: `io` if the system fails; the lock is given up then.
  package func removeIndex() throws(CheckpointError) {
    try attempt { () throws(CheckpointError) in
      for file in strayFiles { try fileSystem.removeFile(file) }
      try fileSystem.removeFile(BundlePath(lock.target).index)
    }
  }

  /// Removes the data files, and gives the lock up.
  ///
  /// - Throws: `io` if the system fails; the next save in the directory goes on then.
  package func removeData() throws(CheckpointError) {
    try attempt { () throws(CheckpointError) in
      for file in dataFiles { try fileSystem.removeFile(file) }
      try lock.release()
    }
  }

  /// Gives the lock up without removing more: the next save in the directory goes on.
  package func abandon() { lock.abandon() }

  /// Removes the data files of a prefix that its index does not count.
  ///
  /// A power cut can leave them without the note in the lock file that would say whose they are: to be
  /// called only if something else does.
  ///
  /// - Parameters:
  ///   - prefix: The prefix.
  ///   - fileSystem: Where.
  /// - Throws: `io` if the system fails. Nothing is removed while somebody is saving there, or if the
  ///   index cannot be read.
  package static func removeStrays(
    of prefix: String,
    fileSystem: any FileSystem
  ) throws(CheckpointError) {
    guard let lock = try SaveLock(prefix, fileSystem: fileSystem) else { return }
    guard lock.isExclusive else { return lock.abandon() }
    do throws(CheckpointError) {
      let location = Path(prefix)
      var leftovers = try Leftovers(directory: location.directory, fileSystem: fileSystem)
      guard try leftovers.remove(of: lock) else { return lock.abandon() }
      let standing = Leftovers.shardCount(of: prefix, fileSystem: fileSystem)
      for file in leftovers.dataFiles(of: location.name)
      where standing.map({ $0 != file.count }) == true {
        try fileSystem.removeFile(BundlePath(prefix).data(shard: file.shard, of: file.count))
      }
    } catch {
      lock.abandon()
      throw error
    }
    try lock.release()
  }

  private func attempt(_ body: () throws(CheckpointError) -> Void) throws(CheckpointError) {
    do throws(CheckpointError) {
      try body()
    } catch {
      lock.abandon()
      throw error
    }
  }
}
