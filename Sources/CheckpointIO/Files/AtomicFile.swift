/// Whether what has been saved survives a power cut.
public enum Durability: Sendable, Hashable {
  /// When a save returns, it is on the disk: the default.
  case full
  /// Nothing is waited for: after a power cut in the next half minute a checkpoint may be gone, and
  /// the one that it replaced with it. For scratch work. A killed process still loses nothing.
  case none
}

/// A file that appears whole or not at all: it is written under a temporary name and renamed.
///
/// Let go before ``commit()``, it leaves nothing behind.
package final class AtomicFile {
  /// The name it will have.
  package let path: String
  /// What is written to; its content counts once it is committed.
  package let file: any WritableFile
  private let fileSystem: any FileSystem
  /// Whether its content is made durable.
  package let durability: Durability
  private let lock: SaveLock
  private var isOpen = true

  /// Creates the temporary file.
  ///
  /// - Parameters:
  ///   - path: The name it will have.
  ///   - lock: What sees to it that no other save uses the same name.
  ///   - durability: Whether its content is made durable.
  ///   - fileSystem: What it is written with.
  /// - Throws: `io` if the system fails.
  package init(
    _ path: String,
    lock: SaveLock,
    durability: Durability,
    fileSystem: any FileSystem
  ) throws(CheckpointError) {
    self.path = path
    self.lock = lock
    self.durability = durability
    self.fileSystem = fileSystem
    file = try fileSystem.createFile(TemporaryName.temporary(for: path))
  }

  /// Makes the content durable, and gives the file its name.
  ///
  /// The name is durable once the directory is synced.
  ///
  /// - Throws: `io` if the system fails. The save cannot be repaired then: after a failed sync a
  ///   second one proves nothing (fsync(2), "error reporting").
  package func commit() throws(CheckpointError) {
    if durability == .full { try file.sync() }
    try file.close()
    try fileSystem.rename(file.path, to: path)
    isOpen = false
  }

  deinit {
    guard isOpen else { return }
    // What cannot be removed now, the next save removes.
    try? file.close()
    try? fileSystem.removeFile(file.path)
  }
}

extension FileSystem {
  /// Makes the names in a directory durable, if that is asked for.
  package func syncDirectory(
    _ path: String,
    durability: Durability
  ) throws(CheckpointError) {
    if durability == .full { try syncDirectory(path) }
  }

  /// Creates a directory and those above it that are missing.
  ///
  /// - Parameters:
  ///   - path: The directory.
  ///   - durability: Whether their names are made durable.
  /// - Throws: `io` if the system fails.
  package func createDirectories(
    _ path: String,
    durability: Durability
  ) throws(CheckpointError) {
    var missing: [String] = []
    var current = path
    while try status(of: current) == nil {
      missing.append(current)
      let parent = Path(current).directory
      guard parent != current else { break }
      current = parent
    }
    for directory in missing.reversed() {
      try createDirectory(directory)
      try syncDirectory(Path(directory).directory, durability: durability)
    }
  }
}
