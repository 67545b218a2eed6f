package import CheckpointIO
internal import Foundation
internal import Synchronization

/// A file system in memory that logs what a disk would have to be told, so that ``PowerCut`` can
/// work out what may be left of it.
package final class MemoryFileSystem: FileSystem {
  /// What a name leads to.
  package enum Node: Hashable, Sendable {
    case file(Int)
    case directory
  }

  /// A change, or the wish that earlier ones be durable.
  package enum Event: Hashable, Sendable {
    /// Names change, all at once; `nil` for those that go.
    case names([String: Node?])
    /// A directory gets another name, with whatever is in it.
    case directoryRename(String, to: String)
    /// All changes of names in a directory are durable.
    case directorySync(String)
    /// A file has this content now.
    case content(Int, [UInt8])
    /// The file's content is durable.
    case fileSync(Int)
  }

  /// Names and contents, as a process finds them.
  package struct Image: Hashable, Sendable {
    package var files: [String: [UInt8]] = [:]
    package var directories: Set<String> = []
    /// When files were last written, by a number that grows with every change; 0 without one.
    package var times: [String: Int64] = [:]

    /// Creates an image with empty directories.
    package init(directories: Set<String> = ["/run"]) { self.directories = directories }
  }

  fileprivate struct State {
    var names: [String: Node] = [:]
    var contents: [Int: [UInt8]] = [:]
    var locked: Set<Int> = []
    var times: [Int: Int64] = [:]
    var changeCount: Int64 = 0
    var room: UInt64?
    var log: [Event] = []

    mutating func change(_ names: [String: Node?]) {
      for (path, node) in names { self.names[path] = node }
      log.append(.names(names))
    }

    mutating func create() -> Int {
      contents[contents.count] = []
      touch(contents.count - 1)
      return contents.count - 1
    }

    func status(of file: Int) -> FileStatus {
      FileStatus(
        kind: .file, byteCount: UInt64(contents[file]?.count ?? 0),
        modified: FileTime(seconds: times[file] ?? 0), identity: [UInt64(file)],
        linkCount: UInt64(names.values.count { $0 == .file(file) }))
    }

    mutating func touch(_ file: Int) {
      changeCount += 1
      times[file] = changeCount
    }
  }

  /// What there was at the beginning; all of it durable.
  package let start: Image
  private let state: Mutex<State>

  /// Creates a file system with some content.
  package init(_ image: Image = Image()) {
    start = image
    var state = State()
    for directory in image.directories { state.names[directory] = .directory }
    for (path, bytes) in image.files {
      let file = state.create()
      state.contents[file] = bytes
      state.times[file] = image.times[path] ?? 0
      state.names[path] = .file(file)
    }
    state.changeCount = image.times.values.max() ?? 0
    self.state = Mutex(state)
  }

  /// What has happened so far.
  package var log: [Event] { state.withLock { $0.log } }

  /// What a process finds now.
  package var image: Image {
    state.withLock { state in
      var image = Image(directories: [])
      for (path, node) in state.names {
        switch node {
        case .directory: image.directories.insert(path)
        case .file(let file):
          image.files[path] = state.contents[file]
          image.times[path] = state.times[file]
        }
      }
      return image
    }
  }

  /// The paths of all files, sorted.
  package var paths: [String] { image.files.keys.sorted() }

  fileprivate func update<Result>(
    _ body: (inout sending State) throws(CheckpointError) -> sending Result
  ) throws(CheckpointError) -> sending Result {
    try state.withLock(body)
  }

  private static func missing(_ action: String, _ path: String) -> CheckpointError {
    var error = CheckpointError.system(action, errno: ENOENT, file: path)
    error.code = .notFound
    return error
  }

  private static func checkDirectory(of path: String, _ state: State) throws(CheckpointError) {
    let directory = Path(path).directory
    guard state.names[directory] == .directory else {
      throw .system("open", errno: ENOENT, file: path)
    }
  }

  package func openFile(_ path: String) throws(CheckpointError) -> any ReadableFile {
    let found = try update { state throws(CheckpointError) -> ([UInt8], FileStatus)? in
      guard case .file(let file) = state.names[path] else { return nil }
      return (state.contents[file] ?? [], state.status(of: file))
    }
    guard let (bytes, status) = found else { throw Self.missing("open", path) }
    return MemoryFile(bytes, path: path, status: status)
  }

  package func createFile(_ path: String, permissions: FilePermissions) throws(CheckpointError)
    -> any WritableFile
  {
    let file = try update { state throws(CheckpointError) -> Int in
      try Self.checkDirectory(of: path, state)
      guard state.names[path] == nil else { throw .system("open", errno: EEXIST, file: path) }
      let file = state.create()
      state.change([path: .file(file)])
      return file
    }
    return MemoryWritableFile(path, file, self)
  }

  package func reopenFile(_ path: String) throws(CheckpointError) -> any WritableFile {
    let file = try update { state throws(CheckpointError) -> Int? in
      guard case .file(let file) = state.names[path] else { return nil }
      return file
    }
    guard let file else { throw .system("open", errno: ENOENT, file: path) }
    return MemoryWritableFile(path, file, self)
  }

  package func rename(_ old: String, to new: String) throws(CheckpointError) {
    try update { state throws(CheckpointError) in
      guard let node = state.names[old] else {
        throw .system("rename to \(new)", errno: ENOENT, file: old)
      }
      guard node == .directory else { return state.change([old: nil, new: node]) }
      Self.move(old, to: new, in: &state.names)
      state.log.append(.directoryRename(old, to: new))
    }
  }

  /// Gives a directory another name: what is in it comes along.
  static func move(_ old: String, to new: String, in names: inout [String: Node]) {
    for (path, node) in names where path == old || path.hasPrefix(old + "/") {
      names[path] = nil
      names[new + path.dropFirst(old.count)] = node
    }
  }

  package func link(_ existing: String, to new: String) throws(CheckpointError) -> Bool {
    try update { state throws(CheckpointError) in
      guard let node = state.names[existing] else {
        throw .system("link to \(new)", errno: ENOENT, file: existing)
      }
      guard state.names[new] == nil else {
        throw .system("link to \(new)", errno: EEXIST, file: existing)
      }
      state.change([new: node])
      return true
    }
  }

  package func removeDirectory(_ path: String) throws(CheckpointError) {
    try update { state throws(CheckpointError) in
      guard !state.names.contains(where: { $0.key.hasPrefix(path + "/") }) else {
        throw .system("remove directory", errno: ENOTEMPTY, file: path)
      }
      if state.names[path] != nil { state.change([path: Node?.none]) }
    }
  }

  package func removeFile(_ path: String) throws(CheckpointError) {
    try update { state throws(CheckpointError) in
      guard let node = state.names[path] else { return }
      guard node != .directory else { throw .system("remove", errno: EISDIR, file: path) }
      state.change([path: Node?.none])
    }
  }

  package func createDirectory(_ path: String) throws(CheckpointError) {
    try update { state throws(CheckpointError) in
      guard state.names[path] != .directory else { return }
      state.change([path: .directory])
    }
  }

  package func syncDirectory(_ path: String) throws(CheckpointError) {
    try update { state throws(CheckpointError) in state.log.append(.directorySync(path)) }
  }

  package func namesInDirectory(_ path: String) throws(CheckpointError) -> [String] {
    try update { state throws(CheckpointError) in
      guard state.names[path] == .directory else {
        throw Self.missing("list directory", path)
      }
      return state.names.keys.filter { Path($0).directory == path }.map { Path($0).name }
    }
  }

  package func status(of path: String) throws(CheckpointError) -> FileStatus? {
    try update { state throws(CheckpointError) -> FileStatus? in
      switch state.names[path] {
      case nil: return nil
      case .directory:
        return FileStatus(kind: .directory, byteCount: 0, modified: FileTime(seconds: 0))
      case .file(let file): return state.status(of: file)
      }
    }
  }

  // There are no links.
  package func entryStatus(of path: String) throws(CheckpointError) -> FileStatus? {
    try status(of: path)
  }

  package func availableByteCount(at directory: String) -> UInt64? { state.withLock { $0.room } }

  /// Lets it say that so much room is left; it does not care itself.
  package func setAvailableByteCount(_ count: UInt64?) { state.withLock { $0.room = count } }

  package func lockFile(_ path: String, creating: Bool) throws(CheckpointError) -> (any LockedFile)?
  {
    let (file, isNew) = try update { state throws(CheckpointError) -> (Int?, Bool) in
      if case .file(let file) = state.names[path] {
        return (state.locked.insert(file).inserted ? file : nil, false)
      }
      guard state.names[path] == nil else {
        throw CheckpointError(.pathConflict, "this is a directory", file: path)
      }
      guard creating else { return (nil, false) }
      try Self.checkDirectory(of: path, state)
      let file = state.create()
      state.change([path: .file(file)])
      state.locked.insert(file)
      return (file, true)
    }
    guard let file else { return nil }
    return MemoryLockedFile(path, file, isNew: isNew, self)
  }

  /// Changes what a file says, also if several threads do at once.
  fileprivate func changeContent(_ file: Int, _ change: (inout [UInt8]) -> Void) {
    state.withLock { state in
      change(&state.contents[file, default: []])
      state.touch(file)
      state.log.append(.content(file, state.contents[file, default: []]))
    }
  }

  fileprivate func content(_ file: Int) -> [UInt8] {
    state.withLock { $0.contents[file] ?? [] }
  }

  fileprivate func setContent(_ bytes: [UInt8], _ file: Int) {
    state.withLock { state in
      state.contents[file] = bytes
      state.touch(file)
      state.log.append(.content(file, bytes))
    }
  }

  fileprivate func sync(_ file: Int) { state.withLock { $0.log.append(.fileSync(file)) } }

  fileprivate func unlock(_ file: Int) { state.withLock { _ = $0.locked.remove(file) } }
}

private final class MemoryWritableFile: WritableFile {
  let path: String
  private let file: Int
  private let system: MemoryFileSystem

  init(_ path: String, _ file: Int, _ system: MemoryFileSystem) {
    self.path = path
    self.file = file
    self.system = system
  }

  func reserve(_ byteCount: UInt64) {}

  func write(_ bytes: RawSpan, at offset: UInt64) throws(CheckpointError) {
    let new = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    let end = Int(offset) + new.count
    system.changeContent(file) { content in
      if content.count < end { content += Array(repeating: 0, count: end - content.count) }
      content.replaceSubrange(Int(offset)..<end, with: new)
    }
  }

  func startWriteback(_ range: ByteRange) {}
  func sync() { system.sync(file) }
  func close() {}
}

private final class MemoryLockedFile: LockedFile {
  let isExclusive = true
  let isNew: Bool
  let owner: UInt32 = 0
  private let path: String
  private let file: Int
  private let system: MemoryFileSystem

  init(_ path: String, _ file: Int, isNew: Bool, _ system: MemoryFileSystem) {
    self.path = path
    self.file = file
    self.isNew = isNew
    self.system = system
  }

  deinit { system.unlock(file) }

  func contents(limit: Int) -> [UInt8] { Array(system.content(file).prefix(limit)) }
  func setContents(_ bytes: [UInt8]) { system.setContent(bytes, file) }
  func sync() { system.sync(file) }
  func remove() throws(CheckpointError) { try system.removeFile(path) }
}
