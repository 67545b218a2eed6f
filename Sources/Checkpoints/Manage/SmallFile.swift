import CheckpointIO

/// A file of a few lines: read whole, replaced atomically.
enum SmallFile {
  /// What the file holds; `nil` if there is none.
  ///
  /// - Throws: What `check` throws for a size that is too large; `io` if the system fails.
  static func read(
    _ path: String,
    _ fileSystem: any FileSystem,
    check: (UInt64) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> [UInt8]? {
    guard try fileSystem.status(of: path) != nil else { return nil }
    let file: any ReadableFile
    do throws(CheckpointError) {
      file = try fileSystem.openFile(path)
    } catch  where error.code == .notFound {
      return nil  // it went in between
    }
    try check(file.byteCount)
    var bytes = [UInt8](repeating: 0, count: Int(file.byteCount))  // within the limit
    var span = bytes.mutableSpan
    var output = unsafe span.mutableBytes  // every pattern of bits is a UInt8
    try file.read(into: &output, at: 0)
    return bytes
  }

  /// Replaces the file: a reader finds the old one or the new one, whole.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - bytes: What it is to hold.
  ///   - lock: The file's lock, held by the caller.
  ///   - fileSystem: Where.
  ///   - durability: Whether to wait until the disk has it.
  /// - Throws: `io` if the system fails.
  static func replace(
    _ path: String,
    with bytes: [UInt8],
    lock: SaveLock,
    _ fileSystem: any FileSystem,
    durability: Durability
  ) throws(CheckpointError) {
    let file = try AtomicFile(path, lock: lock, durability: durability, fileSystem: fileSystem)
    try unsafe file.file.write(bytes.span.bytes, at: 0)  // an array's bytes are initialized
    try file.commit()
    try fileSystem.syncDirectory(Path(path).directory, durability: durability)
  }
}
