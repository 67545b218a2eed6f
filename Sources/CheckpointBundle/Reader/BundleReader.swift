public import CheckpointIO
public import CheckpointTensors
import CheckpointTable
import CheckpointWire

/// A V2 checkpoint, open for reading.
///
///     let reader = try BundleReader(prefix: "run/ckpt-7")
///     for entry in try reader.entries() { print(entry.key, entry.spec) }
///
/// Opening reads the end of the index only; a tensor is looked up in the block that has it.
///
/// The files stay open as long as there are not too many: what is deleted or replaced later can be read
/// still. Of more than about a hundred data files some are opened later, if the checkpoint still stands.
///
/// Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, `BundleReader`.
public struct BundleReader: TensorReader {
  /// The prefix.
  public let path: String
  /// The data files.
  let shards: ShardSet
  let table: TableReader
  private let index: PooledFile

  /// Opens the checkpoint of a prefix.
  ///
  /// - Throws: `notACheckpoint` if there is no index; `notFound` if it was deleted meanwhile; `busy` if
  ///   it is replaced again and again; `corrupt` or `truncated` if it is damaged; `unsupported` if it is
  ///   of a later version.
  public init(prefix: String) throws(CheckpointError) {
    try self.init(prefix: PathText.path(prefix), fileSystem: LocalFileSystem())
  }

  package init(prefix: String, fileSystem: any FileSystem, opensData: Bool = true)
    throws(CheckpointError)
  {
    let paths = BundlePath(prefix)
    let opening = try BundleOpening(paths, fileSystem: fileSystem, opensData: opensData)
    path = prefix
    index = opening.index
    table = opening.table
    shards = opening.shards
  }

  /// Says of an error that the checkpoint was deleted or replaced meanwhile, if that is its cause.
  func explained(_ error: CheckpointError) -> CheckpointError {
    index.explained(error, path: path)
  }

  /// The number of data files, by their names.
  public var shardCount: Int { shards.count }
  /// Whether numbers in the data files are big-endian.
  public var isBigEndian: Bool { shards.isBigEndian }

  /// What the index says under a key: of a tensor, or of a slice.
  func bundleEntry(for key: TensorKey) throws(CheckpointError) -> BundleEntry? {
    guard !key.bytes.isEmpty else { return nil }  // the header's
    do throws(CheckpointError) {
      return try table.withValue(for: key.bytes.span) { value throws(CheckpointError) in
        try self.decode(value)
      }
    } catch {
      throw explained(error).located(file: indexPath, key: key.description)
    }
  }

  /// Calls `body` with every key and entry of the index but the header, those of slices included.
  func forEachBundleEntry(_ body: (Span<UInt8>, BundleEntry) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    var isHeader = true
    do throws(CheckpointError) {
      try table.forEach { key, value throws(CheckpointError) in
        guard !isHeader else {
          isHeader = false  // the empty key comes first; keys ascend, so there is one
          return
        }
        let entry: BundleEntry
        do throws(CheckpointError) {
          entry = try self.decode(value)
        } catch {
          throw error.located(file: self.indexPath, key: TensorKey(copying: key).description)
        }
        try body(key, entry)
      }
    } catch {
      throw explained(error)
    }
  }

  /// Calls `body` with every key and entry that can be read, and `damage` with all that is wrong with
  /// the others.
  func forEachReadableEntry(
    _ body: (TensorKey, BundleEntry) -> Void, damage: (CheckpointError) -> Void
  ) {
    table.forEachReadable { key, value in
      guard !key.isEmpty else { return }  // the header
      let key = TensorKey(copying: key)
      do throws(CheckpointError) {
        body(key, try self.decode(value))
      } catch {
        damage(error.located(file: self.indexPath, key: key.description))
      }
    } damage: {
      damage($0)
    }
  }

  /// What is wrong with a part of the index that no reader needs; `nil` if nothing is.
  var unusedDamage: CheckpointError? {
    do throws(CheckpointError) {
      try table.checkMetaindex()
      return nil
    } catch {
      return error.located(file: indexPath)
    }
  }

  /// The path of the index.
  var indexPath: String { BundlePath(path).index }

  func decode(_ value: Span<UInt8>) throws(CheckpointError) -> BundleEntry {
    do throws(CheckpointError) {
      let entry = try BundleEntry(message: value)
      guard entry.shard < shards.count || !entry.slices.isEmpty else {
        throw CheckpointError(
          .corrupt, "the entry names data file \(entry.shard), there are \(shards.count)")
      }
      return entry
    } catch {
      var error = error
      error.offset = nil  // it counts from the entry, not from the file
      throw error
    }
  }
}

extension BundleReader: FileBackedReader {
  /// Closes the index and the data files until they are needed.
  package func closeFiles(keepsChecksum: Bool) {
    shards.closeFiles()
    index.close(keepsChecksum: keepsChecksum)
    table.forgetBlocks()  // the next look-up compares the index
  }

  /// What has become of the index.
  package func change() throws(CheckpointError) -> FileChange? { try index.change() }
}
