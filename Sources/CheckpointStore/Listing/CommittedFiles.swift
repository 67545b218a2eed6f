import CheckpointBundle
package import CheckpointIO

/// The files that tell whether a checkpoint is there, and since when: its index; without one, the file of
/// the path itself; without that, the parts that the path is the pattern of.
package struct CommittedFiles {
  /// A file that is there.
  package struct File {
    /// Its path.
    package let path: String
    /// What it is like.
    package let status: FileStatus
  }

  /// Whether there is an index: the checkpoint is one of V2.
  package let isIndex: Bool
  /// Those that are there, in order; one at least.
  package let present: [File]
  /// The paths of the parts that are not there; of many, the first ones.
  package let missing: [String]

  /// Looks for them; `nil` if there is none.
  ///
  /// - Parameters:
  ///   - path: A prefix, a file, or the pattern of parts.
  ///   - fileSystem: Where.
  /// - Throws: `io` if the system refuses.
  package init?(of path: String, _ fileSystem: any FileSystem) throws(CheckpointError) {
    let index = BundlePath(path).index
    if let file = try Self.file(index, fileSystem) {
      (isIndex, present, missing) = (true, [file], [])
    } else if let file = try Self.file(path, fileSystem) {
      (isIndex, present, missing) = (false, [file], [])
    } else if let parts = PartsName(pattern: path) {
      guard let found = try Self.parts(parts, fileSystem) else { return nil }
      (isIndex, present, missing) = (false, found.present, found.missing)
    } else {
      return nil
    }
  }

  private static func file(_ path: String, _ fileSystem: any FileSystem) throws(CheckpointError)
    -> File?
  {
    guard let status = try fileSystem.status(of: path), status.kind == .file else { return nil }
    return File(path: path, status: status)
  }

  // A name can speak of 99,999 parts, of which few may be there: those of many are looked for in the
  // directory.
  private static func parts(_ parts: PartsName, _ fileSystem: any FileSystem)
    throws(CheckpointError) -> (present: [File], missing: [String])?
  {
    var present: [File] = []
    for part in try parts.count <= 64 ? Array(parts.parts) : partsThere(parts, fileSystem) {
      if let file = try file(part, fileSystem) { present.append(file) }
    }
    return present.isEmpty ? nil : (present, parts.missing(besides: present.map(\.path)))
  }

  private static func partsThere(_ parts: PartsName, _ fileSystem: any FileSystem)
    throws(CheckpointError) -> [String]
  {
    let (directory, pattern) = (Path(parts.prefix).directory, FileName(Path(parts.pattern).name))
    guard try fileSystem.status(of: directory)?.kind == .directory else { return [] }
    return try fileSystem.namesInDirectory(directory).sorted()
      .filter { PartsName(part: $0).map { FileName($0.pattern) == pattern } ?? false }
      .map { Path.join(directory, $0) }
  }

  /// When the last of them was written.
  package var modified: FileTime {
    present.dropFirst().reduce(present[0].status.modified) { max($0, $1.status.modified) }
  }
}

extension FileSystem {
  /// Whether there is a checkpoint of this prefix (V2), or of this file or pattern.
  package func hasCheckpoint(at path: String) throws(CheckpointError) -> Bool {
    try CommittedFiles(of: path, self) != nil
  }
}
