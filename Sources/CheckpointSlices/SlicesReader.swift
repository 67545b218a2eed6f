package import CheckpointIO
package import CheckpointTensors
import CheckpointTable
import CheckpointWire

/// A V1 checkpoint, open for reading: what TensorFlow's savers wrote before `.index` files came.
///
///     let reader = try SlicesReader(path: "run/model.ckpt-1000")
///     let sharded = try SlicesReader(path: "run/model.ckpt-2000-?????-of-00002")
///     for entry in try sharded.entries() { print(entry.key, entry.spec) }
///
/// Opening reads the end of each file and its list of tensors. Listing and looking up read nothing
/// more. Reading a tensor reads one block for each slice that matters, checks it as a whole, and
/// decodes from there into the memory asked for: besides that, a block is what it takes, and a slice
/// of which only some is wanted.
///
/// If there are more than about a hundred files, those that have not been used for longest are closed, and opened
/// again when they are needed.
/// Source: tensorflow/core/util/tensor_slice_reader.cc, `TensorSliceReader`.
package struct SlicesReader: TensorReader {
  /// The path, or the pattern for all shards.
  package let path: String
  let files: [SlicesFile]
  let catalog: SlicesCatalog

  /// Opens a checkpoint.
  ///
  /// - Parameter path: A file; or the pattern `run/model.ckpt-?????-of-00002` for all shards of a
  ///   checkpoint, all of which have to be there. One shard may be opened as a file: it then has its
  ///   own tensors only, and of partitioned ones its own slices.
  /// - Throws: `notACheckpoint` if there is no such file, or one of another kind; `notFound` if a shard
  ///   is missing, or if it was deleted meanwhile; `busy` if files are replaced again and
  ///   again; `corrupt` or `truncated` if a file is damaged; `unsupported` if it is of a later version.
  package init(path: String) throws(CheckpointError) {
    try self.init(path: PathText.path(path), fileSystem: LocalFileSystem())
  }

  package init(path: String, fileSystem: any FileSystem) throws(CheckpointError) {
    (files, catalog) = try SlicesOpening(path, fileSystem).open()
    self.path = path
  }

  /// Opens a checkpoint of one file, which is open.
  package init(file: PooledFile, fileSystem: any FileSystem) throws(CheckpointError) {
    (files, catalog) = try SlicesOpening(file.path, fileSystem, opened: file).open()
    path = file.path
  }

  /// Says of an error that the checkpoint was deleted or replaced meanwhile, if that is its cause.
  package func explained(_ error: CheckpointError) -> CheckpointError {
    guard error.maySayChange else { return error }
    return files.reduce(error) { $0.isOutdated ? $0 : $1.file.explained($0, path: path) }
  }

  /// The number of files.
  package var shardCount: Int { files.count }

  // MARK: Listing

  /// Calls `body` with every tensor, in byte order of the keys.
  ///
  /// An entry's size is that of its numbers in memory: how many bytes they take in the file, and how
  /// many strings take, only the records say. It counts the slices that are there.
  ///
  /// - Throws: What `body` throws.
  package func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    for key in catalog.keys {
      if let tensor = catalog[key] { try body(entry(key, tensor)) }
    }
  }

  /// What the checkpoint says of one tensor; `nil` if it has none of this key.
  package func entry(for key: TensorKey) -> TensorEntry? {
    catalog[key].map { entry(key, $0) }
  }

  private func entry(_ key: TensorKey, _ tensor: SlicesCatalog.SavedTensor) -> TensorEntry {
    var byteCount: UInt64 = 0
    for stored in tensor.slices {
      let shape = try? stored.slice.region(in: tensor.spec.shape).shape  // it was checked
      let size = shape.flatMap { TensorSpec(tensor.spec.dtype, $0).byteCount } ?? 0
      byteCount = byteCount.adding(UInt64(size)) ?? .max
    }
    let whole = tensor.whole
    return TensorEntry(
      key: key, spec: tensor.spec, byteCount: byteCount, shard: whole?.file,
      slices: whole == nil ? tensor.slices.map(\.slice) : [])
  }

  // MARK: Records

  /// Calls `body` with the record of a slice.
  ///
  /// - Throws: `corrupt` if there is none, or one of another slice; what `body` throws.
  func withRecord<Result>(
    of key: TensorKey, _ stored: SlicesCatalog.StoredSlice,
    _ body: (Span<UInt8>) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Result {
    let file = files[stored.file]
    let recordKey = key.sliceKey(stored.slice)
    do throws(CheckpointError) {
      let result = try file.table.withValue(for: recordKey.bytes.span) {
        record throws(CheckpointError) in
        do throws(CheckpointError) {
          try Self.check(SavedSliceRecord(record: record), is: key, stored.slice)
          return try body(record)
        } catch {
          throw error.withoutOffset
        }
      }
      if let result { return result }
      throw CheckpointError(.corrupt, "slice \(stored.slice) is listed, but has no record")
    } catch {
      throw error.located(file: file.path)
    }
  }

  static func check(_ record: SavedSliceRecord, is key: TensorKey, _ slice: TensorSlice)
    throws(CheckpointError)
  {
    guard record.key == key, record.slice == slice else {
      throw CheckpointError(
        .corrupt,
        "the record of slice \(slice) says that it is slice \(record.slice) of '\(record.key)'")
    }
  }
}

extension SlicesReader: FileBackedReader {
  /// Closes the files until they are needed.
  package func closeFiles(keepsChecksum: Bool) {
    for file in files {
      file.file.close()
      file.table.forgetBlocks()  // the next look-up compares the file
    }
  }

  /// What has become of the first file that is not what it was.
  package func change() throws(CheckpointError) -> FileChange? {
    for file in files {
      if let change = try file.file.change() { return change }
    }
    return nil
  }
}
