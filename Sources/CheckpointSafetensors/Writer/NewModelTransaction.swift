import CheckpointIO

/// A save to a model directory that is not there yet: all of it is written into a directory of a temporary
/// name, which is renamed when everything in it is whole and durable.
final class NewModelTransaction: SafetensorsTransaction {
  private var names: [String] = []
  private let location: SaveLocation
  private let temporary: String
  private var isOpen = false

  private var fileSystem: any FileSystem { location.options.fileSystem }

  var paths: [String] { names.map { Path.join(location.target, $0) } }

  /// Begins to save.
  ///
  /// - Parameters:
  ///   - directory: The directory to come.
  ///   - options: How its files are written.
  /// - Throws: `busy` if somebody else is saving there; `pathConflict` if something that is not ours has the
  ///   name of the lock file; `io` if the system fails.
  init(_ directory: String, options: FileOptions) throws(CheckpointError) {
    temporary = TemporaryName.temporary(for: directory)
    location = try SaveLocation(directory, options: options)
    location.removeOthersTemporaries()
  }

  func begin(_ count: Int) throws(CheckpointError) {
    names = ModelNames.names(count: count, hasIndex: count > 1)
    guard try fileSystem.entryStatus(of: location.target) == nil else {
      throw CheckpointError(
        .busy, "somebody else has saved a model here at this moment; save again",
        file: location.target)
    }
    try location.begin(.file)
    guard try fileSystem.entryStatus(of: temporary) == nil else {
      throw try location.conflict(temporary)
    }
    isOpen = true
    try fileSystem.createDirectory(temporary)
  }

  func createFile(_ number: Int) throws(CheckpointError) -> AtomicFile {
    try AtomicFile(Path.join(temporary, names[number]), in: location)
  }

  func commit(_ files: [AtomicFile], _ layout: ModelLayout) throws(CheckpointError) {
    for file in files { try file.commit() }
    if names.count > 1 {
      let index = try AtomicFile(Path.join(temporary, ModelNames.index), in: location)
      try index.write(layout.index(names, replacing: nil))
      try index.commit()
    }
    try fileSystem.syncDirectory(temporary, durability: location.options.durability)
    try location.rename(temporary, to: location.target)
    isOpen = false
    try location.finishCommitted()
  }

  deinit {
    guard isOpen else { return }
    do throws(CheckpointError) {
      try fileSystem.removeTemporary(temporary)
    } catch {
      location.abandon()  // the next save removes it: the note says what it is
    }
  }
}
