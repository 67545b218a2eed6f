import CheckpointBundle
import CheckpointIO
import CheckpointSlices

/// What a path leads to, and which checkpoints there are near it.
struct CheckpointSearch {
  let fileSystem: any FileSystem

  /// What a path is.
  enum Kind { case checkpoint, directory, file, nothing }

  /// What a path is; V2 has no file of the path itself, and so comes first.
  func kind(of path: String) throws(CheckpointError) -> Kind {
    if try hasIndex(path) { return .checkpoint }
    return switch try fileSystem.status(of: path)?.kind {
    case .directory: .directory
    case nil: .nothing
    case _?: .file
    }
  }

  /// Whether there is an index of a prefix.
  func hasIndex(_ prefix: String) throws(CheckpointError) -> Bool {
    try fileSystem.status(of: BundlePath(prefix).index)?.kind == .file
  }

  // MARK: Files

  /// What to open for a file of a checkpoint; `nil` for a file of none.
  func owner(of file: String) throws(CheckpointError) -> String? {
    if let owner = try BundlePath(owning: file, fileSystem: fileSystem) { return owner.prefix }
    switch try CheckpointReader.format(at: file, fileSystem) {
    case .v1: return SlicesPath(shard: file)?.pattern ?? file
    case .safetensors: return file
    case .v2, nil: break
    }
    guard file.hasSuffix(".meta") else { return nil }
    let prefix = String(file.dropLast(".meta".count))
    if try CheckpointReader.format(at: prefix, fileSystem) == .v1 { return prefix }
    return try pattern(ofPrefix: prefix)
  }

  /// The pattern of a V1 checkpoint in several files, of which one at least is there.
  ///
  /// - Parameter path: The pattern, or what the names of the files begin with.
  /// - Returns: The pattern; `nil` if there is no such file.
  /// - Throws: `io` if the system fails.
  func pattern(ofPrefix path: String) throws(CheckpointError) -> String? {
    let place = Path(path)
    guard try fileSystem.status(of: place.directory)?.kind == .directory else { return nil }
    let patterns = try fileSystem.namesInDirectory(place.directory).sorted()
      .compactMap { SlicesPath(shard: Path.join(place.directory, $0)) }
    let wanted = Path.join(place.directory, place.name)
    for sharded in patterns where sharded.pattern == wanted || sharded.prefix == wanted {
      return sharded.pattern
    }
    return nil
  }

  /// Why a file is of no checkpoint.
  func stray(_ file: String) -> CheckpointError {
    guard DataFileName(Path(file).name) == nil else {
      return MissingBundle(prefix: file, fileSystem: fileSystem).error
    }
    do throws(CheckpointError) {
      _ = try SlicesReader(path: file, fileSystem: fileSystem)
    } catch  where error.code == .notACheckpoint || error.saysNothingOfContent {
      return error  // a table of another kind; or nobody may read it
    } catch {
      // Whatever else is wrong with it as a table, it need not be one.
    }
    return CheckpointError(
      .notACheckpoint,
      "this file is no checkpoint, or a damaged one: it does not end as V1 files do, nor begin as "
        + "safetensors files do; of a V2 checkpoint, give the prefix: 'run/ckpt-7' for "
        + "'run/ckpt-7.index'", file: file)
  }

  // MARK: Directories

  /// What a directory looks like at a moment: if it looks the same later, nothing has come or gone.
  struct Sight: Hashable {
    let names: Set<String>
    let stateFile: FileStatus?
  }

  /// What a directory looks like now.
  func sight(ofDirectory path: String) throws(CheckpointError) -> Sight {
    Sight(
      names: Set(try fileSystem.namesInDirectory(path)),
      stateFile: try fileSystem.status(of: Path.join(path, "checkpoint")))
  }

  /// The newest checkpoint in a directory without a state file.
  ///
  /// - Parameters:
  ///   - path: The directory, which need not exist.
  ///   - isWhole: Whether it has to be intact.
  /// - Returns: The first of ``newestFirst(inDirectory:)`` that is.
  /// - Throws: `io` if the system refuses; `busy` if checkpoints go away again and again.
  func newest(inDirectory path: String, isWhole: Bool) throws(CheckpointError) -> String? {
    guard isWhole else { return try newestFirst(inDirectory: path).first }
    let check = IntactCheck(fileSystem)
    return try NewestIntact(in: path, fileSystem).find { () throws(CheckpointError) in
      try newestFirst(inDirectory: path)
    } with: { checkpoint throws(CheckpointError) in
      try check.check(checkpoint, .files)
      return checkpoint
    }.result
  }

  /// All checkpoints in a directory, without what its state file says: those of V2 before others; then
  /// by name, that which was written last before others; then by number, the highest before others.
  func newestFirst(inDirectory path: String) throws(CheckpointError) -> [String] {
    guard try fileSystem.status(of: path)?.kind == .directory else { return [] }
    var (bundles, others) = (Found(), Found())
    for name in try fileSystem.namesInDirectory(path).sorted() {
      let file = Path.join(path, name)
      if name.hasSuffix(BundlePath.indexSuffix), name != BundlePath.indexSuffix {
        try bundles.add(String(file.dropLast(BundlePath.indexSuffix.count)), status(of: file))
      } else if TemporaryName.target(ofTemporary: name) == nil, let owner = try owner(of: file),
        try !hasIndex(owner)
      {
        try others.add(owner, status(of: file))
      }
    }
    return bundles.newestFirst + others.newestFirst
  }

  private func status(of file: String) throws(CheckpointError) -> FileStatus? {
    try fileSystem.reachableStatus(of: file)
  }

  // Checkpoints, and when each name was written last.
  private struct Found {
    private var names: [String: NumberedName] = [:]  // by path
    private var times: [String: FileTime] = [:]  // by stem

    mutating func add(_ path: String, _ status: FileStatus?) {
      guard let status, status.kind == .file else { return }
      let name = NumberedName(Path(path).name)
      names[path] = name
      times[name.stem] = max(times[name.stem] ?? status.modified, status.modified)
    }

    var newestFirst: [String] {
      names.sorted { one, other in
        guard let left = times[one.value.stem], let right = times[other.value.stem], left != right
        else { return one.value > other.value }
        return left > right
      }.map(\.key)
    }
  }
}
