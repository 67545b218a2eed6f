import CheckpointBundle
public import CheckpointGraph
public import CheckpointIO
import CheckpointMapping
package import CheckpointSafetensors
import CheckpointSlices
public import CheckpointTensors

/// A checkpoint of any format, found from its files: V2, V1, safetensors, or a model directory.
///
/// To open a V2 checkpoint, the reader reads the end of its index. To look up a tensor, it reads
/// the block that has it. Both take milliseconds, however many tensors there are. V1 and
/// safetensors files begin with a list of all tensors, which the reader reads whole. It reads
/// values when you ask for them.
///
/// The files stay open, so you can still read a checkpoint that is deleted or replaced after it was
/// opened. This does not hold for more than about a hundred files, since some of them are opened
/// only when they are needed. If that is too late, you get an error: `notFound` if the checkpoint
/// was deleted, `busy` if it was replaced.
///
///     let reader = try CheckpointReader("run/ckpt-7")
///     print(reader.format, try reader.entries().count)
///     let kernel = try Tensor<Float>(reader.tensor(for: "dense/kernel"))
///
/// Source: tensorflow/python/training/py_checkpoint_reader.py, `NewCheckpointReader`.
public struct CheckpointReader: TensorReader {
  /// A tensor of a safetensors file whose element type is not read here.
  public struct UnsupportedTensor: Hashable, Sendable {
    /// The name.
    public let key: TensorKey
    /// The element type, as the file names it: `F8_E8M0`.
    public let typeName: String
    /// The dimensions.
    public let shape: TensorShape
    /// How many bytes the elements take.
    public let byteCount: UInt64
  }

  /// What the files are.
  public let format: CheckpointFormat
  /// What reads this format.
  package let reader: any TensorReader
  let fileSystem: any FileSystem

  /// Opens the checkpoint of a prefix, of a file of V1 or safetensors, of the index of a model or the
  /// directory that has it, or of the pattern of parts, and no other path.
  package init(_ text: String, fileSystem: any FileSystem) throws(CheckpointError) {
    let path = try PathText.path(text)
    self.fileSystem = fileSystem
    do throws(CheckpointError) {
      (format, reader) = try Self.open(path, fileSystem)
    } catch {
      throw error.namingForeignContent(in: fileSystem)
    }
  }

  /// Reads a safetensors file that is in memory.
  ///
  /// - Parameters:
  ///   - bytes: The file.
  ///   - path: What messages call it, and ``path`` is.
  /// - Throws: `unsupported` if these are no bytes of a safetensors file; `corrupt` or `truncated` if it is
  ///   damaged.
  public init(bytes: [UInt8], path: String = "memory") throws(CheckpointError) {
    let file = BytesFile(bytes, path: path)
    guard try CheckpointFormat(of: file) == .safetensors else {
      throw CheckpointError(
        .unsupported,
        "of checkpoints in memory, safetensors files are read; these bytes begin otherwise",
        file: path)
    }
    fileSystem = LocalFileSystem()
    (format, reader) = (.safetensors, try SafetensorsReader(file: file))
  }

  /// The same checkpoint with other names.
  init(_ checkpoint: CheckpointReader, reader: any TensorReader) {
    (format, fileSystem, self.reader) = (checkpoint.format, checkpoint.fileSystem, reader)
  }

  // As in TensorFlow, an index counts before a file of the path itself.
  private static func open(_ path: String, _ fileSystem: any FileSystem) throws(CheckpointError)
    -> (CheckpointFormat, any TensorReader)
  {
    guard try !fileSystem.hasBundle(at: path) else {
      return (.v2, try BundleReader(prefix: path, fileSystem: fileSystem))
    }
    switch try fileSystem.status(of: path)?.kind {
    case .file where path.removing(suffix: ModelIndex.ending) != nil:
      return (.modelDirectory, try SafetensorsReader(path, fileSystem: fileSystem))
    case .file:
      let file = try openFile(path, fileSystem)
      switch try CheckpointFormat(of: file) {
      case .v1: return (.v1, try SlicesReader(file: file, fileSystem: fileSystem))
      case .safetensors: return (.safetensors, try SafetensorsReader(file: file))
      case .v2, .modelDirectory, nil: throw MissingCheckpoint(at: path, fileSystem).error
      }
    case .directory:
      let listing = try DirectoryListing(of: path, fileSystem: fileSystem)
      guard let model = try listing.model() else {
        throw MissingCheckpoint(at: path, fileSystem).error
      }
      return (.modelDirectory, try open(model.path, fileSystem).1)
    case _: return try open(partsOf: path, fileSystem)
    }
  }

  private static func open(partsOf path: String, _ fileSystem: any FileSystem)
    throws(CheckpointError) -> (CheckpointFormat, any TensorReader)
  {
    guard let parts = PartsName(pattern: path), try fileSystem.hasCheckpoint(at: path) else {
      throw MissingCheckpoint(at: path, fileSystem).error
    }
    guard parts.isSafetensors else {
      return (.v1, try SlicesReader(path: path, fileSystem: fileSystem))
    }
    let reader = try SafetensorsReader(
      parts: Array(parts.parts), path: path, fileSystem: fileSystem)
    return (.modelDirectory, reader)
  }

  private static func openFile(_ path: String, _ fileSystem: any FileSystem)
    throws(CheckpointError) -> PooledFile
  {
    do throws(CheckpointError) {
      return try PooledFile(path, fileSystem: fileSystem)
    } catch {
      guard error.code == .notFound else { throw error }  // it went
      throw MissingCheckpoint(at: path, fileSystem).error
    }
  }

  /// The format of the checkpoint at a path, or `nil` if there is none.
  ///
  /// - Parameter path: A prefix, a file, a directory with a model in safetensors files, or the pattern of
  ///   parts. Any other directory is no checkpoint.
  /// - Returns: The format. The files are not read to the end.
  /// - Throws: `io` if the system fails.
  public static func format(at path: String) throws(CheckpointError) -> CheckpointFormat? {
    try CheckpointFormat(at: PathText.path(path), LocalFileSystem())
  }

  /// Where the checkpoint is.
  public var path: String { reader.path }

  /// The number of its data files; 1 if it is a single file.
  public var shardCount: Int { Self.shardCount(of: reader) }

  private static func shardCount(of reader: any TensorReader) -> Int {
    switch reader {
    case let reader as BundleReader: reader.shardCount
    case let reader as SlicesReader: reader.shardCount
    case let reader as SafetensorsReader: reader.shardCount
    case let names as FullNameReader: shardCount(of: names.reader)
    default: 1
    }
  }

  /// The tensors of a safetensors file whose element types are not read here; in no list of entries.
  public var unsupportedTensors: [UnsupportedTensor] {
    let tensors = (reader as? SafetensorsReader)?.unsupportedTensors ?? []
    return tensors.map {
      UnsupportedTensor(
        key: $0.key, typeName: $0.typeName, shape: $0.shape, byteCount: $0.byteCount)
    }
  }

  /// The texts that a safetensors file has about itself, `["format": "pt"]`; empty of other formats.
  ///
  /// Names in a file differ if their bytes do, keys of a dictionary if they mean something else: of an é that
  /// is one character and an é that is two, this has the name that comes first in byte order.
  public var metadata: [String: String] { texts.dictionary }

  /// All texts that a safetensors file has about itself.
  package var texts: NamedTexts { (reader as? SafetensorsReader)?.metadata ?? [:] }

  /// The saved objects; `nil` if the checkpoint is name-based.
  ///
  /// - Returns: The graph.
  /// - Throws: `corrupt` if it is damaged.
  public func objectGraph() throws(CheckpointError) -> ObjectGraph? {
    try savedGraph().map { ObjectGraph($0) }
  }

  // MARK: Reading

  /// Calls `body` with every tensor, in byte order of the keys.
  ///
  /// - Throws: As ``TensorReader/forEachEntry(_:)`` says.
  public func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    try reader.forEachEntry(body)
  }

  /// Every tensor, in byte order of the keys.
  ///
  /// - Throws: As ``TensorReader/entries()`` says.
  public func entries() throws(CheckpointError) -> [TensorEntry] { try reader.entries() }

  /// What the checkpoint says of one tensor.
  public func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry? {
    try reader.entry(for: key)
  }

  /// Reads the elements of a tensor, or of a part of it, into memory of the caller.
  ///
  /// - Throws: As ``TensorReader/read(_:slice:into:)`` says.
  public func read(_ key: TensorKey, slice: TensorSlice?, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    do throws(CheckpointError) {
      try reader.read(key, slice: slice, into: &output)
    } catch {
      throw explained(error, key)
    }
  }

  /// Reads a tensor, or a part of it, into new memory.
  ///
  /// - Throws: As ``TensorReader/tensor(for:slice:)`` says.
  public func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor {
    do throws(CheckpointError) {
      return try reader.tensor(for: key, slice: slice)
    } catch {
      throw explained(error, key)
    }
  }

  // What a file is that is no checkpoint's says nothing of the tensor that was wanted.
  private func explained(_ error: CheckpointError, _ key: TensorKey) -> CheckpointError {
    error.namingForeignContent(in: fileSystem).located(key: key.description)
  }
}

extension CheckpointReader: BatchReader {
  /// Looks up several tensors, to be read together.
  ///
  /// - Throws: As ``BatchReader/lookUp(_:)`` says.
  package func lookUp(_ requests: [TensorRequest]) throws(CheckpointError) -> any TensorBatch {
    try reader.batch(of: requests)
  }
}

extension CheckpointReader: FileBackedReader {
  /// Closes all files until they are needed.
  package func closeFiles(keepsChecksum: Bool) {
    reader.closeFilesIfAny(keepsChecksum: keepsChecksum)
  }

  /// What has become of the checkpoint.
  package func change() throws(CheckpointError) -> FileChange? { try reader.changeIfAny() }
}
