import CheckpointIO

// How a checkpoint comes to stand at a prefix, whatever happens meanwhile:
//
//   1. lock the prefix, and note in the lock file what is about to change: see `SaveLocation`
//   2. data files: temporary name, sync, rename; then sync the directory
//   3. index: the same way. Its rename is the commit: before it the old checkpoint stands, after it
//      the new one
//   4. remove the data files of the checkpoint that was replaced; when that is durable, remove the lock
//      file
//
// An index names its data files by their count. New data files take a count that no file of the
// prefix has, so that nothing the old index needs is touched before step 3: a count larger than the
// number of files means that the last shards are empty, and their files absent, which every reader
// accepts.
//
// A process that dies leaves the lock file, unlocked. The next save in the directory finds it, and
// reads in the note which files are whose: see `Leftovers`.
//
// If several processes write one checkpoint, one of them does all of this, and each of the others writes
// its data files: see `SharedBundle`.

/// A save in progress at one prefix.
final class BundleTransaction {
  /// Which part of it is this process's.
  enum Role {
    /// All of it.
    case alone
    /// The commit; others write data files, too.
    case leader
    /// Some data files of another process's save.
    case member
  }

  /// How many data files the new index will count.
  let shardCount: Int
  private let paths: BundlePath
  private let location: SaveLocation
  private let replacedFiles: [String]
  private var dataFiles: SaveNote.DataFiles
  private var createdFiles: [String] = []
  // The files of a member, in a save of several processes. Until they have their names, they may be another
  // process's.
  private var memberFiles: [AtomicFile] = []
  private let role: Role
  private var isOpen = true

  private var fileSystem: any FileSystem { location.options.fileSystem }

  /// Begins to save.
  ///
  /// - Parameters:
  ///   - prefix: What the names of the files begin with.
  ///   - shardCount: How many data files will be written.
  ///   - options: How they are written.
  ///   - role: Whether other processes write data files of it.
  /// - Throws: `busy` if somebody else is saving to this prefix; `pathConflict` if something that is
  ///   not ours has the name of its lock file; `io` if the system fails.
  init(prefix: String, shardCount: Int, options: FileOptions, role: Role = .alone)
    throws(CheckpointError)
  {
    let location = try SaveLocation(prefix, options: options)
    // A process of a dead job may still be running, and must not find new files under the names of its own.
    let noted = role == .leader ? location.unsettled?.newCount : nil
    // Listed under the lock: nobody else changes files of this prefix any more.
    var leftovers = try Leftovers(directory: location.directory, fileSystem: options.fileSystem)
    try leftovers.removeData(of: location)
    leftovers.removeAll()

    let files = leftovers.dataFiles(of: location.name)
    let counts = Set(files.map(\.count))
    self.shardCount = Self.freeCount(
      from: shardCount, taken: counts.union(noted.map { [$0] } ?? []))
    let replacesIndex = leftovers.hasIndex(of: location.name)
    let paths = BundlePath(prefix)
    // Something else than a file that has such a name was not saved by anybody: it is left alone.
    var replaced: [String] = []
    for file in replacesIndex ? files : [] {
      let path = paths.data(shard: file.shard, of: file.count)
      let kind = try options.fileSystem.entryStatus(of: path)?.kind
      if kind?.isSaved == true { replaced.append(path) }
    }
    replacedFiles = replaced
    self.paths = paths
    self.location = location
    self.role = role
    dataFiles = SaveNote.DataFiles(
      newCount: self.shardCount, replacedCounts: replacesIndex ? counts.sorted() : [])
    try location.begin(.bundle(dataFiles))
  }

  /// Joins the save of another process, to write some of its data files.
  ///
  /// - Parameters:
  ///   - prefix: What the names of the files begin with.
  ///   - shardCount: How many data files there are, as the other process has chosen.
  ///   - options: How they are written.
  init(joining prefix: String, shardCount: Int, options: FileOptions) {
    self.shardCount = shardCount
    paths = BundlePath(prefix)
    dataFiles = SaveNote.DataFiles(newCount: shardCount, replacedCounts: [])
    location = SaveLocation(joining: prefix, noted: .bundle(dataFiles), options: options)
    replacedFiles = []
    role = .member
  }

  private static func freeCount(from wanted: Int, taken: Set<Int>) -> Int {
    var count = wanted
    while taken.contains(count) { count += 1 }
    return count
  }

  /// Creates a data file; it has its name once it is committed.
  func createDataFile(_ shard: Int) throws(CheckpointError) -> AtomicFile {
    let file = try AtomicFile(
      paths.data(shard: shard, of: shardCount), in: location, replacing: paths.index)
    if role == .member { memberFiles.append(file) } else { createdFiles.append(file.path) }
    return file
  }

  /// The paths of what it writes: data files, then the index.
  var files: [String] { newFiles + [paths.index] }

  private var newFiles: [String] {
    switch role {
    case .alone: createdFiles
    case .leader: (0..<shardCount).map { paths.data(shard: $0, of: shardCount) }
    case .member: memberFiles.filter(\.isCommitted).map(\.path)
    }
  }

  /// Leaves the data files that are written to the process that commits them.
  func handOver() {
    if role == .member { isOpen = false }
  }

  /// Gives up, and leaves what there is to the next save: other processes may be writing still.
  func abandon() {
    isOpen = false
    location.abandon()
  }

  /// Gives a file that exists the name of a data file; it keeps its own if the file system allows.
  func adoptDataFile(_ path: String, as shard: Int) throws(CheckpointError) {
    let name = paths.data(shard: shard, of: shardCount)
    if try fileSystem.link(path, to: name) {
      if !dataFiles.keepsNew { createdFiles.append(name) }
      return
    }
    // Once it is moved, this is the only copy: it must stay even if this save fails.
    dataFiles.keepsNew = true
    createdFiles.removeAll()
    try location.begin(.bundle(dataFiles))
    try fileSystem.rename(path, to: name)
  }

  /// Makes the checkpoint appear: all data files are committed already.
  ///
  /// - Parameter writeIndex: Writes the content of the index.
  /// - Throws: `io` if the system fails; what `writeIndex` throws.
  func commit(_ writeIndex: (any WritableFile) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    try location.syncDirectory()
    let index = try AtomicFile(paths.index, in: location)
    try writeIndex(index.file)
    do throws(CheckpointError) {
      try index.commit()
    } catch {
      throw failure(ofIndex: error)
    }
    isOpen = false  // the new checkpoint stands: nothing of it may be removed any more
    try location.afterCommit("a power cut may still undo that", location.syncDirectory)
    try location.afterCommit("the next save removes what is left of the old one") {
      () throws(CheckpointError) in
      for file in replacedFiles { try location.remove(file) }
      try location.finish()
    }
  }

  // On a network, a rename can happen and be reported as failed because the answer was lost: which
  // index stands now tells. Unless that proves that it is not the new one, the data files stay.
  private func failure(ofIndex error: CheckpointError) -> CheckpointError {
    let standing = try? Leftovers.shardCount(of: paths.prefix, fileSystem: fileSystem)
    guard standing == nil || standing == shardCount else { return error }
    isOpen = false
    location.abandon()
    return error.adding("as it seems, the new checkpoint is saved all the same")
  }

  deinit {
    guard isOpen else { return }
    // A failed save: what it wrote goes. What cannot be removed now, the next save removes: the note
    // in the lock file says what it is.
    do throws(CheckpointError) {
      for file in newFiles {
        try location.remove(file)
        if role == .leader { try location.remove(TemporaryName.temporary(for: file)) }
      }
    } catch {
      location.abandon()
    }
  }
}
