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
/// Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, `BundleReader`.
public struct BundleReader: TensorReader {
  /// The prefix.
  public let path: String
  /// The data files.
  let shards: ShardSet
  let table: TableReader

  /// Opens the checkpoint of a prefix.
  ///
  /// - Throws: `notACheckpoint` if there is no index; `corrupt` or `truncated` if it is damaged;
  ///   `unsupported` if it is of a later version.
  public init(prefix: String) throws(CheckpointError) {
    try self.init(prefix: prefix, fileSystem: LocalFileSystem())
  }

  package init(prefix: String, fileSystem: any FileSystem) throws(CheckpointError) {
    let paths = BundlePath(prefix)
    let table = try TableReader(Self.openIndex(paths, fileSystem))
    let header: BundleHeader
    do throws(CheckpointError) {
      header = try Self.header(of: table)
    } catch {
      throw error.located(file: paths.index)
    }
    self.path = prefix
    self.table = table
    shards = ShardSet(
      paths: paths,
      count: header.shardCount,
      isBigEndian: header.isBigEndian,
      fileSystem: fileSystem
    )
  }

  private static func openIndex(
    _ paths: BundlePath,
    _ fileSystem: any FileSystem
  ) throws(CheckpointError) -> any ReadableFile {
    do throws(CheckpointError) {
      return try fileSystem.openFile(paths.index)
    } catch {
      guard error.code == .notFound else { throw error }
      throw MissingBundle(prefix: paths.prefix, fileSystem: fileSystem).error
    }
  }

  private static func header(of table: TableReader) throws(CheckpointError) -> BundleHeader {
    let none: [UInt8] = []
    let header = try table.withValue(for: none.span) { value throws(CheckpointError) in
      try BundleHeader(message: value)
    }
    guard let header else {
      throw CheckpointError(.corrupt, "the index has no header; it is no index of a V2 checkpoint")
    }
    return header
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
      throw error.located(file: indexPath, key: key.description)
    }
  }

  /// Calls `body` with every key and entry of the index but the header, those of slices included.
  func forEachBundleEntry(
    _ body: (Span<UInt8>, BundleEntry) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var isHeader = true
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
  }

  /// Calls `body` with every key and entry that can be read, and `damage` with all that is wrong with
  /// the others.
  func forEachReadableEntry(
    _ body: (TensorKey, BundleEntry) -> Void,
    damage: (CheckpointError) -> Void
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
          .corrupt,
          "the entry names data file \(entry.shard), there are \(shards.count)"
        )
      }
      return entry
    } catch {
      var error = error
      error.offset = nil  // it counts from the entry, not from the file
      throw error
    }
  }
}
