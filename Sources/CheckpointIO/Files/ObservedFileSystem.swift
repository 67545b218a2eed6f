/// Somebody who follows what is read and written: to show how far it is, or to stop it.
///
/// Called from any thread.
package protocol FileObserver: Sendable {
  /// Bytes of a file were read or written.
  ///
  /// - Throws: `cancelled` if that is to be the end of it.
  func moved(_ byteCount: Int) throws(CheckpointError)
  /// A file's content is about to be made durable.
  ///
  /// - Throws: As ``moved(_:)``.
  func willSync() throws(CheckpointError)
  /// A file is about to get its name; from then on it is too late to stop.
  ///
  /// - Throws: As ``moved(_:)``.
  func willRename(to path: String) throws(CheckpointError)
}

/// A file system that is watched; whatever nobody watches goes through as it is.
package struct ObservedFileSystem: FileSystem {
  private let base: any FileSystem
  private let observer: any FileObserver

  package init(_ base: any FileSystem, observer: any FileObserver) {
    self.base = base
    self.observer = observer
  }

  package func openFile(_ path: String) throws(CheckpointError) -> any ReadableFile {
    ObservedReadableFile(try base.openFile(path), observer)
  }

  package func createFile(_ path: String, permissions: FilePermissions) throws(CheckpointError)
    -> any WritableFile
  {
    ObservedWritableFile(try base.createFile(path, permissions: permissions), observer)
  }

  package func reopenFile(_ path: String) throws(CheckpointError) -> any WritableFile {
    ObservedWritableFile(try base.reopenFile(path), observer)
  }

  package func rename(_ old: String, to new: String) throws(CheckpointError) {
    try observer.willRename(to: new)
    try base.rename(old, to: new)
  }

  package func link(_ existing: String, to new: String) throws(CheckpointError) -> Bool {
    try base.link(existing, to: new)
  }

  package func removeFile(_ path: String) throws(CheckpointError) { try base.removeFile(path) }

  package func removeDirectory(_ path: String) throws(CheckpointError) {
    try base.removeDirectory(path)
  }

  package func createDirectory(_ path: String) throws(CheckpointError) {
    try base.createDirectory(path)
  }

  package func syncDirectory(_ path: String) throws(CheckpointError) {
    try base.syncDirectory(path)
  }

  package func namesInDirectory(_ path: String) throws(CheckpointError) -> [String] {
    try base.namesInDirectory(path)
  }

  package func status(of path: String) throws(CheckpointError) -> FileStatus? {
    try base.status(of: path)
  }

  package func entryStatus(of path: String) throws(CheckpointError) -> FileStatus? {
    try base.entryStatus(of: path)
  }

  package func lockFile(_ path: String, creating: Bool) throws(CheckpointError) -> (any LockedFile)?
  {
    try base.lockFile(path, creating: creating)
  }

  package func availableByteCount(at directory: String) -> UInt64? {
    base.availableByteCount(at: directory)
  }
}

private final class ObservedReadableFile: ReadableFile {
  private let base: any ReadableFile
  private let observer: any FileObserver

  init(_ base: any ReadableFile, _ observer: any FileObserver) {
    self.base = base
    self.observer = observer
  }

  var path: String { base.path }
  var byteCount: UInt64 { base.byteCount }
  var status: FileStatus { base.status }

  func read(into output: inout MutableRawSpan, at offset: UInt64) throws(CheckpointError) {
    try base.read(into: &output, at: offset)
    try observer.moved(output.byteCount)
  }

  func map() throws(CheckpointError) -> MappedFile { try base.map() }
}

private final class ObservedWritableFile: WritableFile {
  private let base: any WritableFile
  private let observer: any FileObserver

  init(_ base: any WritableFile, _ observer: any FileObserver) {
    self.base = base
    self.observer = observer
  }

  var path: String { base.path }

  func reserve(_ byteCount: UInt64) throws(CheckpointError) { try base.reserve(byteCount) }

  func write(_ bytes: RawSpan, at offset: UInt64) throws(CheckpointError) {
    try base.write(bytes, at: offset)
    try observer.moved(bytes.byteCount)
  }

  func startWriteback(_ range: ByteRange) { base.startWriteback(range) }

  func sync() throws(CheckpointError) {
    try observer.willSync()
    try base.sync()
  }

  func close() throws(CheckpointError) { try base.close() }
}
