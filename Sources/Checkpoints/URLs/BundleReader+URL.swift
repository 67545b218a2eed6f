public import CheckpointBundle
public import CheckpointIO
public import CheckpointSafetensors
public import CheckpointSlices
public import CheckpointTensors
public import Foundation

// The formats, tensor by tensor.

extension BundleReader {
  /// Opens the checkpoint of a prefix, by a file URL.
  ///
  /// - Parameter url: The prefix.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public init(prefix url: URL) throws(CheckpointError) { try self.init(prefix: url.checkpointPath) }
}

extension BundleWriter {
  /// Begins a checkpoint, by a file URL.
  ///
  /// - Parameters:
  ///   - url: What the names of its files begin with.
  ///   - shardByteCounts: For each data file how many bytes it will take, as far as known; 0 if not.
  ///   - options: How the files are written.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public init(
    prefix url: URL, shardByteCounts: [UInt64] = [0], options: SaveOptions = SaveOptions()
  ) throws(CheckpointError) {
    try self.init(prefix: url.checkpointPath, shardByteCounts: shardByteCounts, options: options)
  }
}

extension BundleMerger {
  /// Makes one checkpoint of several, by file URLs: ``merge(_:into:options:)``.
  ///
  /// - Parameters:
  ///   - parts: Their prefixes.
  ///   - url: What the names of the new checkpoint's files begin with.
  ///   - options: How the files are written.
  /// - Throws: As with paths.
  @_documentation(visibility: internal)
  public static func merge(_ parts: [URL], into url: URL, options: SaveOptions = SaveOptions())
    throws(CheckpointError)
  {
    try merge(parts.checkpointPaths, into: url.checkpointPath, options: options)
  }
}

extension BundleRenamer {
  /// Renames tensors where they stand: ``rename(_:in:options:)`` with a file URL.
  ///
  /// - Parameters:
  ///   - names: New names by the old ones.
  ///   - url: The checkpoint's prefix.
  ///   - options: How the index is written.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public static func rename(
    _ names: [TensorKey: TensorKey], in url: URL, options: SaveOptions = SaveOptions()
  ) throws(CheckpointError) {
    try rename(names, in: url.checkpointPath, options: options)
  }
}

extension SlicesReader {
  /// Opens a V1 checkpoint, by a file URL.
  ///
  /// - Parameter url: A file, or the pattern for all shards.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public init(path url: URL) throws(CheckpointError) { try self.init(path: url.checkpointPath) }
}

extension SlicesWriter {
  /// Begins a V1 checkpoint of one file, by a file URL.
  ///
  /// - Parameters:
  ///   - url: The file.
  ///   - options: How it is written.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public init(path url: URL, options: SaveOptions = SaveOptions()) throws(CheckpointError) {
    try self.init(path: url.checkpointPath, options: options)
  }

  /// Begins a V1 checkpoint of several files, by a file URL.
  ///
  /// - Parameters:
  ///   - url: What their names begin with.
  ///   - shardCount: How many there are.
  ///   - options: How they are written.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public init(prefix url: URL, shardCount: Int, options: SaveOptions = SaveOptions())
    throws(CheckpointError)
  {
    try self.init(prefix: url.checkpointPath, shardCount: shardCount, options: options)
  }
}

extension SafetensorsReader {
  /// Opens a safetensors file, by its file URL.
  ///
  /// - Parameter url: The file.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public init(_ url: URL) throws(CheckpointError) { try self.init(url.checkpointPath) }
}

extension SafetensorsWriter {
  /// Begins a safetensors file, by its file URL.
  ///
  /// - Parameters:
  ///   - url: The file.
  ///   - metadata: Texts about the file.
  ///   - options: How it is written.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public init(_ url: URL, metadata: [String: String] = [:], options: SaveOptions = SaveOptions())
    throws(CheckpointError)
  {
    try self.init(url.checkpointPath, metadata: metadata, options: options)
  }

  /// Begins a safetensors file of tensors that are known but for their values, by its file URL.
  ///
  /// - Parameters:
  ///   - url: The file.
  ///   - tensors: What will be added.
  ///   - metadata: Texts about the file.
  ///   - options: How it is written.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public init(
    _ url: URL, declaring tensors: [(key: TensorKey, spec: TensorSpec)],
    metadata: [String: String] = [:], options: SaveOptions = SaveOptions()
  ) throws(CheckpointError) {
    try self.init(url.checkpointPath, declaring: tensors, metadata: metadata, options: options)
  }
}
