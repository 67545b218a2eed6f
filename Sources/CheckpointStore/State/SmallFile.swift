package import CheckpointIO

/// A file of a few lines: read whole, replaced atomically.
package enum SmallFile {
  /// What the file holds; `nil` if there is none.
  ///
  /// - Throws: What `check` throws for a size that is too large; `io` if the system fails.
  package static func read(
    _ path: String, _ fileSystem: any FileSystem, check: (UInt64) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> [UInt8]? {
    guard try fileSystem.status(of: path) != nil else { return nil }
    let file: any ReadableFile
    do throws(CheckpointError) {
      file = try fileSystem.openFile(path)
    } catch  where error.code == .notFound {
      return nil  // it went in between
    }
    try check(file.byteCount)
    return try file.bytes(at: 0, count: Int(file.byteCount))  // within the limit
  }

  /// Refuses to replace what is not ours: a link, a pipe, a device, a directory, or other content.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - fileSystem: Where.
  ///   - what: What it ought to be, for the message: "state file".
  ///   - check: Refuses a size that is too large for it.
  ///   - isOurs: Tells by the content, unless that is empty, or zeros, as a power cut leaves it; any
  ///     content will do for `nil`.
  /// - Throws: `pathConflict` if it is not ours; `io` if the system fails.
  package static func checkReplaceable(
    _ path: String, _ fileSystem: any FileSystem, what: String,
    check: (UInt64) throws(CheckpointError) -> Void, isOurs: (([UInt8]) -> Bool)?
  ) throws(CheckpointError) {
    guard let entry = try fileSystem.entryStatus(of: path) else { return }
    guard entry.kind == .file else { throw conflict(path, "\(entry.kind)", what) }
    guard let isOurs else { return }
    let bytes: [UInt8]?
    do throws(CheckpointError) {
      bytes = try read(path, fileSystem, check: check)
    } catch  where error.code == .limitExceeded {
      throw conflict(path, "a file of \(entry.byteCount) bytes", what)
    }
    guard let bytes, bytes.contains(where: { $0 != 0 }), !isOurs(bytes) else { return }
    throw conflict(path, "another program's file", what)
  }

  private static func conflict(_ path: String, _ found: String, _ what: String) -> CheckpointError {
    CheckpointError(
      .pathConflict, "\(found) is where the \(what) belongs; rename or remove it", file: path)
  }

  /// Replaces the file: a reader finds the old one or the new one, whole.
  ///
  /// - Parameters:
  ///   - bytes: What it is to hold.
  ///   - location: The file, which the caller is saving to.
  /// - Throws: `pathConflict` if something that is not ours has the name of the temporary file; `io` if
  ///   the system fails.
  package static func replace(with bytes: [UInt8], in location: SaveLocation)
    throws(CheckpointError)
  {
    try location.begin(.file)
    let file = try AtomicFile(location.target, in: location)
    try file.write(bytes)
    try file.commit()
    try location.syncDirectory()
  }
}
