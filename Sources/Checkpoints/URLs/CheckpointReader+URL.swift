import CheckpointStore
import CheckpointMapping
public import CheckpointGraph
public import CheckpointIO
public import CheckpointPlans
public import CheckpointTensors
public import Foundation

// What is read of a checkpoint, or of a file beside it.

extension CheckpointReader {
  /// Opens a checkpoint, by a file URL.
  ///
  /// - Parameter url: As the path of ``init(_:)``.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public init(_ url: URL) throws(CheckpointError) { try self.init(url.checkpointPath) }

  /// What kind of checkpoint there is: ``format(at:)`` with a file URL.
  ///
  /// - Parameter url: A prefix, a file, or the pattern of a V1 checkpoint in parts.
  /// - Returns: The format; `nil` if there is none.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public static func format(at url: URL) throws(CheckpointError) -> CheckpointFormat? {
    try format(at: url.checkpointPath)
  }
}

extension Verification {
  /// Checks a checkpoint, by a file URL.
  ///
  /// - Parameters:
  ///   - url: As for ``CheckpointReader/init(_:)``.
  ///   - progress: Called with the number of bytes that have been checked, and of all there are.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public init(
    of url: URL,
    progress: @escaping @Sendable (_ checked: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(CheckpointError) {
    try self.init(of: url.checkpointPath, progress: progress)
  }
}

extension ObjectGraph {
  /// Reads the graph of a checkpoint, by a file URL.
  ///
  /// - Parameter url: The prefix.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public init(at url: URL) throws(CheckpointError) { try self.init(at: url.checkpointPath) }

  /// The keys of the variables of each full name: ``keyMapping(at:)`` with a file URL.
  ///
  /// - Parameter url: The prefix.
  /// - Returns: The keys.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public static func keyMapping(at url: URL) throws(CheckpointError) -> [String: [String]] {
    try keyMapping(at: url.checkpointPath)
  }
}

extension MetaGraphSummary {
  /// Reads a `.meta` file, by its file URL.
  ///
  /// - Parameter url: The file.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public init(contentsOf url: URL) throws(CheckpointError) {
    try self.init(contentsOf: url.checkpointPath)
  }
}

extension KeyMapping {
  /// Reads a mapping from a file of JSON, by its file URL.
  ///
  /// - Parameter url: The file.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public init(jsonFile url: URL) throws(CheckpointError) {
    try self.init(jsonFile: url.checkpointPath)
  }
}

extension CheckpointConversion {
  /// Plans a conversion between file URLs.
  ///
  /// - Parameters:
  ///   - source: As for ``CheckpointReader/init(_:)``.
  ///   - destination: The prefix of a V2 checkpoint, or a file.
  ///   - options: What to convert to.
  /// - Throws: As with paths.
  @_documentation(visibility: internal)
  public init(from source: URL, to destination: URL, options: Options = Options())
    throws(CheckpointError)
  {
    try self.init(from: source.checkpointPath, to: destination.checkpointPath, options: options)
  }

  /// Plans to write the tensors of several checkpoints as one, by file URLs.
  ///
  /// - Parameters:
  ///   - sources: As for ``CheckpointReader/init(_:)``.
  ///   - destination: The prefix of a V2 checkpoint, or a file.
  ///   - options: What to convert to.
  /// - Throws: As with paths.
  @_documentation(visibility: internal)
  public init(merging sources: [URL], to destination: URL, options: Options = Options())
    throws(CheckpointError)
  {
    try self.init(
      merging: sources.checkpointPaths, to: destination.checkpointPath, options: options)
  }
}

extension CheckpointConversion {
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

extension CheckpointWriter {
  /// Begins a checkpoint, by a file URL.
  ///
  /// - Parameters:
  ///   - url: What the names of its files begin with, or the file.
  ///   - metadata: Texts about a safetensors file, beside those of the options.
  ///   - options: How it is written.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public init(
    to url: URL, metadata: [String: String] = [:], options: SaveOptions = SaveOptions()
  ) throws(CheckpointError) {
    try self.init(to: url.checkpointPath, metadata: metadata, options: options)
  }
}
