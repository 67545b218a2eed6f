public import CheckpointIO

extension CheckpointDirectory {
  /// A point in time, as TensorFlow's state files have it: the seconds since 1970 began, in UTC.
  public typealias SecondsSince1970 = Double

  /// What the `checkpoint` file of a directory says: which checkpoints there are, and the newest.
  ///
  ///     if let state = try CheckpointDirectory.State.read(from: "run") {
  ///       print(state.latest)  // run/ckpt-7
  ///       print(state.all)     // ["run/ckpt-5", "run/ckpt-6", "run/ckpt-7"]
  ///     }
  ///
  /// The file is text that anybody may have written, and its paths may lead anywhere: they say where
  /// to read when somebody asks for the newest checkpoint. Nothing outside the directory should be
  /// deleted or overwritten because this file names it.
  ///
  /// Source: tensorflow/python/checkpoint/checkpoint_management.py, `get_checkpoint_state`.
  public struct State: Hashable, Sendable {
    /// The newest checkpoint's prefix, or its file or pattern of files in the V1 format.
    public let latest: String
    /// All checkpoints that are kept, oldest first.
    public let all: [String]
    /// When each of ``all`` was made, in seconds since 1970; empty if that is not known of each.
    public let timestamps: [SecondsSince1970]
    /// When the last checkpoint was made that is to stay for ever, in seconds since 1970.
    public let lastPreserved: SecondsSince1970?

    /// Creates a state.
    ///
    /// - Parameters:
    ///   - latest: The newest checkpoint's prefix.
    ///   - all: All checkpoints, oldest first; the newest is added unless it is the last one.
    ///   - timestamps: When each of `all`, with the newest, was made; or nothing.
    ///   - lastPreserved: When the last checkpoint was made that is to stay for ever.
    /// - Throws: `invalidArgument` if there are timestamps, but not as many as checkpoints.
    public init(
      latest: String, all: [String] = [], timestamps: [SecondsSince1970] = [],
      lastPreserved: SecondsSince1970? = nil
    ) throws(CheckpointError) {
      let latest = try PathText.path(latest)
      let all = try all.map { path throws(CheckpointError) in try PathText.path(path) }
      // Bytes are compared: two ways to write an accented letter are two names.
      let endsWithLatest = all.last?.utf8.elementsEqual(latest.utf8) ?? false
      self.latest = latest
      self.all = endsWithLatest ? all : all + [latest]
      self.timestamps = timestamps
      self.lastPreserved = lastPreserved
      guard timestamps.isEmpty || timestamps.count == self.all.count else {
        throw CheckpointError(
          .invalidArgument,
          "\(timestamps.count) timestamps for \(self.all.count) checkpoints; give one for each, or none"
        )
      }
    }

    /// Reads the state file of a directory.
    ///
    /// Paths that are not absolute are taken to start in `directory`, and are not normalised:
    /// `../b/m-1` in `run` becomes `run/../b/m-1`. What the file says of ``all`` is kept as it is,
    /// with ``latest`` added if it is missing; timestamps that are not one for each are left out.
    ///
    /// - Parameters:
    ///   - directory: Where the checkpoints were saved.
    ///   - filename: The state file's name; another one if several savers share a directory.
    /// - Returns: The state, its paths resolved; `nil` if there is no such file.
    /// - Throws: `corrupt` for a file that is no checkpoint state or names no newest checkpoint;
    ///   `limitExceeded` for one that is far too long; `io` if the system fails.
    public static func read(from directory: String, filename: String = "checkpoint")
      throws(CheckpointError) -> CheckpointDirectory.State?
    {
      try read(from: directory, filename: filename, in: LocalFileSystem())
    }

    /// The same, in a file system of the caller's choice.
    package static func read(
      from directory: String, filename: String = "checkpoint", in fileSystem: any FileSystem
    ) throws(CheckpointError) -> CheckpointDirectory.State? {
      try StateFile(in: directory, name: filename, fileSystem: fileSystem).read()
    }

    /// The state that a message stands for, its paths already resolved.
    init(resolved message: CheckpointStateMessage) {
      latest = message.modelCheckpointPath
      let paths = message.allModelCheckpointPaths
      let isListed = paths.contains { FileName($0) == FileName(message.modelCheckpointPath) }
      all = isListed ? paths : paths + [latest]
      let times = message.allModelCheckpointTimestamps
      timestamps = times.count == all.count ? times : []
      let preserved = message.lastPreservedTimestamp
      lastPreserved = preserved == 0 ? nil : preserved
    }
  }
}
