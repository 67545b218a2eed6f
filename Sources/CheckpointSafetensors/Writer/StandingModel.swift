package import CheckpointIO

/// The model that stands in a directory, as far as its files tell.
package struct StandingModel {
  /// The names of its files, without the index.
  private(set) var files: [String] = []
  /// Whether it has an index.
  private(set) var hasIndex = false
  /// Whether it has an index, or is in parts.
  private(set) var hasParts = false

  /// Looks at a directory.
  ///
  /// If the index is damaged, nobody knows which files are the model's: all stay.
  ///
  /// - Throws: `io` if the system refuses.
  init(in directory: String, _ fileSystem: any FileSystem) throws(CheckpointError) {
    let path = Path.join(directory, ModelNames.index)
    let names = try fileSystem.namesInDirectory(directory)
    let single = names.filter { FileName($0) == FileName(ModelNames.single) }
    if try fileSystem.status(of: path)?.kind == .file {
      (hasIndex, hasParts) = (true, true)
      let index = try ModelIndex(filesOf: path, fileSystem)
      let shared = try ModelIndex.files(ofOthersThan: path, fileSystem)
      files = (index?.files ?? []).filter {
        ModelNames.isOwn($0) && !shared.contains(FileName($0))
      }
      guard !single.isEmpty, !files.contains(ModelNames.single), let index else { return }
      guard try Self.isReplaced(index, in: directory, fileSystem) else {
        throw Self.ambiguous([ModelNames.index, ModelNames.single], in: directory)
      }
      files += single
      return
    }
    for name in names where [ModelNames.index, ModelNames.single].contains(name) {
      try Self.checkIsFile(Path.join(directory, name), fileSystem)
    }
    let parts = ModelNames.completeParts(among: names)
    guard parts.isEmpty || single.isEmpty else {
      throw Self.ambiguous([parts[0], ModelNames.single], in: directory)
    }
    // There is the index of another model. A single file without an index beside it would be ambiguous.
    let hasOther = names.contains { $0.removing(suffix: ModelIndex.ending) != nil }
    hasParts = !parts.isEmpty || hasOther
    files = parts + single
  }

  // A link that leads nowhere is refused as well: nobody knows what it stands for.
  private static func checkIsFile(_ path: String, _ fileSystem: any FileSystem)
    throws(CheckpointError)
  {
    let kind = try fileSystem.status(of: path)?.kind
    guard kind != .file else { return }
    throw CheckpointError(
      .pathConflict,
      "\(kind ?? .link) has the name of a file of the model; rename or remove it, or save elsewhere",
      file: path)
  }

  private static func ambiguous(_ names: [String], in directory: String) -> CheckpointError {
    CheckpointError(
      .ambiguousName,
      "this directory has two models, \(NameList.text(names)), and nothing says which is to be replaced; remove "
        + "one of them, or save elsewhere", file: directory)
  }

  // Whether an index says that it stands for the single file, which nobody has written since.
  private static func isReplaced(
    _ index: ModelIndex, in directory: String, _ fileSystem: any FileSystem
  ) throws(CheckpointError) -> Bool {
    guard index.replaces.map(FileName.init) == FileName(ModelNames.single) else { return false }
    let single = try fileSystem.status(of: Path.join(directory, ModelNames.single))
    let status = try fileSystem.status(of: Path.join(directory, ModelNames.index))
    guard let single, let status else { return false }
    return single.modified <= status.modified
  }

  /// Removes what a dead save has left: of the files that it has noted, those that are not the model's.
  ///
  /// - Throws: `io` if the system fails.
  package static func removeLeftovers(of location: SaveLocation) throws(CheckpointError) {
    guard let noted = location.unsettledModel else {
      // The lock has no note, or one of files that are gone by now.
      if location.unsettled == nil { location.settle() }
      return
    }
    let fileSystem = location.options.fileSystem
    let index = Path.join(location.directory, ModelNames.index)
    // A V2 or V1 checkpoint called `model` has the same lock; its files are not the model's. Nor does the single
    // file count: its own rename is its commit.
    let parts = noted.files.filter { $0.removing(suffix: ModelNames.ending)?.isEmpty == false }
    let added = parts.map { location.name + $0 }
    if try fileSystem.status(of: index)?.kind == .file {
      // An index that cannot be read proves nothing: it may name any of these files.
      guard let standing = try ModelIndex(filesOf: index, fileSystem) else { return }
      let kept = Set(standing.files.map(FileName.init))
      // The standing index may not be durable yet.
      try fileSystem.syncDirectory(location.directory)
      let keepsSingle = try !isReplaced(standing, in: location.directory, fileSystem)
      for name in added + (noted.superfluous ?? []) where !kept.contains(FileName(name)) {
        guard FileName(name) != FileName(ModelNames.single) || !keepsSingle else { continue }
        try location.removeIfFile(Path.join(location.directory, name))
      }
    } else {
      // Without an index nothing has been committed but a single file, which no save has noted to go.
      for name in added {
        try location.removeIfFile(Path.join(location.directory, name))
      }
    }
    location.settleModel()
  }
}

extension StandingModel {
  /// What saves to a directory lock in it.
  package static func target(in directory: String) -> String {
    Path.join(directory, ModelNames.stem)
  }

  /// Removes what a dead save to a model directory has left, as far as it can.
  package static func removeLeftovers(in directory: String, options: FileOptions) {
    let target = target(in: directory)
    let lock = TemporaryName.lock(for: target)
    guard (try? options.fileSystem.entryStatus(of: lock)) != .some(nil) else { return }
    do throws(CheckpointError) {
      let location = try SaveLocation(target, options: options, patience: .zero)
      try removeLeftovers(of: location)
      try location.finish()
    } catch {
      return  // somebody is at work there, or the next save says what is wrong
    }
  }
}

extension SaveLocation {
  fileprivate func removeIfFile(_ path: String) throws(CheckpointError) {
    guard try options.fileSystem.entryStatus(of: path)?.kind.isSaved == true else { return }
    try remove(path)
  }
}
