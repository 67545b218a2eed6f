public import CheckpointIO
public import CheckpointTensors

extension ObjectGraph {
  /// Reads the graph of an open checkpoint.
  ///
  /// - Parameter reader: The checkpoint.
  /// - Throws: `unsupported` if the checkpoint is name-based and has none; `corrupt` if it is damaged.
  public init(from reader: any TensorReader) throws(CheckpointError) {
    self.init(try SavedGraph(from: reader))
  }
}

extension SavedGraph {
  /// Reads the graph of an open checkpoint.
  ///
  /// - Parameter reader: The checkpoint.
  /// - Throws: As ``ObjectGraph/init(from:)``.
  package init(from reader: any TensorReader) throws(CheckpointError) {
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

extension TensorReader {
  /// The saved objects in the form that takes the least memory; `nil` if the checkpoint is name-based.
  ///
  /// - Throws: `corrupt` if they are damaged.
  package func savedGraph() throws(CheckpointError) -> SavedGraph? {
    guard try entry(for: TensorKey(ObjectGraph.key)) != nil else { return nil }
    return try SavedGraph(from: self)
  }
}
