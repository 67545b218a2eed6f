import CheckpointBundle
public import CheckpointGraph
public import CheckpointIO
public import CheckpointTensors

extension ObjectGraph {
  /// Reads the graph of a checkpoint.
  ///
  /// - Parameter path: The prefix.
  /// - Throws: `unsupported` if the checkpoint is name-based and has none; `notACheckpoint` if there
  ///   is no checkpoint; `corrupt` if it is damaged.
  public init(at path: String) throws(CheckpointError) {
    try self.init(from: BundleReader(prefix: path))
  }

  /// Reads the graph of an open checkpoint.
  ///
  /// - Parameter reader: The checkpoint.
  /// - Throws: As ``init(at:)``.
  public init(from reader: any TensorReader) throws(CheckpointError) {
    self.init(try SavedGraph(from: reader))
  }

  /// The keys of the variables of each full name, of a checkpoint.
  ///
  /// - Parameter path: The prefix.
  /// - Returns: See ``keyMapping``.
  /// - Throws: As ``init(at:)``.
  public static func keyMapping(at path: String) throws(CheckpointError) -> [String: [String]] {
    try ObjectGraph(at: path).keyMapping
  }
}

extension SavedGraph {
  /// Reads the graph of an open checkpoint.
  ///
  /// - Parameter reader: The checkpoint.
  /// - Throws: As ``ObjectGraph/init(at:)``.
  init(from reader: any TensorReader) throws(CheckpointError) {
    let key = TensorKey(ObjectGraph.key)
    guard let entry = try reader.entry(for: key) else {
      throw CheckpointError(
        .unsupported,
        "this checkpoint is name-based, it has no object graph; restore it with a Saver",
        file: reader.path)
    }
    guard entry.spec == TensorSpec(.string, .scalar) else {
      throw CheckpointError(
        .corrupt, "the object graph is stored as \(entry.spec), it should be one string",
        file: reader.path, key: ObjectGraph.key)
    }
    let message = try reader.tensor(for: key).strings?.first ?? []
    do throws(CheckpointError) {
      try self.init(message: message)
    } catch {
      throw error.located(file: reader.path, key: ObjectGraph.key)
    }
  }
}
