package import CheckpointIO

// How a checkpoint goes, whatever happens meanwhile:
//
//   1. lock the prefix; remove what dead saves to it have left
//   2. note in the lock file that its data files are of no use without an index that counts them, and
//      sync the directory
//   3. remove the index, and sync the directory: from here on there is no checkpoint
//   4. remove the data files, and sync the directory; then the lock file goes
//
// `BundleRemovals` syncs the directory, for all checkpoints that go at once.
//
// A process that dies after step 3 leaves a note that reads as that of a save which did not come to
// its commit, which it is: the next save in the directory removes the data files.

/// A checkpoint that is being removed.
package struct BundleRemoval {
  private let location: SaveLocation
  // The data files of one count, which the note names.
  private var dataFiles: [String] = []
  // Data files of other counts, which belong to no index.
  private var strayFiles: [String] = []

  /// The directory that it is in.
  package var directory: String { location.directory }

  /// Takes the checkpoint's lock; nothing that belongs to it is removed yet.
  ///
  /// - Parameters:
  ///   - prefix: The prefix; nothing need be there but the directory.
  ///   - listing: What is known of its data files; those of a checkpoint that it does not know are looked for
  ///     in the directory.
  ///   - options: How durable each step is.
  /// - Throws: `busy` if somebody is saving there; `pathConflict` if something that is not ours has the
  ///   name of the lock file; `io` if the system fails.
  package init(of prefix: String, _ listing: DataFileListing? = nil, options: FileOptions)
    throws(CheckpointError)
  {
    var options = options
    options.createsDirectories = false
    location = try SaveLocation(prefix, options: options)
    try sort(files(listing))
  }

  // Asked under the lock: nobody else changes files of this prefix any more.
  private func files(_ listing: DataFileListing?) throws(CheckpointError) -> [DataFileName] {
    if location.unsettled == nil,
      let files = try listing?.dataFiles(of: location.target, fileSystem: fileSystem)
    {
      location.settle()
      return files
    }
    var leftovers = try Leftovers(directory: location.directory, fileSystem: fileSystem)
    try leftovers.removeData(of: location)
    return leftovers.dataFiles(of: location.name)
  }

  // A note can name the files of one count: that of the index, or any if there is no index.
  private mutating func sort(_ files: [DataFileName]) throws(CheckpointError) {
    let standing = try Leftovers.shardCount(of: location.target, fileSystem: fileSystem) ?? 0
    guard let count = standing > 0 ? standing : files.first?.count else { return }
    for file in files {
      let path = BundlePath(location.target).data(shard: file.shard, of: file.count)
      if file.count == count { dataFiles.append(path) } else { strayFiles.append(path) }
    }
    try location.begin(.removal(ofDataFiles: count), syncsDirectory: false)
  }

  private var fileSystem: any FileSystem { location.options.fileSystem }

  /// Removes the index: there is no checkpoint any more, once the directory is synced.
  ///
  /// - Throws: `io` if the system fails.
  package func removeIndex() throws(CheckpointError) {
    for file in strayFiles { try location.remove(file) }
    try location.remove(BundlePath(location.target).index)
  }

  /// Removes the data files.
  ///
  /// - Throws: `io` if the system fails.
  package func removeData() throws(CheckpointError) {
    for file in dataFiles { try location.remove(file) }
  }

  /// Gives the lock up, once the directory is synced.
  package func finish() throws(CheckpointError) {
    location.noteSynced()
    try location.finish()
  }

  /// Gives the lock up without removing more: the next save in the directory goes on.
  package func abandon() { location.abandon() }

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
  package static func removeStrays(of prefix: String, fileSystem: any FileSystem)
    throws(CheckpointError)
  {
    var options = FileOptions()
    options.fileSystem = fileSystem
    options.createsDirectories = false
    let location = try SaveLocation(prefix, options: options, patience: .zero)
    guard location.isExclusive else { return }
    var leftovers = try Leftovers(directory: location.directory, fileSystem: fileSystem)
    try leftovers.removeData(of: location)
    let standing = try Leftovers.shardCount(of: prefix, fileSystem: fileSystem)
    for file in leftovers.dataFiles(of: location.name)
    where standing.map({ $0 != file.count }) == true {
      try location.remove(BundlePath(prefix).data(shard: file.shard, of: file.count))
    }
    try location.finish()
  }
}
