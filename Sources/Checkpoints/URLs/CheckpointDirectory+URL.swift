public import CheckpointStore
public import CheckpointIO
public import Foundation

// Directories, and what lies in them.

extension CheckpointDirectory {
  /// Names a directory by its file URL; it need not exist.
  ///
  /// - Parameters:
  ///   - url: The directory.
  ///   - filename: The state file's name.
  /// - Throws: `unsupported` for a URL that leads elsewhere; `invalidArgument` for one without a
  ///   scheme.
  @_documentation(visibility: internal)
  public init(_ url: URL, filename: String = "checkpoint") throws(CheckpointError) {
    self.init(try url.checkpointPath, filename: filename)
  }
}

extension CheckpointDirectory.State {
  /// Reads the state file of a directory: ``read(from:filename:)`` with a file URL.
  ///
  /// - Parameters:
  ///   - directory: Where the checkpoints were saved.
  ///   - filename: The state file's name.
  /// - Returns: The state, its paths resolved; `nil` if there is no such file.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public static func read(from directory: URL, filename: String = "checkpoint")
    throws(CheckpointError) -> CheckpointDirectory.State?
  {
    try read(from: directory.checkpointPath, filename: filename)
  }

  /// Replaces the state file of a directory: ``write(to:filename:relativePaths:)`` with a file
  /// URL.
  ///
  /// - Parameters:
  ///   - directory: Where the checkpoints are.
  ///   - filename: The state file's name.
  ///   - relativePaths: Whether absolute paths are written down relative to the directory.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public func write(
    to directory: URL, filename: String = "checkpoint", relativePaths: Bool = true
  ) throws(CheckpointError) {
    try write(
      to: directory.checkpointPath, filename: filename, relativePaths: relativePaths)
  }
}

extension CheckpointDirectory.Files {
  /// Names the files of a checkpoint by a file URL; they need not exist.
  ///
  /// - Parameters:
  ///   - url: The prefix; the file of a V1 checkpoint, or the pattern of its parts.
  ///   - metaSuffix: What the name of the file with its graph ends in, behind a point.
  /// - Throws: `unsupported` for a URL that leads elsewhere; `invalidArgument` for one without a
  ///   scheme.
  @_documentation(visibility: internal)
  public init(of url: URL, metaSuffix: String = "meta") throws(CheckpointError) {
    self.init(of: try url.checkpointPath, metaSuffix: metaSuffix)
  }

  /// When checkpoints were last changed: ``modificationTimes(of:)`` with file URLs.
  ///
  /// - Parameter urls: The prefixes; files or patterns of V1 checkpoints.
  /// - Returns: The times, in seconds since 1970; those that are not there are left out.
  /// - Throws: As with paths.
  @_documentation(visibility: internal)
  @_disfavoredOverload
  public static func modificationTimes(of urls: [URL]) throws(CheckpointError) -> [URL:
    CheckpointDirectory.SecondsSince1970]
  {
    let times = try modificationTimes(of: urls.checkpointPaths)
    var found: [URL: Double] = [:]
    for url in urls { found[url] = times[try url.checkpointPath] }
    return found
  }
}

extension CheckpointDirectory.Audit {
  /// Looks at a directory, by its file URL.
  ///
  /// - Parameters:
  ///   - url: The directory.
  ///   - name: What the names of the managed checkpoints begin with; found from the files without it.
  ///   - check: How closely checkpoints are looked at.
  /// - Throws: As with a path.
  @_documentation(visibility: internal)
  public init(of url: URL, name: String? = nil, checking check: CheckpointCheck = .files)
    throws(CheckpointError)
  {
    try self.init(of: url.checkpointPath, name: name, checking: check)
  }
}
