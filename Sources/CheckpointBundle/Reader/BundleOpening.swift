import CheckpointIO

// A checkpoint is opened while others may replace or delete it:
//
//   1. open the index, and read its header
//   2. open the data files, as many as may be open at once
//   3. look whether the path leads to the same index still: if not, begin again
//
// A save replaces the index first and deletes data files after that, and no data file is written to that
// an index counts. So, if the index is the same after the data files have been opened, they are its own;
// and what is open can be read, whatever becomes of its name. A data file that is opened later is one
// of the index only if that is still the same then.

/// The files of a checkpoint, opened so that they belong together.
struct BundleOpening {
  let index: BundleIndexReader
  let shards: ShardSet

  /// Opens the files.
  ///
  /// - Parameters:
  ///   - paths: The files.
  ///   - fileSystem: Where.
  ///   - opensData: Whether data files are opened already: not for what only the index is asked for.
  /// - Throws: `notACheckpoint` if there is no index; `notFound` if it was deleted meanwhile; `busy` if it
  ///   is replaced again and again; `corrupt` or `truncated` if it is damaged, and was not replaced.
  init(_ paths: BundlePath, fileSystem: any FileSystem, opensData: Bool) throws(CheckpointError) {
    var last: (opened: FileStatus, atPath: FileStatus)?
    self = try RepeatedOpening.open(paths.prefix) { () throws(CheckpointError) in
      let file = try Self.openIndex(paths, fileSystem)
      guard let opening = try Self.attempt(file, paths, fileSystem, opensData) else { return nil }
      guard let atPath = try fileSystem.status(of: paths.index) else {
        throw FileChange.deleted.error(at: paths.prefix)
      }
      let now = (opened: file.status, atPath: atPath)
      // If nothing has changed between two tries, the file system itself describes one file in two ways.
      if let last, last == now { file.accept(atPath) }
      last = now
      return try file.change() == nil ? opening : nil
    }
  }

  private init(index: BundleIndexReader, shards: ShardSet) {
    (self.index, self.shards) = (index, shards)
  }

  // `nil` if reading the index failed because it was replaced meanwhile.
  private static func attempt(
    _ file: PooledFile, _ paths: BundlePath, _ fileSystem: any FileSystem, _ opensData: Bool
  ) throws(CheckpointError) -> BundleOpening? {
    do throws(CheckpointError) {
      let index = try BundleIndexReader(file, prefix: paths.prefix)
      let shards = ShardSet(paths: paths, index.header, index: file, fileSystem: fileSystem)
      if opensData { shards.openFirst() }
      return BundleOpening(index: index, shards: shards)
    } catch {
      guard error.maySayChange, let change = try file.change() else { throw error }
      guard change == .replaced else { throw change.error(at: paths.prefix) }
      return nil
    }
  }

  private static func openIndex(_ paths: BundlePath, _ fileSystem: any FileSystem)
    throws(CheckpointError) -> PooledFile
  {
    do throws(CheckpointError) {
      return try PooledFile(paths.index, fileSystem: fileSystem)
    } catch {
      guard error.code == .notFound else { throw error }
      let name = Path(paths.index).name
      throw CheckpointError(.notACheckpoint, "there is no '\(name)'", file: paths.prefix)
    }
  }
}
