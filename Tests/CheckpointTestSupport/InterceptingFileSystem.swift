package import CheckpointIO
internal import Synchronization

/// One call to a file system.
package struct FileCall: Hashable, Sendable, CustomStringConvertible {
  /// What is asked for.
  package enum Kind: String, Sendable, CaseIterable {
    case open, read, map, list, status, entryStatus, room
    case create, reopen, reserve, write, sync, close, rename, link, remove
    case createDirectory, removeDirectory, syncDirectory, lock, readNote, setNote, syncNote,
      removeLock
    case startWriteback

    /// Whether the call changes what a later process finds.
    package var changesFiles: Bool {
      switch self {
      case .open, .reopen, .read, .map, .list, .status, .entryStatus, .room, .readNote,
        .startWriteback:
        false
      default: true
      }
    }
  }

  package let kind: Kind
  package let path: String

  /// The kind and the file's name: `rename ckpt-7.index`.
  package var description: String { "\(kind) \(Path(path).name)" }
}

/// The file system of this machine with somebody in between who sees every call: to record them, to
/// let one fail, or to end the process.
package final class InterceptingFileSystem: FileSystem {
  /// Called before each call with its number, from 0 on; what it throws, the call throws.
  package typealias Interception =
    @Sendable (_ number: Int, _ call: FileCall) throws(CheckpointError) -> Void

  private let base: any FileSystem
  private let interception: Interception
  private let renameReport: Interception
  private let log = Mutex<[FileCall]>([])
  private let readLog = Mutex<[String: UInt64]>([:])

  /// Puts `interception` in front of a file system.
  ///
  /// - Parameters:
  ///   - base: What carries the calls out.
  ///   - interception: Called before each call.
  ///   - renameReport: Called after each rename, which has happened whatever this throws: on a
  ///     network, answers get lost.
  package init(
    _ base: any FileSystem = LocalFileSystem(),
    _ interception: @escaping Interception = { _, _ throws(CheckpointError) in },
    renameReport: @escaping Interception = { _, _ throws(CheckpointError) in }
  ) {
    self.base = base
    self.renameReport = renameReport
    self.interception = interception
  }

  /// A file system in which the `number`th call fails, and, if `forever`, every one after it: the process
  /// is as good as dead then.
  package static func failing(
    _ base: any FileSystem = LocalFileSystem(), at number: Int, errno: Int32, forever: Bool = false
  ) -> InterceptingFileSystem {
    InterceptingFileSystem(base) { current, call throws(CheckpointError) in
      guard current == number || (forever && current > number) else { return }
      throw .system("injected failure of \(call.kind)", errno: errno, file: call.path)
    }
  }

  /// The calls so far.
  package var calls: [FileCall] { log.withLock { $0 } }

  /// How many bytes were read of each file so far.
  package var readByteCounts: [String: UInt64] { readLog.withLock { $0 } }

  fileprivate func noteRead(of path: String, byteCount: Int) {
    readLog.withLock { $0[path, default: 0] += UInt64(byteCount) }
  }

  fileprivate func note(_ kind: FileCall.Kind, _ path: String) throws(CheckpointError) {
    let call = FileCall(kind: kind, path: path)
    let number = log.withLock { log in
      log.append(call)
      return log.count - 1
    }
    try interception(number, call)
  }

  package func openFile(_ path: String) throws(CheckpointError) -> any ReadableFile {
    try note(.open, path)
    return InterceptedReadableFile(try base.openFile(path), self)
  }

  package func createFile(_ path: String, permissions: FilePermissions) throws(CheckpointError)
    -> any WritableFile
  {
    try note(.create, path)
    return InterceptedWritableFile(try base.createFile(path, permissions: permissions), self)
  }

  package func reopenFile(_ path: String) throws(CheckpointError) -> any WritableFile {
    try note(.reopen, path)
    return InterceptedWritableFile(try base.reopenFile(path), self)
  }

  package func rename(_ old: String, to new: String) throws(CheckpointError) {
    try note(.rename, new)
    try base.rename(old, to: new)
    try renameReport(calls.count - 1, FileCall(kind: .rename, path: new))
  }

  package func link(_ existing: String, to new: String) throws(CheckpointError) -> Bool {
    try note(.link, new)
    return try base.link(existing, to: new)
  }

  package func removeFile(_ path: String) throws(CheckpointError) {
    try note(.remove, path)
    try base.removeFile(path)
  }

  package func removeDirectory(_ path: String) throws(CheckpointError) {
    try note(.removeDirectory, path)
    try base.removeDirectory(path)
  }

  package func createDirectory(_ path: String) throws(CheckpointError) {
    try note(.createDirectory, path)
    try base.createDirectory(path)
  }

  package func syncDirectory(_ path: String) throws(CheckpointError) {
    try note(.syncDirectory, path)
    try base.syncDirectory(path)
  }

  package func namesInDirectory(_ path: String) throws(CheckpointError) -> [String] {
    try note(.list, path)
    return try base.namesInDirectory(path)
  }

  package func status(of path: String) throws(CheckpointError) -> FileStatus? {
    try note(.status, path)
    return try base.status(of: path)
  }

  package func entryStatus(of path: String) throws(CheckpointError) -> FileStatus? {
    try note(.entryStatus, path)
    return try base.entryStatus(of: path)
  }

  package func availableByteCount(at directory: String) -> UInt64? {
    do throws(CheckpointError) {
      try note(.room, directory)
    } catch {
      return nil
    }
    return base.availableByteCount(at: directory)
  }

  package func lockFile(_ path: String, creating: Bool) throws(CheckpointError) -> (any LockedFile)?
  {
    try note(.lock, path)
    guard let file = try base.lockFile(path, creating: creating) else { return nil }
    return InterceptedLockedFile(file, path, self)
  }
}

private final class InterceptedReadableFile: ReadableFile {
  private let file: any ReadableFile
  private let system: InterceptingFileSystem

  init(_ file: any ReadableFile, _ system: InterceptingFileSystem) {
    self.file = file
    self.system = system
  }

  var path: String { file.path }
  var byteCount: UInt64 { file.byteCount }
  var status: FileStatus { file.status }

  func read(into output: inout MutableRawSpan, at offset: UInt64) throws(CheckpointError) {
    try system.note(.read, path)
    system.noteRead(of: path, byteCount: output.byteCount)
    try file.read(into: &output, at: offset)
  }

  func map() throws(CheckpointError) -> MappedFile {
    try system.note(.map, path)
    return try file.map()
  }
}

private final class InterceptedWritableFile: WritableFile {
  private let file: any WritableFile
  private let system: InterceptingFileSystem

  init(_ file: any WritableFile, _ system: InterceptingFileSystem) {
    self.file = file
    self.system = system
  }

  var path: String { file.path }

  func reserve(_ byteCount: UInt64) throws(CheckpointError) {
    try system.note(.reserve, path)
    try file.reserve(byteCount)
  }

  // Half of the bytes are there already when the interception comes: a torn write.
  func write(_ bytes: RawSpan, at offset: UInt64) throws(CheckpointError) {
    try file.write(bytes.extracting(..<(bytes.byteCount / 2)), at: offset)
    try system.note(.write, path)
    try file.write(bytes, at: offset)
  }

  func startWriteback(_ range: ByteRange) {
    try? system.note(.startWriteback, path)
    file.startWriteback(range)
  }

  func sync() throws(CheckpointError) {
    try system.note(.sync, path)
    try file.sync()
  }

  func close() throws(CheckpointError) {
    try system.note(.close, path)
    try file.close()
  }
}

private final class InterceptedLockedFile: LockedFile {
  private let file: any LockedFile
  private let path: String
  private let system: InterceptingFileSystem

  init(_ file: any LockedFile, _ path: String, _ system: InterceptingFileSystem) {
    self.file = file
    self.path = path
    self.system = system
  }

  var isExclusive: Bool { file.isExclusive }
  var isNew: Bool { file.isNew }
  var owner: UInt32 { file.owner }

  func contents(limit: Int) throws(CheckpointError) -> [UInt8] {
    try system.note(.readNote, path)
    return try file.contents(limit: limit)
  }

  func setContents(_ bytes: [UInt8]) throws(CheckpointError) {
    try file.setContents(Array(bytes.prefix(bytes.count / 2)))  // torn, as writes are
    try system.note(.setNote, path)
    try file.setContents(bytes)
  }

  func sync() throws(CheckpointError) {
    try system.note(.syncNote, path)
    try file.sync()
  }

  func remove() throws(CheckpointError) {
    try system.note(.removeLock, path)
    try file.remove()
  }
}
