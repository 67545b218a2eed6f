import CheckpointBundle
public import CheckpointIO

/// The checkpoint that a person means by a path.
///
///     let location = try CheckpointLocation("run")
///     let reader = try BundleReader(prefix: location.prefix)  // run/ckpt-7
///
/// A path is, in this order:
/// - a prefix: `run/ckpt-7`;
/// - a directory: the checkpoint that its state file names; without a state file the checkpoint whose
///   index was written last; the variables of a SavedModel;
/// - a file of a checkpoint: `run/ckpt-7.index`, `run/ckpt-7.data-00000-of-00001`, `run/ckpt-7.meta`.
///
/// Paths are literal: no character of them is a pattern.
public struct CheckpointLocation: Sendable, Hashable {
  /// The prefix of the checkpoint.
  public let prefix: String
  /// How the path led to it, if it is not the prefix itself.
  public let note: String?

  private init(prefix: String, note: String? = nil) {
    self.prefix = prefix
    self.note = note
  }

  /// Finds the checkpoint.
  ///
  /// - Throws: `notACheckpoint` if there is none, naming those that are near; `io` if the system
  ///   fails.
  public init(_ path: String) throws(CheckpointError) {
    try self.init(path, fileSystem: LocalFileSystem())
  }

  package init(_ path: String, fileSystem: any FileSystem) throws(CheckpointError) {
    guard let found = try Self.find(path, fileSystem) else {
      throw MissingBundle(prefix: path, fileSystem: fileSystem).error
    }
    self = found
  }

  private static func find(
    _ path: String,
    _ fileSystem: any FileSystem
  ) throws(CheckpointError) -> CheckpointLocation? {
    if try fileSystem.hasIndex(path) { return CheckpointLocation(prefix: path) }
    switch try fileSystem.status(of: path)?.kind {
    case .directory:
      return try find(inDirectory: path.withoutTrailingSlashes, fileSystem)
    case .file, .other:
      guard let owner = try BundlePath(owning: path, fileSystem: fileSystem) else { return nil }
      return CheckpointLocation(
        prefix: owner.prefix,
        note: "\(path) is a file of the checkpoint \(owner.prefix)"
      )
    case nil:
      return nil
    }
  }

  // MARK: Directories

  private static func find(
    inDirectory path: String,
    _ fileSystem: any FileSystem
  ) throws(CheckpointError) -> CheckpointLocation? {
    var reason = "has no state file"
    do throws(CheckpointError) {
      let directory = CheckpointDirectory(path, fileSystem: fileSystem)
      if let latest = try directory.latest() {
        return CheckpointLocation(
          prefix: latest,
          note: "the latest checkpoint in \(path) is \(latest)"
        )
      }
      let state = try fileSystem.status(of: Path.join(path, "checkpoint"))
      if state != nil { reason = "has a state file that names a checkpoint which is not there" }
    } catch  where error.code != .io {
      reason = "has a state file that cannot be read"
    }
    if let newest = try newest(inDirectory: path, fileSystem) {
      return CheckpointLocation(
        prefix: newest,
        note: "\(path) \(reason); its newest checkpoint is \(newest)"
      )
    }
    let variables = Path.join(path, "variables/variables")
    guard try fileSystem.hasIndex(variables) else { return nil }
    return CheckpointLocation(
      prefix: variables,
      note: "\(path) is a SavedModel; its variables are \(variables)"
    )
  }

  // By the time of the index, which is written last; of equal ones the last by name and number.
  private static func newest(
    inDirectory path: String,
    _ fileSystem: any FileSystem
  ) throws(CheckpointError) -> String? {
    var newest: (prefix: String, time: Double)?
    for prefix in try BundlePath.prefixes(inDirectory: path, fileSystem: fileSystem) {
      let index = BundlePath(prefix).index
      guard let status = try fileSystem.status(of: index), status.kind == .file else { continue }
      if let newest, status.modificationTime < newest.time { continue }
      newest = (prefix, status.modificationTime)
    }
    return newest?.prefix
  }
}

extension FileSystem {
  fileprivate func hasIndex(_ prefix: String) throws(CheckpointError) -> Bool {
    try status(of: BundlePath(prefix).index)?.kind == .file
  }
}

extension String {
  // `run/` and `run` are one directory; `/` stays.
  fileprivate var withoutTrailingSlashes: String {
    var path = self[...]
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
    return String(path)
  }
}
