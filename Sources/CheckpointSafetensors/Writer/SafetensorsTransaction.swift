import CheckpointIO

/// A save in progress: where its files are written, and how they appear together.
protocol SafetensorsTransaction: AnyObject {
  /// The paths of the files that appear, without the index; none before ``begin(_:)``.
  var paths: [String] { get }

  /// Begins with so many files.
  ///
  /// - Throws: `pathConflict` if something that is not ours has the name of a file that is needed meanwhile;
  ///   `limitExceeded` for more files than can be noted; `io` if the system fails.
  func begin(_ count: Int) throws(CheckpointError)

  /// Creates a file; what it holds counts once ``commit(_:_:)`` has returned.
  func createFile(_ number: Int) throws(CheckpointError) -> AtomicFile

  /// Makes everything appear, in one step, and durable.
  ///
  /// - Parameters:
  ///   - files: What ``createFile(_:)`` gave, all of it written.
  ///   - layout: What the files have.
  /// - Throws: `io` if the system fails.
  func commit(_ files: [AtomicFile], _ layout: ModelLayout) throws(CheckpointError)
}

/// A save to one file: it is written under a temporary name, and renamed when it is whole and durable.
final class SafetensorsFileTransaction: SafetensorsTransaction {
  let paths: [String]
  private let location: SaveLocation

  /// Begins to save.
  ///
  /// - Throws: `busy` if somebody else is saving to this file; `pathConflict` if something that is not
  ///   ours has the name of its lock file; `io` if the system fails.
  init(_ path: String, options: FileOptions) throws(CheckpointError) {
    paths = [path]
    location = try SaveLocation(path, options: options)
    location.removeOthersTemporaries()
  }

  func begin(_ count: Int) throws(CheckpointError) { try location.begin(.file) }

  func createFile(_ number: Int) throws(CheckpointError) -> AtomicFile {
    try AtomicFile(paths[number], in: location)
  }

  func commit(_ files: [AtomicFile], _ layout: ModelLayout) throws(CheckpointError) {
    for file in files { try file.commitCheckpoint() }
    try location.finishCommitted()
  }
}

extension SaveLocation {
  /// Makes the names durable and ends the save, of which the content is committed already.
  func finishCommitted() throws(CheckpointError) {
    do throws(CheckpointError) {
      try syncDirectory()
      try finish()
    } catch {
      throw error.adding("the new checkpoint is saved, but a power cut may still undo that")
    }
  }
}
