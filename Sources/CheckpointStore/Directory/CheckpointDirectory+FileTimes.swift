public import CheckpointIO

extension CheckpointDirectory.Files {
  /// When checkpoints were last changed, in seconds since 1970.
  ///
  ///     let times = try CheckpointDirectory.Files.modificationTimes(of: saver.checkpoints.map(\.path))
  ///
  /// Source: tensorflow/python/checkpoint/checkpoint_management.py, `get_checkpoint_mtimes`, whose
  /// list has no place for those that are missing, so that times and paths can get out of step.
  ///
  /// - Parameter paths: The prefixes; files or patterns of V1 checkpoints.
  /// - Returns: The time of the index; without one, of the file, or of the newest of several. Those
  ///   that are not there are left out.
  /// - Throws: `io` if the system fails.
  public static func modificationTimes(of paths: [String]) throws(CheckpointError) -> [String:
    Double]
  {
    let times = try modificationTimes(of: paths, in: LocalFileSystem())
    return Dictionary(zip(paths, times).compactMap { path, time in time.map { (path, $0) } }) {
      $1
    }
  }

  /// The same, for each path in order; `nil` for those that are not there.
  package static func modificationTimes(of paths: [String], in fileSystem: any FileSystem)
    throws(CheckpointError) -> [CheckpointDirectory.SecondsSince1970?]
  {
    try paths.map { text throws(CheckpointError) in
      try CommittedFiles(of: PathText.path(text), fileSystem)?.modified.secondsSince1970
    }
  }
}
