import CheckpointIO

// How a model comes to stand in a directory that exists, whatever happens meanwhile:
//
//   1. lock `model` in the directory, and note in the lock file which files come, and which go
//   2. the files: temporary name, sync, rename, under names that nothing there has; sync the directory
//   3. the index the same way. Its rename is the commit: before it the old model stands, after it the new one
//   4. remove the files of the model that was replaced; when that is durable, remove the lock file
//
// A model of one file, where nothing or one file stands, has no index: its own rename is the commit.
//
// A process that dies leaves the lock file. The next save finds it, and removes of the files that it names
// those that the standing index does not. All other files in the directory stay.

/// A save to a model directory that is there already.
final class StandingModelTransaction: SafetensorsTransaction {
  private let directory: String
  private var names: [String] = []
  private var hasIndex = false
  private let standing: StandingModel
  private let location: SaveLocation
  private var isOpen = false

  private var fileSystem: any FileSystem { location.options.fileSystem }

  // The first file of the model that stands, its index if it has one.
  private var standingFile: String? {
    let name = standing.hasIndex ? ModelNames.index : standing.files.first
    return name.map { Path.join(directory, $0) }
  }

  var paths: [String] { names.map { Path.join(directory, $0) } }

  /// Begins to save.
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - options: How its files are written.
  /// - Throws: `busy` if somebody else is saving there; `pathConflict` if something that is not ours has the
  ///   name of the lock file; `io` if the system fails.
  init(_ directory: String, options: FileOptions) throws(CheckpointError) {
    self.directory = directory
    location = try SaveLocation(Path.join(directory, ModelNames.stem), options: options)
    try StandingModel.removeLeftovers(of: location)
    location.removeOthersTemporaries()
    // A dead save to the directory itself, when there was none, has left its lock beside it.
    SaveLocation.removeTemporaries(beside: directory, options.fileSystem)
    standing = try StandingModel(in: directory, options.fileSystem)
  }

  func begin(_ count: Int) throws(CheckpointError) {
    hasIndex = count > 1 || standing.hasParts
    // Parts without an index are a model by their names alone: new parts must not look like a model before their
    // index is there.
    let generation = standing.files.isEmpty || standing.hasIndex ? 1 : 2
    names = try ModelNames.free(
      count: count, hasIndex: hasIndex, from: generation, in: directory, fileSystem)
    let superfluous = hasIndex ? standing.files : []
    let files = names.map { String($0.dropFirst(ModelNames.stem.count)) } + [ModelIndex.ending]
    try location.begin(.model(files: files, superfluous: superfluous))
    isOpen = true
  }

  func createFile(_ number: Int) throws(CheckpointError) -> AtomicFile {
    try AtomicFile(paths[number], in: location, replacing: standingFile)
  }

  func commit(_ files: [AtomicFile], _ layout: ModelLayout) throws(CheckpointError) {
    guard hasIndex else {
      for file in files { try file.commitCheckpoint() }
      isOpen = false
      return try location.finishCommitted()
    }
    for file in files { try file.commit() }
    try location.syncDirectory()
    let index = try AtomicFile(
      Path.join(directory, ModelNames.index), in: location, replacing: standingFile)
    let replaced = standing.files.contains(ModelNames.single) ? ModelNames.single : nil
    try index.write(layout.index(names, replacing: replaced))
    do throws(CheckpointError) {
      try index.commit()
    } catch {
      throw failure(ofIndex: error)
    }
    isOpen = false
    try location.afterCommit("a power cut may still undo that", location.syncDirectory)
    try location.afterCommit("the next save removes what is left of the old one") {
      () throws(CheckpointError) in
      for name in standing.files { try location.remove(Path.join(directory, name)) }
      try location.finish()
    }
  }

  // On a network, a rename can happen and be reported as failed because the answer was lost: the index that
  // stands now tells. Unless it proves to be another one, the files that it may name stay.
  private func failure(ofIndex error: CheckpointError) -> CheckpointError {
    let path = Path.join(directory, ModelNames.index)
    if let isThere = try? fileSystem.status(of: path) != nil {
      let index = isThere ? try? ModelIndex(filesOf: path, fileSystem) : nil
      let isOther = !isThere || index?.files.contains(names[0]) == false
      if isOther { return error }
    }
    isOpen = false
    location.abandon()
    return error.adding("as it seems, the new checkpoint is saved all the same")
  }

  deinit {
    guard isOpen else { return }
    do throws(CheckpointError) {
      guard hasIndex else { return }  // its only file has no name yet
      for path in paths { try location.remove(path) }
    } catch {
      location.abandon()
    }
  }
}
