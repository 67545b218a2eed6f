public import CheckpointGraph
public import CheckpointIO

extension ObjectGraph {
  /// Reads the graph of a checkpoint.
  ///
  /// - Parameter path: As for ``CheckpointReader/init(_:)``.
  /// - Throws: `unsupported` if the checkpoint is name-based and has none; `notACheckpoint` if there
  ///   is no checkpoint; `corrupt` if it is damaged.
  public init(at path: String) throws(CheckpointError) {
    try self.init(from: CheckpointReader(path))
  }

  /// The keys of the variables of each full name, of a checkpoint.
  ///
  /// - Parameter path: As for ``CheckpointReader/init(_:)``.
  /// - Returns: See ``keyMapping``.
  /// - Throws: As ``init(at:)``.
  public static func keyMapping(at path: String) throws(CheckpointError) -> [String: [String]] {
    try ObjectGraph(at: path).keyMapping
  }
}
