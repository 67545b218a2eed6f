import CheckpointIO

/// A save in progress to one file: it is written under a temporary name, and renamed when it is
/// whole and durable.
final class SafetensorsTransaction {
  private let path: String
  private let options: SaveOptions
  private let lock: SaveLock
  private var directory: String { Path(path).directory }

  /// Begins to save.
  ///
  /// - Throws: `busy` if somebody else is saving to this file; `io` if the system fails.
  init(_ path: String, options: SaveOptions) throws(CheckpointError) {
    let location = Path(path)
    guard !["", ".", ".."].contains(location.name) else {
      throw CheckpointError(.invalidArgument, "this is a directory, not a file", file: path)
    }
    if options.createsDirectories {
      try options.fileSystem.createDirectories(location.directory, durability: options.durability)
    }
    self.path = path
    self.options = options
    // What a save that died has left has the names that this one uses: it is overwritten.
    lock = try SaveLock.acquire(path, fileSystem: options.fileSystem)
  }

  /// Begins to write, with the header; room is reserved for everything.
  func createOutput(_ layout: SafetensorsLayout) throws(CheckpointError) -> SafetensorsOutput {
    let file = try AtomicFile(
      path,
      lock: lock,
      durability: options.durability,
      fileSystem: options.fileSystem
    )
    return try SafetensorsOutput(file, layout)
  }

  /// Makes the file's name durable: its content is committed already.
  func finish() throws(CheckpointError) {
    try options.fileSystem.syncDirectory(directory, durability: options.durability)
    try lock.release()
  }
}
