package import CheckpointIO
import CheckpointSafetensors

/// The newest checkpoint of a directory with a state file: one rule, whoever asks.
///
/// What the state file names is the newest, since people and other programs point it to what they want.
/// But a process may die when its checkpoint is complete and before the state file says so. So another
/// checkpoint is newer if all of this holds:
///
/// - it lies in the same directory, and has the same name with a higher number;
/// - the state file does not list it;
/// - it is complete;
/// - its index, or each of its files without one, was written strictly after the state file.
///
/// Where a file system's clock advances so slowly that both have the same time, the state file counts.
package struct NewestCheckpoints {
  /// What the state file says, its paths resolved; `nil` if there is none.
  package private(set) var state: CheckpointDirectory.State?
  /// The checkpoint that it names, if that is there.
  package private(set) var named: String?
  /// The checkpoints that are newer than that, the newest first.
  package private(set) var newer: [String] = []
  private let fileSystem: any FileSystem

  /// The newest; `nil` if the state file leads nowhere.
  package var newest: String? { newer.first ?? named }

  /// Looks at a directory.
  ///
  /// If what the state file names has gone, and the file says something else by then, that counts:
  /// whoever saves has moved on.
  ///
  /// - Parameters:
  ///   - file: The directory's state file, which need not exist.
  ///   - names: The names in that directory, if somebody has looked just now.
  ///   - fileSystem: Where.
  /// - Throws: `corrupt` if the state file is none; `io` if the system fails.
  package init(_ file: StateFile, names: [String]? = nil, fileSystem: any FileSystem)
    throws(CheckpointError)
  {
    self.fileSystem = fileSystem
    for attempt in 1...10 {
      // Before it is read: whatever replaces it in between has a higher number, or is listed there.
      let status = try fileSystem.status(of: file.path)
      let found = try file.readNewest()
      state = found?.state
      guard let found else { return }
      guard let status else { continue }  // the file was created in between
      let areOfItsDirectory = FileName(Path(found.newest).directory) == FileName(file.directory)
      try look(found.newest, status.modified, attempt == 1 && areOfItsDirectory ? names : nil)
      guard newest == nil, try fileSystem.status(of: file.path) != status else { return }
    }
  }

  private mutating func look(_ path: String, _ time: FileTime, _ names: [String]?)
    throws(CheckpointError)
  {
    named = try fileSystem.hasCheckpoint(at: path) ? path : nil
    newer = []
    let place = Path(path)
    let successors = try successors(of: NumberedName(place.name), in: place.directory, names)
    // A checkpoint counts as listed by its name alone, whatever directory the list gives: if in doubt, the state
    // file is believed.
    var unlisted = Set(successors.map(FileName.init))
    for path in state?.all ?? [] where !unlisted.isEmpty {
      let name = StateFile.lastComponent(of: path)
      unlisted.remove(FileName(CheckpointFileName.checkpoint(meantBy: name)))
    }
    for successor in successors where unlisted.contains(FileName(successor)) {
      let path = Path.join(place.directory, successor)
      guard try wasWritten(path, after: time) else { continue }
      if try isComplete(path) { newer.append(path) }
    }
  }

  private func successors(of name: NumberedName, in directory: String, _ names: [String]?)
    throws(CheckpointError) -> [String]
  {
    let names =
      if let names { names } else {
        try DirectoryListing.names(ofAny: directory, fileSystem: fileSystem) ?? []
      }
    // Only files of higher numbers and the indexes of models matter: few, even among thousands.
    let files = names.filter {
      name.mayPrecede(file: $0) || $0.removing(suffix: ModelIndex.ending) != nil
    }
    guard !files.isEmpty else { return [] }
    let listing = try DirectoryListing(of: directory, names: files, fileSystem: fileSystem)
    return listing.successors(of: name).map(\.name.name)
  }

  private func wasWritten(_ path: String, after time: FileTime) throws(CheckpointError) -> Bool {
    guard let files = try CommittedFiles(of: path, fileSystem), files.missing.isEmpty else {
      return false
    }
    return files.present.allSatisfy { $0.status.modified > time }
  }

  private func isComplete(_ path: String) throws(CheckpointError) -> Bool {
    do throws(CheckpointError) {
      try IntactCheck(fileSystem).check(path, .files)
      return true
    } catch  where error.isDamage || error.isOutdated {
      return false  // damaged, or gone
    }
  }
}
