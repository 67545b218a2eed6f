import CheckpointIO

/// How the files of a V1 checkpoint are opened beside somebody who replaces or deletes them.
///
/// Each is complete in itself, and what is open can be read whatever becomes of its name. After the last
/// has been opened, none may be another one than before: else it begins again.
struct SlicesOpening {
  private let path: String
  private let fileSystem: any FileSystem
  private let opened: PooledFile?

  /// Names what is to be opened.
  ///
  /// - Parameters:
  ///   - path: A file, or the pattern of several.
  ///   - fileSystem: Where.
  ///   - opened: The file of the path, if somebody has opened it.
  init(_ path: String, _ fileSystem: any FileSystem, opened: PooledFile? = nil) {
    (self.path, self.fileSystem, self.opened) = (path, fileSystem, opened)
  }

  /// Opens all files.
  ///
  /// - Throws: What is wrong with them; `notFound` if one was deleted meanwhile; `busy` if they are
  ///   replaced again and again.
  func open() throws(CheckpointError) -> ([SlicesFile], SlicesCatalog) {
    if let opened = try attempt(opened) { return opened }
    for _ in 1..<Self.mostTries {
      if let opened = try attempt() { return opened }
    }
    throw CheckpointError(
      .busy,
      "this checkpoint was replaced \(Self.mostTries) times while it was being opened; wait until "
        + "whoever saves to it has finished, or let every save have a name of its own", file: path)
  }

  // `nil` if a file was replaced.
  private func attempt(_ first: PooledFile? = nil) throws(CheckpointError) -> (
    [SlicesFile], SlicesCatalog
  )? {
    var opened: [PooledFile] = []
    do throws(CheckpointError) {
      var files: [SlicesFile] = []
      for path in try first == nil ? paths() : [path] {
        let file: PooledFile
        if let first { file = first } else { file = try open(path) }
        opened.append(file)
        files.append(try SlicesFile(file))
      }
      let catalog = try SlicesCatalog(files)
      // One file has nothing to go together with.
      if files.count > 1, try isReplaced(opened) { return nil }
      return (files, catalog)
    } catch {
      // A file that is missing may have been there with the others.
      guard error.maySayChange || error.code == .notFound, try isReplaced(opened) else {
        throw error
      }
      return nil
    }
  }

  private func isReplaced(_ files: [PooledFile]) throws(CheckpointError) -> Bool {
    for file in files {
      switch try file.change() {
      case .deleted: throw FileChange.deleted.error(at: path)
      case .replaced: return true
      case nil: continue
      }
    }
    return false
  }

  // A file that has the name of a pattern is a file.
  private func paths() throws(CheckpointError) -> [String] {
    guard let sharded = SlicesPath(pattern: path) else { return [path] }
    return try fileSystem.status(of: path) == nil ? sharded.shards : [path]
  }

  private func open(_ path: String) throws(CheckpointError) -> PooledFile {
    do throws(CheckpointError) {
      return try PooledFile(path, fileSystem: fileSystem)
    } catch {
      guard error.code == .notFound else { throw error }
      throw MissingSlices(path: path, fileSystem: fileSystem).error
    }
  }

  private static let mostTries = 10
}
