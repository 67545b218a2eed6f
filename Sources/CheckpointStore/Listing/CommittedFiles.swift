import CheckpointBundle
package import CheckpointIO
import CheckpointSafetensors

/// The files that tell whether a checkpoint is there, and since when: its index; without one, the file of
/// the path itself; without that, the parts that the path is the pattern of; of a directory, those of the
/// model in it.
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
  /// Whether they are those of a model directory: an index of that, the pattern of its parts, or what is in
  /// the directory.
  package let isModel: Bool
  /// All files that are there, if it is a model directory: what makes it one comes first.
  package let all: [String]
  /// Those that are there, in order; one at least.
  package let present: [File]
  /// The paths of the parts that are not there; of many, the first ones.
  package let missing: [String]

  /// Looks for them; `nil` if there is none.
  ///
  /// - Parameters:
  ///   - path: A prefix, a file, a directory, or the pattern of parts.
  ///   - fileSystem: Where.
  /// - Throws: `io` if the system refuses.
  package init?(of path: String, _ fileSystem: any FileSystem) throws(CheckpointError) {
    if let file = try Self.file(BundlePath(path).index, fileSystem) {
      (isIndex, isModel, present, missing, all) = (true, false, [file], [], [])
    } else if let file = try Self.file(path, fileSystem) {
      (isIndex, isModel) = (false, path.removing(suffix: ModelIndex.ending) != nil)
      let parts = isModel ? try Self.parts(ofIndex: path, fileSystem) : (present: [], missing: [])
      (present, missing, all) = ([file], parts.missing, [path] + parts.present)
    } else if let model = try Self.model(in: path, fileSystem) {
      (isIndex, isModel, present, missing) = (false, true, model.present, model.missing)
      all = model.all
    } else if let parts = PartsName(pattern: path) {
      guard let found = try Self.parts(parts, fileSystem) else { return nil }
      (isIndex, isModel) = (false, parts.isSafetensors)
      (present, missing, all) = (found.present, found.missing, found.present.map(\.path))
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

  // A damaged index counts as naming no files here; opening the model reports the damage.
  private static func parts(ofIndex path: String, _ fileSystem: any FileSystem)
    throws(CheckpointError) -> (present: [String], missing: [String])
  {
    let directory = Path(path).directory
    var (present, missing): ([String], [String]) = ([], [])
    for name in try ModelIndex(filesOf: path, fileSystem)?.filesBeside ?? [] {
      let part = Path.join(directory, name)
      if try file(part, fileSystem) == nil { missing.append(part) } else { present.append(part) }
    }
    return (present, missing)
  }

  private static func model(in directory: String, _ fileSystem: any FileSystem)
    throws(CheckpointError) -> CommittedFiles?
  {
    let listing = try DirectoryListing(ofAny: directory, fileSystem: fileSystem)
    return try listing?.modelIfOne().flatMap { model throws(CheckpointError) in
      try CommittedFiles(of: model.path, fileSystem)
    }
  }

  // A name may promise 99,999 parts of which few are there: if it promises many, the directory is listed instead
  // of asking for each.
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
  /// Whether there is a V2 checkpoint of this prefix, by its index.
  func hasBundle(at prefix: String) throws(CheckpointError) -> Bool {
    try status(of: BundlePath(prefix).index)?.kind == .file
  }

  /// Whether there is a checkpoint of this prefix (V2), or of this file or pattern.
  package func hasCheckpoint(at path: String) throws(CheckpointError) -> Bool {
    try CommittedFiles(of: path, self) != nil
  }
}
