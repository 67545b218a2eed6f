import CheckpointIO
import CheckpointWire
import Synchronization

/// The data files of a bundle, each opened when it is needed.
///
/// However many there are, a bounded number stays open; who uses one keeps it.
final class ShardSet: Sendable {
  /// How many there are, by their names; those that no entry names may be absent.
  let count: Int
  /// Whether numbers in them are big-endian.
  let isBigEndian: Bool
  private let paths: BundlePath
  private let fileSystem: any FileSystem
  private let files = Mutex<[Int: any ReadableFile]>([:])

  init(paths: BundlePath, count: Int, isBigEndian: Bool, fileSystem: any FileSystem) {
    self.paths = paths
    self.count = count
    self.isBigEndian = isBigEndian
    self.fileSystem = fileSystem
  }

  /// The path of a data file.
  func path(_ shard: Int) -> String { paths.data(shard: shard, of: count) }

  /// A data file, opened.
  ///
  /// - Throws: `notFound` if it is missing.
  func file(_ shard: Int) throws(CheckpointError) -> any ReadableFile {
    let known = files.withLock { $0[shard] }
    if let known { return known }
    let file: any ReadableFile
    do throws(CheckpointError) {
      file = try fileSystem.openFile(path(shard))
    } catch {
      guard error.code == .notFound else { throw error }
      throw CheckpointError(
        .notFound,
        "this data file is missing; the index of '\(paths.prefix)' names it",
        file: path(shard)
      )
    }
    return files.withLock { files in
      if let other = files[shard] { return other }  // another thread was faster
      if files.count >= Self.mostOpen { files.removeAll() }
      files[shard] = file
      return file
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

  fileprivate static func check(
    _ range: ByteRange,
    in file: any ReadableFile
  ) throws(CheckpointError) {
    do throws(CheckpointError) {
      try range.checked(within: file.byteCount, what: "the tensor")
    } catch {
      throw error.located(file: file.path)
    }
  }

  // A process may have 1024 files open on many systems, and has others.
  private static let mostOpen = 128
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
  mutating func checkedByteCount(of entry: BundleEntry) throws(CheckpointError) -> Int {
    if entry.range.count > 0 { try ShardSet.check(entry.range, in: file(entry.shard)) }
    return Int(entry.range.count)
  }
}
