import CheckpointIO

/// The model that stands in a directory, as far as its files tell.
struct StandingModel {
  /// The names of its files, without the index.
  private(set) var files: [String] = []
  /// Whether it has an index.
  private(set) var hasIndex = false
  /// Whether it has an index, or is in parts.
  private(set) var hasParts = false

  /// Looks at a directory.
  ///
  /// Of an index that is damaged, nobody knows the files: they stay.
  ///
  /// - Throws: `io` if the system refuses.
  init(in directory: String, _ fileSystem: any FileSystem) throws(CheckpointError) {
    let path = Path.join(directory, ModelNames.index)
    if try fileSystem.status(of: path)?.kind == .file {
      (hasIndex, hasParts) = (true, true)
      files = try ModelIndex(ifIntact: path, fileSystem)?.files.filter(ModelNames.isOwn) ?? []
      return
    }
    let names = try fileSystem.namesInDirectory(directory)
    let parts = names.filter(ModelNames.isPart)
    hasParts = !parts.isEmpty
    files = hasParts ? parts.sorted() : names.filter { FileName($0) == FileName(ModelNames.single) }
  }

  /// Removes what a dead save has left: of the files that it has noted, those that are not the model's.
  ///
  /// - Throws: `io` if the system fails.
  static func removeLeftovers(of location: SaveLocation) throws(CheckpointError) {
    guard let noted = location.unsettledModel else { return }
    let fileSystem = location.options.fileSystem
    let index = Path.join(location.directory, ModelNames.index)
    let added = noted.files.filter { $0 != ModelIndex.ending }.map { location.name + $0 }
    if try fileSystem.status(of: index)?.kind == .file {
      // One that cannot be read proves nothing: what it names may be there.
      guard let standing = try ModelIndex(ifIntact: index, fileSystem) else { return }
      let kept = Set(standing.files.map(FileName.init))
      // The index that stands may be known to this system only.
      try fileSystem.syncDirectory(location.directory)
      for name in added + (noted.superfluous ?? []) where !kept.contains(FileName(name)) {
        try location.removeIfFile(Path.join(location.directory, name))
      }
    } else {
      // Without an index nothing has been committed but a single file, which no save has noted to go.
      for name in added where FileName(name) != FileName(ModelNames.single) {
        try location.removeIfFile(Path.join(location.directory, name))
      }
    }
    location.settleModel()
  }
}

extension SaveLocation {
  fileprivate func removeIfFile(_ path: String) throws(CheckpointError) {
    guard try options.fileSystem.entryStatus(of: path)?.kind.isSaved == true else { return }
    try remove(path)
  }
}
