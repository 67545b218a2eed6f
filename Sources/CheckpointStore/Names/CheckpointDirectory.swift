package import CheckpointIO

/// A directory that checkpoints were saved to: finds the newest.
///
///     if let path = try CheckpointDirectory("run").latest() {
///       try checkpoint.restore(from: path).assertConsumed()  // run/ckpt-7
///     }
///
/// Paths are literal: directories with `[`, `*`, `?` or `\` in their names work.
///
/// Source: tensorflow/python/checkpoint/checkpoint_management.py, `latest_checkpoint`.
public struct CheckpointDirectory: Sendable {
  /// The directory's path; `.` for an empty one.
  public let path: String
  let filename: String
  let fileSystem: any FileSystem

  /// Names a directory, which need not exist.
  ///
  /// - Parameters:
  ///   - path: The directory.
  ///   - filename: The state file's name; another one if several savers share a directory.
  public init(_ path: String, filename: String = "checkpoint") {
    self.init(path, filename: filename, fileSystem: LocalFileSystem())
  }

  /// The same, in a file system of the caller's choice.
  package init(_ path: String, filename: String = "checkpoint", fileSystem: any FileSystem) {
    self.path = path.isEmpty ? "." : PathText.pathIfAny(path)
    self.filename = filename
    self.fileSystem = fileSystem
  }
}
