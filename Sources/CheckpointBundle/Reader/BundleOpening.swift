import CheckpointIO
import CheckpointTable
import CheckpointWire

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
  let index: PooledFile
  let table: TableReader
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
    for _ in 0..<Self.mostTries {
      let index = try Self.openIndex(paths, fileSystem)
      if let opening = try Self.attempt(index, paths, fileSystem, opensData) {
        guard let atPath = try fileSystem.status(of: paths.index) else {
          throw FileChange.deleted.error(at: paths.prefix)
        }
        let now = (opened: index.status, atPath: atPath)
        // Nothing has changed between two tries: then a file system says two things of one file.
        if let last, last == now { index.accept(atPath) }
        if try index.change() == nil {
          self = opening
          return
        }
        last = now
      }
    }
    throw CheckpointError(
      .busy,
      "this checkpoint was replaced \(Self.mostTries) times while it was being opened; wait until "
        + "whoever saves to it has finished, or let every save have a name of its own",
      file: paths.prefix)
  }

  private init(index: PooledFile, table: TableReader, shards: ShardSet) {
    (self.index, self.table, self.shards) = (index, table, shards)
  }

  // `nil` if the index was replaced while it was read, and is not what it should be.
  private static func attempt(
    _ index: PooledFile, _ paths: BundlePath, _ fileSystem: any FileSystem, _ opensData: Bool
  ) throws(CheckpointError) -> BundleOpening? {
    do throws(CheckpointError) {
      let table = try TableReader(index)
      let header = try header(of: table)
      let shards = ShardSet(paths: paths, header, index: index, fileSystem: fileSystem)
      if opensData { shards.openFirst() }
      return BundleOpening(index: index, table: table, shards: shards)
    } catch {
      guard error.maySayChange, let change = try index.change() else { throw error }
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
      throw MissingBundle(prefix: paths.prefix, fileSystem: fileSystem).error
    }
  }

  private static func header(of table: TableReader) throws(CheckpointError) -> BundleHeader {
    let none: [UInt8] = []
    do throws(CheckpointError) {
      let header = try table.withValue(for: none.span) { value throws(CheckpointError) in
        try BundleHeader(message: value)
      }
      if let header { return header }
      throw CheckpointError(.corrupt, "the index has no header; it is no index of a V2 checkpoint")
    } catch {
      throw error.located(file: table.path)
    }
  }

  private static let mostTries = 10
}
