import CheckpointBundle
public import CheckpointGraph
public import CheckpointIO
public import CheckpointSafetensors
import CheckpointSlices
public import CheckpointTensors

/// A checkpoint of any format, found from its files: V2, V1 or safetensors.
///
/// To open a V2 checkpoint takes the end of its index, to look a tensor up the block that has it, and
/// to read it nothing else: milliseconds, however many tensors there are. V1 and safetensors begin
/// with a list of all tensors, which opening reads whole; values are read when they are asked for.
///
/// The files stay open: a checkpoint that is deleted or replaced after that can be read still, unless its
/// files are more than about a hundred. Of those some are opened when they are needed, and where that is
/// too late, an error says so: `notFound` if the checkpoint was deleted, `busy` if it was replaced.
///
///     let reader = try CheckpointReader("run/ckpt-7")
///     print(reader.format, try reader.entries().count)
///     let kernel = try Tensor<Float>(reader.tensor(for: "dense/kernel"))
///
/// Source: tensorflow/python/training/py_checkpoint_reader.py, `NewCheckpointReader`.
public struct CheckpointReader: TensorReader {
  /// What the files are.
  public enum Format: String, Sendable, CaseIterable {
    /// An index and data files.
    case v2
    /// One sorted table, or several.
    case v1
    /// A header and a buffer.
    case safetensors
  }

  /// What the files are.
  public let format: Format
  /// What reads this format.
  package let reader: any TensorReader

  /// Opens a checkpoint.
  ///
  /// - Parameter path: The prefix of a V2 checkpoint; the file of a V1 checkpoint, or the pattern of
  ///   its parts (`model.ckpt-?????-of-00002`); a safetensors file; whatever else leads to one, see
  ///   ``CheckpointLocation``: a directory, for its latest checkpoint, a SavedModel, for its
  ///   variables, a file of a checkpoint. ``path`` says which it was.
  /// - Throws: `notACheckpoint` if there is none; `notFound` if it was deleted meanwhile; `busy` if it is
  ///   replaced again and again; `corrupt` or `truncated` if it is damaged.
  public init(_ path: String) throws(CheckpointError) { try self.init(at: path, LocalFileSystem()) }

  /// Opens whatever a path leads to.
  init(at path: String, _ fileSystem: any FileSystem) throws(CheckpointError) {
    self = try CheckpointOpening(path, fileSystem).open().reader
  }

  /// Opens the checkpoint of a prefix, or of a file of V1 or safetensors, and no other path.
  package init(_ text: String, fileSystem: any FileSystem) throws(CheckpointError) {
    let path = try PathText.path(text)
    let found = try Self.format(at: path, fileSystem)
    switch found {
    case .v1: reader = try SlicesReader(path: path, fileSystem: fileSystem)
    case .safetensors: reader = try SafetensorsReader(path, fileSystem: fileSystem)
    // Without any file, this says what is wrong.
    case .v2, nil: reader = try BundleReader(prefix: path, fileSystem: fileSystem)
    }
    format = found ?? .v2
  }

  /// What kind of checkpoint there is; `nil` if there is none.
  ///
  /// - Parameter path: A prefix, a file, or the pattern of a V1 checkpoint in parts; directories are none.
  /// - Returns: The format that the files have; they are not read to the end.
  /// - Throws: `io` if the system fails.
  public static func format(at path: String) throws(CheckpointError) -> Format? {
    try format(at: PathText.path(path), LocalFileSystem())
  }

  // As in TensorFlow, an index counts before a file of the path itself.
  package static func format(at path: String, _ fileSystem: any FileSystem) throws(CheckpointError)
    -> Format?
  {
    if try fileSystem.status(of: BundlePath(path).index)?.kind == .file { return .v2 }
    if try SlicesReader.isCheckpoint(at: path, fileSystem: fileSystem) { return .v1 }
    return try isSafetensors(path, fileSystem) ? .safetensors : nil
  }

  // The length of a header, which begins with a brace.
  private static func isSafetensors(_ path: String, _ fileSystem: any FileSystem)
    throws(CheckpointError) -> Bool
  {
    guard try fileSystem.status(of: path)?.kind == .file else { return false }
    do throws(CheckpointError) {
      return try beginsWithHeader(fileSystem.openFile(path))
    } catch  where !error.saysNothingOfContent {
      return false  // it went, or became shorter
    }
  }

  private static func beginsWithHeader(_ file: any ReadableFile) throws(CheckpointError) -> Bool {
    guard file.byteCount > 9 else { return false }
    let bytes = try file.bytes(at: 0, count: 9)
    var reader = ByteReader(bytes.span)
    let length = try reader.readUInt64()
    return try reader.readByte() == UInt8(ascii: "{") && length <= file.byteCount - 8
  }

  /// Where the checkpoint is.
  public var path: String { reader.path }

  /// The number of its data files, by their names: 1, if it is a file.
  public var shardCount: Int {
    switch reader {
    case let reader as BundleReader: reader.shardCount
    case let reader as SlicesReader: reader.shardCount
    default: 1
    }
  }

  /// The tensors of a safetensors file whose element types are not read here; in no list of entries.
  public var unsupportedTensors: [SafetensorsReader.UnsupportedTensor] {
    (reader as? SafetensorsReader)?.unsupportedTensors ?? []
  }

  /// The saved objects; `nil` if the checkpoint is name-based.
  ///
  /// - Returns: The graph.
  /// - Throws: `corrupt` if it is damaged.
  public func objectGraph() throws(CheckpointError) -> ObjectGraph? {
    try savedGraph().map { ObjectGraph($0) }
  }

  /// The saved objects in the form that takes the least memory; `nil` if the checkpoint is name-based.
  package func savedGraph() throws(CheckpointError) -> SavedGraph? {
    guard try entry(for: TensorKey(ObjectGraph.key)) != nil else { return nil }
    return try SavedGraph(from: reader)
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

  /// Looks up several tensors, to be read together.
  ///
  /// - Throws: As ``TensorReader/batch(of:)`` says.
  public func batch(of requests: [TensorRequest]) throws(CheckpointError) -> any TensorBatch {
    try reader.batch(of: requests)
  }

  /// Reads the elements of a tensor, or of a part of it, into memory of the caller.
  ///
  /// - Throws: As ``TensorReader/read(_:slice:into:)`` says.
  public func read(_ key: TensorKey, slice: TensorSlice?, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    try reader.read(key, slice: slice, into: &output)
  }

  /// Reads a tensor, or a part of it, into new memory.
  ///
  /// - Throws: As ``TensorReader/tensor(for:slice:)`` says.
  public func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor {
    try reader.tensor(for: key, slice: slice)
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
