/// The few things a checkpointer asks of a file system: the seam at which tests record, fail, stop
/// and replay every call.
///
/// Paths are literal: no character of them is a pattern. Errors name the path and carry `errno`.
///
/// Nothing here has a default: a wrapper that forgets a call must not compile.
package protocol FileSystem: Sendable {
  /// Opens a file for positioned reads.
  func openFile(_ path: String) throws(CheckpointError) -> any ReadableFile
  /// Creates a file for writing; `EEXIST` if anything has its name, a link that leads nowhere included.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - permissions: Who may read and write it, of those whom the process's umask lets; the owner may anyway.
  /// - Returns: The file.
  /// - Throws: `io` if the system fails.
  func createFile(_ path: String, permissions: FilePermissions) throws(CheckpointError)
    -> any WritableFile
  /// Opens a file that was created for writing, and closed, to go on with it.
  ///
  /// - Throws: `pathConflict` if what has its name is no regular file, or one with several names; `io` if the
  ///   system fails.
  func reopenFile(_ path: String) throws(CheckpointError) -> any WritableFile
  /// Renames a file over whatever has the new name; atomic.
  func rename(_ old: String, to new: String) throws(CheckpointError)
  /// Gives a file a second name; atomic.
  ///
  /// - Returns: Whether the file system can; if not, nothing has changed.
  func link(_ existing: String, to new: String) throws(CheckpointError) -> Bool
  /// Removes a file; one that is gone already is no error.
  func removeFile(_ path: String) throws(CheckpointError)
  /// Creates one directory; one that is there already is no error.
  func createDirectory(_ path: String) throws(CheckpointError)
  /// Removes a directory, which is empty; one that is gone already is no error.
  func removeDirectory(_ path: String) throws(CheckpointError)
  /// Makes the names in a directory durable.
  func syncDirectory(_ path: String) throws(CheckpointError)
  /// The names in a directory, all of them, in no order, without `.` and `..`.
  ///
  /// A list that comes to an end by a failure is an error: what is not seen must not be overwritten.
  func namesInDirectory(_ path: String) throws(CheckpointError) -> [String]
  /// What a path leads to; `nil` if there is nothing, as where links lead in a circle.
  func status(of path: String) throws(CheckpointError) -> FileStatus?
  /// What has this path itself, a symbolic link not followed; `nil` if there is nothing.
  func entryStatus(of path: String) throws(CheckpointError) -> FileStatus?
  /// Takes the lock file at `path`.
  ///
  /// The lock ends with `remove()`, with its owner's process, or when the last reference goes.
  ///
  /// - Parameters:
  ///   - path: The lock file.
  ///   - creating: Whether it is created if it is not there.
  /// - Returns: `nil` if somebody else holds it, or if there is none.
  /// - Throws: `pathConflict`, without touching or waiting for it, if what has the path is no regular
  ///   file, or one with several names; `io` if the system fails.
  func lockFile(_ path: String, creating: Bool) throws(CheckpointError) -> (any LockedFile)?
  /// How many bytes this user can still write where a directory is; `nil` if that is not known.
  func availableByteCount(at directory: String) -> UInt64?
}

extension FileSystem {
  /// Creates a file for writing; whom the process's umask lets may read and write it.
  package func createFile(_ path: String) throws(CheckpointError) -> any WritableFile {
    try createFile(path, permissions: .all)
  }

  /// What a path leads to that was found in a directory; `nil` if it is a link that leads to nothing
  /// that this process may see.
  ///
  /// So one such link does not keep anybody from the rest of the directory.
  package func reachableStatus(of path: String) throws(CheckpointError) -> FileStatus? {
    do throws(CheckpointError) {
      return try status(of: path)
    } catch {
      guard try entryStatus(of: path)?.kind == .link else { throw error }
      return nil
    }
  }
}

/// A file open for reading, at any position, by any number of threads.
package protocol ReadableFile: AnyObject, Sendable {
  /// The path it was opened with.
  var path: String { get }
  /// The size in bytes when it was opened: reads beyond are refused.
  var byteCount: UInt64 { get }
  /// What it was like when it was opened.
  var status: FileStatus { get }
  /// Fills `output` with the bytes from `offset` on.
  ///
  /// - Throws: `truncated` if the file ends first; `io` if the system fails.
  func read(into output: inout MutableRawSpan, at offset: UInt64) throws(CheckpointError)
  /// Maps the whole file into memory.
  func map() throws(CheckpointError) -> MappedFile
}

/// A file open for writing.
package protocol WritableFile: AnyObject {
  /// The path it was created with.
  var path: String { get }
  /// Reserves room: writing up to `byteCount` gets faster, and a full disk is known at once.
  func reserve(_ byteCount: UInt64) throws(CheckpointError)
  /// Writes bytes at `offset`, all of them.
  func write(_ bytes: RawSpan, at offset: UInt64) throws(CheckpointError)
  /// Asks the disk to begin with what has been written in a range, without waiting.
  func startWriteback(_ range: ByteRange)
  /// Makes the content durable; after an error nothing about this file can be relied upon.
  func sync() throws(CheckpointError)
  /// Closes, and tells whether the system could not keep what was written.
  func close() throws(CheckpointError)
}

/// A lock file that is held: its existence and its lock say that its owner is at work.
package protocol LockedFile: AnyObject {
  /// Whether nobody else can hold it: false on file systems that know no locks.
  var isExclusive: Bool { get }
  /// Whether it was not there before: nobody has left anything in it.
  var isNew: Bool { get }
  /// The number of the user whom it belongs to.
  var owner: UInt32 { get }
  /// What the file says, at most `limit` bytes of it.
  func contents(limit: Int) throws(CheckpointError) -> [UInt8]
  /// Replaces what the file says.
  func setContents(_ bytes: [UInt8]) throws(CheckpointError)
  /// Makes what it says durable.
  func sync() throws(CheckpointError)
  /// Removes the file, then ends the lock.
  func remove() throws(CheckpointError)
}
