import CheckpointIO
import Synchronization

/// The data files of a bundle: the first are opened with the index, others when they are needed.
///
/// However many there are, a bounded number stays open: see `FilePool`.
final class ShardSet: Sendable {
  /// How many there are, by their names; those that no entry names may be absent.
  let count: Int
  /// Whether numbers in them are big-endian.
  let isBigEndian: Bool
  private let paths: BundlePath
  private let index: PooledFile
  private let fileSystem: any FileSystem
  private let files = Mutex<[Int: PooledFile]>([:])

  init(paths: BundlePath, _ header: BundleHeader, index: PooledFile, fileSystem: any FileSystem) {
    self.paths = paths
    self.index = index
    self.fileSystem = fileSystem
    count = header.shardCount
    isBigEndian = header.isBigEndian
  }

  /// The path of a data file.
  func path(_ shard: Int) -> String { paths.data(shard: shard, of: count) }

  /// Opens as many as may be open at once, with the index.
  ///
  /// A data file that is missing, or that the system refuses to open, is no error here, but where it is needed.
  func openFirst() {
    for shard in 0..<min(count, FilePool.shared.capacity - 1) {
      do throws(CheckpointError) {
        let file = try PooledFile(path(shard), fileSystem: fileSystem, insists: false)
        files.withLock { $0[shard] = file }
      } catch {
        if error.saysTooManyFiles { return closeFiles() }  // somebody else may need what is left
      }
    }
  }

  /// Closes all, until they are needed.
  func closeFiles() {
    for file in files.withLock({ Array($0.values) }) { file.close() }
  }

  /// A data file, opened.
  ///
  /// - Throws: `notFound` if it is missing, or if the checkpoint was deleted meanwhile; `busy` if it was
  ///   replaced; `io` if the system refuses.
  func file(_ shard: Int) throws(CheckpointError) -> any ReadableFile {
    if let known = files.withLock({ $0[shard] }) { return known }
    let file: PooledFile
    do throws(CheckpointError) {
      file = try PooledFile(path(shard), fileSystem: fileSystem)
    } catch {
      try checkIndex()
      throw refusal(error, shard)
    }
    try checkIndex()
    return files.withLock { files in
      if let other = files[shard] { return other }  // another thread was faster
      files[shard] = file
      return file
    }
  }

  // A data file that is opened later belongs to the index only if the index has not been replaced since.
  private func checkIndex() throws(CheckpointError) {
    if let change = try index.change() { throw change.error(at: paths.prefix) }
  }

  private func refusal(_ error: CheckpointError, _ shard: Int) -> CheckpointError {
    switch error.code {
    case .notFound:
      CheckpointError(
        .notFound, "this data file is missing; the index of '\(paths.prefix)' names it",
        file: path(shard))
    // A directory or a device is there: that says nothing of a checkpoint's bytes.
    case .notACheckpoint: CheckpointError(.io, error.message, file: path(shard))
    default: error
    }
  }

  /// A data file in which a payload lies whole.
  ///
  /// - Throws: `truncated` if the file is too short; `notFound` if it is missing.
  func file(_ shard: Int, holding range: ByteRange) throws(CheckpointError) -> any ReadableFile {
    let file = try file(shard)
    try Self.check(range, in: file)
    return file
  }

  fileprivate static func check(_ range: ByteRange, in file: any ReadableFile)
    throws(CheckpointError)
  {
    do throws(CheckpointError) {
      try range.checked(within: file.byteCount, what: "the tensor")
    } catch {
      throw error.located(file: file.path)
    }
  }
}

/// The data files of payloads that are gone through in order: neighbours are in the same one most often,
/// which is looked up once.
struct ShardCursor {
  private let shards: ShardSet
  private var current: (shard: Int, file: any ReadableFile)?

  init(_ shards: ShardSet) { self.shards = shards }

  /// A data file, opened.
  ///
  /// - Throws: `notFound` if it is missing.
  mutating func file(_ shard: Int) throws(CheckpointError) -> any ReadableFile {
    if let current, current.shard == shard { return current.file }
    let file = try shards.file(shard)
    current = (shard, file)
    return file
  }

  /// How many bytes a payload takes, in a data file that has them: whoever asks for memory of this size
  /// asks for no more than the file has.
  ///
  /// - Throws: `truncated` if the file is too short; `notFound` if it is missing.
  mutating func checkedByteCount(of payload: StoredPayload) throws(CheckpointError) -> Int {
    if payload.range.count > 0 { try ShardSet.check(payload.range, in: file(payload.shard)) }
    return Int(payload.range.count)
  }
}
