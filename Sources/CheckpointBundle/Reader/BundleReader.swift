package import CheckpointIO
import CheckpointTensors

/// A V2 checkpoint, open for reading.
///
///     let reader = try BundleReader(prefix: "run/ckpt-7")
///     for entry in try reader.entries() { print(entry.key, entry.spec) }
///
/// Opening reads the end of the index only; a tensor is looked up in the block that has it.
///
/// The files stay open as long as there are not too many: what is deleted or replaced later can be read
/// still. Of more than about a hundred data files some are opened later, if the checkpoint still
/// stands.
///
/// Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, `BundleReader`.
package struct BundleReader: TensorReader {
  /// The prefix.
  package let path: String
  /// What the data files have of which tensor.
  let index: BundleIndexReader
  /// The data files.
  let shards: ShardSet
  /// Whether of a stored block no more is read than is wanted, even where that leaves its checksum
  /// uncompared.
  private(set) var readsOnlyParts = false

  /// Opens the checkpoint of a prefix.
  ///
  /// - Throws: `notACheckpoint` if there is no index; `notFound` if it was deleted meanwhile; `busy` if
  ///   it is replaced again and again; `corrupt` or `truncated` if it is damaged; `unsupported` if it
  ///   is of a later version.
  package init(prefix: String) throws(CheckpointError) {
    try self.init(prefix: PathText.path(prefix), fileSystem: LocalFileSystem())
  }

  package init(prefix: String, fileSystem: any FileSystem, opensData: Bool = true)
    throws(CheckpointError)
  {
    let paths = BundlePath(prefix)
    let opening = try BundleOpening(paths, fileSystem: fileSystem, opensData: opensData)
    path = prefix
    index = opening.index
    shards = opening.shards
  }

  /// The same reader, for a request.
  func reading(_ request: TensorRequest) -> BundleReader {
    var reader = self
    reader.readsOnlyParts = request.readsOnlyPart
    return reader
  }

  /// Says of an error that the checkpoint was deleted or replaced meanwhile, if that is its cause.
  package func explained(_ error: CheckpointError) -> CheckpointError { index.explained(error) }

  /// The number of data files, by their names.
  package var shardCount: Int { shards.count }
  /// Whether numbers in the data files are big-endian.
  package var isBigEndian: Bool { shards.isBigEndian }
}

extension BundleReader: FileBackedReader {
  /// Closes the index and the data files until they are needed.
  package func closeFiles(keepsChecksum: Bool) {
    shards.closeFiles()
    index.closeFile(keepsChecksum: keepsChecksum)
  }

  /// What has become of the index.
  package func change() throws(CheckpointError) -> FileChange? { try index.file.change() }
}
