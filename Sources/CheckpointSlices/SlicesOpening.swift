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
    var first = opened
    return try RepeatedOpening.open(path) { () throws(CheckpointError) in
      defer { first = nil }
      return try RepeatedOpening.attempt(path) { opened throws(CheckpointError) in
        var files: [SlicesFile] = []
        for path in try first == nil ? paths() : [path] {
          let file: PooledFile
          if let first { file = first } else { file = try open(path) }
          opened.append(file)
          files.append(try SlicesFile(file))
        }
        return (files, try SlicesCatalog(files))
      }
    }
  }

  // A path that looks like a pattern may be the name of a file: then that file is meant.
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
}
