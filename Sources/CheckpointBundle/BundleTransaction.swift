import CheckpointIO

// How a checkpoint comes to stand at a prefix, whatever happens meanwhile:
//
//   1. lock the prefix, and note in the lock file what is about to change
//   2. data files: temporary name, sync, rename; then sync the directory
//   3. index: the same way. Its rename is the commit: before it the old checkpoint stands, after it
//      the new one
//   4. remove the data files of the checkpoint that was replaced; remove the lock file
//
// An index names its data files by their count. New data files take a count that no file of the
// prefix has, so that nothing the old index needs is touched before step 3: a count larger than the
// number of files means that the last shards are empty, and their files absent, which every reader
// accepts.
//
// A process that dies leaves the lock file, unlocked. The next save in the directory finds it, and
// reads in the note which data files are whose: see `Leftovers`.

/// A save in progress at one prefix.
final class BundleTransaction {
  /// How many data files the new index will count.
  let shardCount: Int
  private let paths: BundlePath
  private let location: Path
  private let options: SaveOptions
  private let lock: SaveLock
  private let replacedFiles: [String]
  private var note: SaveNote
  private var createdFiles: [String] = []
  private var isOpen = true

  /// Begins to save.
  ///
  /// - Parameters:
  ///   - prefix: What the names of the files begin with.
  ///   - shardCount: How many data files will be written.
  ///   - options: How they are written.
  /// - Throws: `busy` if somebody else is saving to this prefix; `io` if the system fails.
  init(
    prefix: String,
    shardCount: Int,
    options: SaveOptions
  ) throws(CheckpointError) {
    let location = try Self.checkedLocation(prefix)
    let fileSystem = options.fileSystem
    if options.createsDirectories {
      try fileSystem.createDirectories(location.directory, durability: options.durability)
    }
    let lock = try SaveLock.acquire(prefix, fileSystem: fileSystem)
    // Listed under the lock: nobody else changes files of this prefix any more.
    var leftovers = try Leftovers(directory: location.directory, fileSystem: fileSystem)
    try leftovers.remove(of: lock)
    leftovers.removeOthers(than: location.name)

    let files = leftovers.dataFiles(of: location.name)
    let counts = Set(files.map(\.count))
    self.shardCount = Self.freeCount(from: shardCount, taken: counts)
    let replacesIndex = leftovers.hasIndex(of: location.name)
    let paths = BundlePath(prefix)
    replacedFiles =
      replacesIndex ? files.map { paths.data(shard: $0.shard, of: $0.count) } : []
    self.paths = paths
    self.location = location
    self.options = options
    self.lock = lock
    note = SaveNote(
      newCount: self.shardCount,
      replacedCounts: replacesIndex ? counts.sorted() : []
    )
    try lock.setNote(note.bytes)
  }

  private static func checkedLocation(_ prefix: String) throws(CheckpointError) -> Path {
    let location = Path(prefix)
    guard !location.name.isEmpty, location.name != ".", location.name != ".." else {
      throw CheckpointError(
        .invalidArgument,
        "a prefix is the beginning of file names, as in 'run/ckpt', and not a directory",
        file: prefix
      )
    }
    return location
  }

  private static func freeCount(from wanted: Int, taken: Set<Int>) -> Int {
    var count = wanted
    while taken.contains(count) { count += 1 }
    return count
  }

  /// Creates a data file; it has its name once it is committed.
  func createDataFile(_ shard: Int) throws(CheckpointError) -> AtomicFile {
    let file = try create(paths.data(shard: shard, of: shardCount))
    createdFiles.append(file.path)
    return file
  }

  /// The paths of what it writes: data files, then the index.
  var files: [String] { createdFiles + [paths.index] }

  /// Gives a file that exists the name of a data file; it keeps its own if the file system allows.
  func adoptDataFile(_ path: String, as shard: Int) throws(CheckpointError) {
    let name = paths.data(shard: shard, of: shardCount)
    if try options.fileSystem.link(path, to: name) {
      if !note.keepsNew { createdFiles.append(name) }
      return
    }
    // Moved, it exists here only: it must not go, even if this save fails.
    note.keepsNew = true
    createdFiles.removeAll()
    try lock.setNote(note.bytes)
    try options.fileSystem.rename(path, to: name)
  }

  private func create(_ path: String) throws(CheckpointError) -> AtomicFile {
    try AtomicFile(
      path,
      lock: lock,
      durability: options.durability,
      fileSystem: options.fileSystem
    )
  }

  private func syncDirectory() throws(CheckpointError) {
    try options.fileSystem.syncDirectory(location.directory, durability: options.durability)
  }

  /// Makes the checkpoint appear: all data files are committed already.
  ///
  /// - Parameter writeIndex: Writes the content of the index.
  /// - Throws: `io` if the system fails; what `writeIndex` throws.
  func commit(
    _ writeIndex: (any WritableFile) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try syncDirectory()
    let index = try create(paths.index)
    try writeIndex(index.file)
    do throws(CheckpointError) {
      try index.commit()
    } catch {
      throw failure(ofIndex: error)
    }
    isOpen = false  // the new checkpoint stands: nothing of it may be removed any more
    try finish("a power cut may still undo that", syncDirectory)
    try finish("the next save removes what is left of the old one") { () throws(CheckpointError) in
      for file in replacedFiles { try options.fileSystem.removeFile(file) }
      try lock.release()
    }
  }

  // Does what comes after the commit: if it fails, the next save goes on from the note.
  private func finish(
    _ consequence: String,
    _ body: () throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    do throws(CheckpointError) {
      try body()
    } catch {
      lock.abandon()
      throw error.adding("the new checkpoint is saved, but \(consequence)")
    }
  }

  // On a network, a rename can happen and be reported as failed because the answer was lost: which
  // index stands now tells. Unless that proves that it is not the new one, the data files stay.
  private func failure(ofIndex error: CheckpointError) -> CheckpointError {
    switch Leftovers.shardCount(of: paths.prefix, fileSystem: options.fileSystem) {
    case .none, .some(shardCount): break
    default: return error
    }
    isOpen = false
    lock.abandon()
    return error.adding("as it seems, the new checkpoint is saved all the same")
  }

  deinit {
    guard isOpen else { return }
    // A failed save: what it wrote goes. What cannot be removed now, the next save removes: the note
    // in the lock file says what it is.
    do throws(CheckpointError) {
      for file in createdFiles { try options.fileSystem.removeFile(file) }
    } catch {
      lock.abandon()
    }
  }
}

extension CheckpointError {
  fileprivate func adding(_ remark: String) -> CheckpointError {
    var error = self
    error.message += "; " + remark
    return error
  }
}
