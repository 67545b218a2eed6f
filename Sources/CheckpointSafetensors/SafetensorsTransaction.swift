import CheckpointIO

/// A save in progress to one file: it is written under a temporary name, and renamed when it is
/// whole and durable.
final class SafetensorsTransaction {
  private let path: String
  private let location: SaveLocation

  /// Begins to save.
  ///
  /// - Throws: `busy` if somebody else is saving to this file; `pathConflict` if something that is not
  ///   ours has the name of its lock file; `io` if the system fails.
  init(_ path: String, options: FileOptions) throws(CheckpointError) {
    self.path = path
    location = try SaveLocation(path, options: options)
    location.removeOthersTemporaries()
  }

  /// Begins to write, with the header; room is reserved for everything.
  func createOutput(_ layout: SafetensorsLayout) throws(CheckpointError) -> SafetensorsOutput {
    try location.begin(.file)
    return try SafetensorsOutput(AtomicFile(path, in: location), layout)
  }

  /// Makes the file's name durable: its content is committed already.
  func finish() throws(CheckpointError) {
    do throws(CheckpointError) {
      try location.syncDirectory()
      try location.finish()
    } catch {
      throw error.adding("the new checkpoint is saved, but a power cut may still undo that")
    }
  }
}
