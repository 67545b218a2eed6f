internal import Synchronization

/// A file that is open while there is room for it, and is opened again when it is needed: the same
/// file, or it is an error.
///
/// It is the same file if device and number, size and time of change are the same; if it was closed for long, its
/// content counts instead of the time.
package final class PooledFile: ReadableFile {
  private struct State: Sendable {
    var file: (any ReadableFile)?
    /// What the path leads to, as long as it leads to this file.
    var statusAtPath: FileStatus
    /// The checksum of the content, if the file was closed for an unknown time.
    var checksum: CRC32C?
  }

  package let path: String
  package let byteCount: UInt64
  package let status: FileStatus
  private let fileSystem: any FileSystem
  private let pool: FilePool
  private let state: Mutex<State>
  private let isUsed = Atomic(true)

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - fileSystem: Where.
  ///   - pool: Counts it among the files that are open.
  ///   - insists: Whether other files of the pool are closed if the system has no room for one more.
  /// - Throws: `notFound` if there is none; `notACheckpoint` if it is no file; `io` if the system fails.
  package init(
    _ path: String, fileSystem: any FileSystem, pool: FilePool = .shared, insists: Bool = true
  ) throws(CheckpointError) {
    let file = try pool.open(path, in: fileSystem, insists: insists)
    self.path = path
    self.fileSystem = fileSystem
    self.pool = pool
    byteCount = file.byteCount
    status = file.status
    state = Mutex(State(file: file, statusAtPath: file.status))
    pool.add(self)
  }

  /// Whether a descriptor is open.
  package var isOpen: Bool { state.withLock { $0.file != nil } }

  package func read(into output: inout MutableRawSpan, at offset: UInt64) throws(CheckpointError) {
    try current().read(into: &output, at: offset)
  }

  package func map() throws(CheckpointError) -> MappedFile { try current().map() }

  // MARK: Closing and opening again

  /// Closes the file until it is needed.
  ///
  /// - Parameter keepsChecksum: Whether the content is compared on opening it again: for a file that
  ///   stays closed for long. A file system gives numbers of deleted files to new ones, which may have
  ///   the same size, and even the same time, since clocks of file systems tick slowly.
  package func close(keepsChecksum: Bool = false) {
    let isKnown = state.withLock { $0.file == nil && (!keepsChecksum || $0.checksum != nil) }
    guard !isKnown else { return }
    // This opens the file if it is closed, and fails if another one has its name by now.
    let checksum = keepsChecksum ? try? self.checksum() : nil
    state.withLock { $0.checksum = checksum ?? $0.checksum }
    suspend()
    pool.remove(self)
  }

  /// Closes the file, which the pool does not count any more.
  func suspend() { state.withLock { $0.file = nil } }

  /// Tells whether the file was used since this was last asked.
  func forgetUse() -> Bool { isUsed.exchange(false, ordering: .relaxed) }

  private func current() throws(CheckpointError) -> any ReadableFile {
    // Stored only if that changes it: a store would take the cache line from all threads that read it.
    if !isUsed.load(ordering: .relaxed) { isUsed.store(true, ordering: .relaxed) }
    if let file = state.withLock({ $0.file }) { return file }
    let opened = try openAgain()
    let (file, isNew) = state.withLock { state in
      if let file = state.file { return (file, false) }  // another thread was faster
      state.file = opened
      return (opened, true)
    }
    if isNew { pool.add(self) }
    return file
  }

  private func openAgain() throws(CheckpointError) -> any ReadableFile {
    let file: any ReadableFile
    do throws(CheckpointError) {
      file = try pool.open(path, in: fileSystem, insists: true)
    } catch  where error.code == .notFound {
      throw FileChange.deleted.error(at: path)
    }
    guard try isSame(file) else { throw FileChange.replaced.error(at: path) }
    return file
  }

  private func isSame(_ file: any ReadableFile) throws(CheckpointError) -> Bool {
    guard let checksum = state.withLock({ $0.checksum }) else {
      return file.status.isUnchanged(status)
    }
    guard file.status.identity == status.identity, file.byteCount == byteCount else { return false }
    return try file.checksum() == checksum
  }

  // MARK: The path

  /// What has become of the path since the file was opened; `nil` if it leads to this file still.
  package func change() throws(CheckpointError) -> FileChange? {
    guard let now = try fileSystem.status(of: path) else { return .deleted }
    let (known, checksum) = state.withLock { ($0.statusAtPath, $0.checksum) }
    if known.isUnchanged(now) { return nil }
    // Its times may have changed without its content: the checksum tells, if it is known.
    guard checksum != nil, now.identity == known.identity, now.byteCount == known.byteCount else {
      return .replaced
    }
    return try isSame(fileSystem.openFile(path)) ? nil : .replaced
  }

  /// Says of an error that what is read was deleted or replaced meanwhile, if that is its cause.
  ///
  /// What is open stays as it is when its name goes to another file: wrong bytes in it are damage. But a
  /// file that somebody writes to in its place is none that can be read.
  ///
  /// - Parameters:
  ///   - error: An error that reading has met.
  ///   - path: What is read: this file, or the prefix of the checkpoint that it belongs to.
  /// - Returns: What is to be said.
  package func explained(_ error: CheckpointError, path: String) -> CheckpointError {
    if error.isOutdated {
      let change = (try? change()) ?? (error.code == .notFound ? .deleted : .replaced)
      return change.error(at: path)
    }
    return error.maySayChange && isRewritten ? FileChange.replaced.error(at: path) : error
  }

  private var isRewritten: Bool {
    guard let now = try? fileSystem.status(of: path) else { return false }
    let known = state.withLock { $0.statusAtPath }
    return now.identity == known.identity && !known.isUnchanged(now)
  }

  /// Takes what a path leads to for this file, although it looks like another one: for file systems
  /// that say two things of one file.
  package func accept(_ status: FileStatus) { state.withLock { $0.statusAtPath = status } }
}

/// What has become of a file, or a checkpoint, since it was opened.
package enum FileChange: Sendable {
  /// There is nothing any more.
  case deleted
  /// There is another one.
  case replaced

  /// The error of whoever goes on reading.
  package func error(at path: String) -> CheckpointError {
    var error =
      switch self {
      case .deleted:
        CheckpointError(.notFound, "this was deleted while it was being read", file: path)
      case .replaced:
        CheckpointError(
          .busy, "this was replaced while it was being read; read it again", file: path)
      }
    error.isOutdated = true
    return error
  }
}

extension CheckpointError {
  /// Whether the cause may be that a file was deleted, replaced or changed while it was being read.
  package var maySayChange: Bool {
    isOutdated || saysStaleFile || [.corrupt, .truncated, .limitExceeded].contains(code)
  }
}
