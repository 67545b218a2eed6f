public import CheckpointIO

extension CheckpointDirectory.State {
  /// Replaces the state file of a directory in one step.
  ///
  ///     try CheckpointDirectory.State(latest: "run/ckpt-7", all: ["run/ckpt-6"]).write(to: "run")
  ///
  /// Savers and managers do it themselves; this is for checkpoints that were copied or removed by
  /// hand.
  /// Source: tensorflow/python/checkpoint/checkpoint_management.py, `update_checkpoint_state`.
  ///
  /// - Parameters:
  ///   - directory: Where the checkpoints are.
  ///   - filename: The state file's name.
  ///   - relativePaths: Whether absolute paths are written down relative to the directory, so that it
  ///     can be moved; others always are.
  /// - Throws: `pathConflict` if a checkpoint has the state file's name; `invalidArgument` for a name
  ///   that is none, and for paths from which no way to the directory is known; `io` if the system
  ///   fails.
  public func write(
    to directory: String, filename: String = "checkpoint", relativePaths: Bool = true
  ) throws(CheckpointError) {
    try write(
      to: directory, filename: filename, relativePaths: relativePaths, options: FileOptions())
  }

  /// The same, written as the caller wants it.
  package func write(
    to directory: String, filename: String = "checkpoint", relativePaths: Bool = true,
    options: FileOptions
  ) throws(CheckpointError) {
    let file = try StateFile(in: directory, name: filename, fileSystem: options.fileSystem)
    try file.write(
      self, paths: relativePaths ? .relative : .asGiven, durability: options.durability)
  }
}
