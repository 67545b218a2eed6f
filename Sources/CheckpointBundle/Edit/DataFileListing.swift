package import CheckpointIO

// Directories are listed before any of the locks is taken, so that this is done once for all checkpoints
// that go, and not for each, or for as many as can be locked at once. What somebody has saved in between
// has another index; a dead save has left a note. There the directory is listed again, under the lock.

/// The data files of checkpoints that are to go, from one look at each of their directories.
///
/// What it knows of a checkpoint is true as long as the checkpoint has the same index, since every save replaces
/// the index.
package struct DataFileListing: Sendable {
  private struct Checkpoint {
    let index: FileStatus?
    var dataFiles: [DataFileName] = []
  }

  // For each directory, its checkpoints by the names of their prefixes.
  private var checkpoints: [FileName: [FileName: Checkpoint]] = [:]

  /// Looks for the data files of checkpoints.
  ///
  /// A directory that cannot be listed is left out.
  ///
  /// - Parameters:
  ///   - prefixes: The prefixes; nothing need be there.
  ///   - fileSystem: Where.
  package init(of prefixes: [String], fileSystem: any FileSystem) {
    let byDirectory = Dictionary(grouping: prefixes) { FileName(Path($0).directory) }
    for (directory, paths) in byDirectory {
      checkpoints[directory] = try? Self.checkpoints(directory.text, paths, fileSystem)
    }
  }

  // The indexes come first: one that is the same later was there when the directory was listed.
  private static func checkpoints(
    _ directory: String, _ prefixes: [String], _ fileSystem: any FileSystem
  ) throws(CheckpointError) -> [FileName: Checkpoint] {
    var checkpoints: [FileName: Checkpoint] = [:]
    for prefix in prefixes {
      let index = try fileSystem.status(of: BundlePath(prefix).index)
      checkpoints[FileName(Path(prefix).name)] = Checkpoint(index: index)
    }
    for name in try fileSystem.namesInDirectory(directory) {
      guard let file = DataFileName(name) else { continue }
      checkpoints[FileName(file.prefix)]?.dataFiles.append(file)
    }
    return checkpoints
  }

  /// The data files of a checkpoint, whose lock is held; `nil` if that is not known, or not any more.
  ///
  /// - Throws: `io` if the system fails.
  func dataFiles(of prefix: String, fileSystem: any FileSystem) throws(CheckpointError)
    -> [DataFileName]?
  {
    let place = Path(prefix)
    let (directory, name) = (FileName(place.directory), FileName(place.name))
    guard let known = checkpoints[directory]?[name] else { return nil }
    let index = try fileSystem.status(of: BundlePath(prefix).index)
    guard Self.isSame(known.index, index) else { return nil }
    return known.dataFiles.sorted { ($0.count, $0.shard) < ($1.count, $1.shard) }
  }

  private static func isSame(_ one: FileStatus?, _ other: FileStatus?) -> Bool {
    guard let one, let other else { return one == nil && other == nil }
    return one.isUnchanged(other)
  }
}
