public import CheckpointIO

// From any path to the checkpoint that a person means by it.

extension CheckpointLocation {
  /// Finds the checkpoint.
  ///
  /// - Throws: `notACheckpoint` if there is none, naming those that are near; `io` if the system
  ///   fails.
  package init(_ path: String) throws(CheckpointError) {
    try self.init(path, fileSystem: LocalFileSystem())
  }

  package init(_ text: String, fileSystem: any FileSystem) throws(CheckpointError) {
    self = try CheckpointSearch(fileSystem: fileSystem).location(PathText.path(text))
  }
}

extension CheckpointOpening {
  /// Names a checkpoint, by whatever leads to one: see ``CheckpointLocation``.
  package init(_ path: String, _ fileSystem: any FileSystem) {
    self.init(path, fileSystem) { fileSystem throws(CheckpointError) in
      try CheckpointLocation(path, fileSystem: fileSystem)
    }
  }
}

extension CheckpointReader {
  /// Opens a checkpoint.
  ///
  /// A path is, in this order:
  /// - the prefix of a V2 checkpoint: `run/ckpt-7`;
  /// - a directory: its newest checkpoint, as ``CheckpointDirectory/latest()`` finds it; if its state file
  ///   is damaged or leads nowhere, as without one; the model in safetensors files that it is of; the variables
  ///   of a SavedModel;
  /// - a file of a checkpoint: `run/ckpt-7.index`, `run/ckpt-7.data-00000-of-00001`, `run/ckpt-7.meta`;
  ///   a V1 file, or any of several (`run/model.ckpt-00000-of-00002`), which stands for all of them; a
  ///   safetensors file; the index of a model (`model.safetensors.index.json`), or any file that it names;
  /// - the pattern, or the prefix, of a V1 checkpoint or a model in several files:
  ///   `run/model.ckpt-?????-of-00002`, `run/model.ckpt`.
  ///
  /// Paths are literal: no other character of them is a pattern. ``path`` says what was opened.
  ///
  /// - Parameter path: What leads to a checkpoint.
  /// - Throws: `notACheckpoint` if there is none; `notFound` if it was deleted meanwhile; `busy` if it is
  ///   replaced again and again; `corrupt` or `truncated` if it is damaged.
  public init(_ path: String) throws(CheckpointError) { try self.init(at: path, LocalFileSystem()) }

  /// Opens whatever a path leads to.
  package init(at path: String, _ fileSystem: any FileSystem) throws(CheckpointError) {
    self = try CheckpointOpening(path, fileSystem).open().reader
  }
}

/// What a path leads to.
private struct CheckpointSearch {
  let fileSystem: any FileSystem

  // A V2 checkpoint comes first: none of its files has the path itself.
  func location(_ path: String) throws(CheckpointError) -> CheckpointLocation {
    guard try !fileSystem.hasBundle(at: path) else { return CheckpointLocation(path: path) }
    switch try fileSystem.status(of: path)?.kind {
    case .directory: return try find(inDirectory: Path.withoutTrailingSlashes(path))
    case .file: return try find(owning: path)
    case nil: return try find(inPartsOf: path)
    case _?: throw MissingCheckpoint(at: path, fileSystem).error
    }
  }

  // The checkpoint that a file belongs to; the file itself, if its name does not tell of another one.
  private func find(owning file: String) throws(CheckpointError) -> CheckpointLocation {
    let place = Path(file)
    let name = CheckpointFileName(place.name)
    if let bundle = try bundle(of: name, in: place.directory) { return location(bundle, of: file) }
    // A safetensors file of any name may be part of a model: only the model's index tells.
    guard name != .single || CheckpointName.isSafetensors(file) else {
      return CheckpointLocation(path: file)
    }
    let listing = try DirectoryListing(of: place.directory, fileSystem: fileSystem)
    guard let owner = try listing.owner(of: place.name),
      FileName(owner.path) != FileName(file)
    else { return CheckpointLocation(path: file) }
    return location(owner.path, of: file)
  }

  // Found by the name alone, without listing the directory, since a program may ask for many in a row.
  private func bundle(of name: CheckpointFileName, in directory: String) throws(CheckpointError)
    -> String?
  {
    let prefix: String
    switch name {
    case .index(prefix: let own), .graph(prefix: let own): prefix = own
    case .data(let data): prefix = data.prefix
    default: return nil
    }
    let path = Path.join(directory, prefix)
    return try fileSystem.hasBundle(at: path) ? path : nil
  }

  private func location(_ path: String, of file: String) -> CheckpointLocation {
    CheckpointLocation(path: path, note: "\(file) is a file of the checkpoint \(path)")
  }

  private func find(inPartsOf path: String) throws(CheckpointError) -> CheckpointLocation {
    let place = Path(path)
    let listing = try DirectoryListing(ofAny: place.directory, fileSystem: fileSystem)
    guard let found = try listing?.checkpoint(inPartsOf: place.name) else {
      throw MissingCheckpoint(at: path, fileSystem).error
    }
    let note = "\(path) is in several files, the checkpoint is \(found.path)"
    return CheckpointLocation(path: found.path, note: found.path == path ? nil : note)
  }

  // MARK: Directories

  // Somebody who saves there may delete what was just found. So the search fails only if the directory has not
  // changed between two looks.
  private func find(inDirectory path: String) throws(CheckpointError) -> CheckpointLocation {
    var last: Sight?
    for _ in 0..<Self.mostLooks {
      do throws(CheckpointError) {
        return try look(inDirectory: path)
      } catch  where error.code == .notACheckpoint || error.isOutdated {
        let sight = try Sight(
          names: Set(fileSystem.namesInDirectory(path).map(FileName.init)),
          stateFile: fileSystem.status(of: Path.join(path, CheckpointFileName.stateFile)))
        guard sight != last else { throw error }
        last = sight
      }
    }
    throw CheckpointError(
      .busy,
      "checkpoints come and go here, and none stayed long enough to be found; let whoever saves keep "
        + "more of them, or try again later", file: path)
  }

  private static let mostLooks = 10

  // What a directory looks like at a moment: if it looks the same later, nothing has come or gone.
  private struct Sight: Hashable {
    let names: Set<FileName>
    let stateFile: FileStatus?
  }

  private func look(inDirectory path: String) throws(CheckpointError) -> CheckpointLocation {
    var reason = "has no state file"
    do throws(CheckpointError) {
      let found = try NewestCheckpoints(
        StateFile(in: path, fileSystem: fileSystem), fileSystem: fileSystem)
      if let newest = found.newest {
        let addition = found.newer.isEmpty ? "" : ", which its state file does not know yet"
        return CheckpointLocation(
          path: newest, note: "the latest checkpoint in \(path) is \(newest)\(addition)",
          isNewest: true)
      }
      if let state = found.state {
        reason = "has a state file that names '\(state.latest)', which is not there"
      }
    } catch  where !error.saysNothingOfContent {
      reason = "has a state file that cannot be read (\(StateFile.finding(of: error)))"
    }
    if let newest = try NewestIntact(in: path, fileSystem).newestAtAll() {
      // A safetensors file without a number is not one of a series, so that no state file is needed to tell which
      // is meant.
      let name = Path(newest.path).name
      let isAlone = CheckpointName.isSafetensors(name) && NumberedName(name).step == nil
      let isModel = newest.isModel || isAlone
      let what = isModel ? "the model in it" : "its newest checkpoint"
      return CheckpointLocation(
        path: newest.isModel ? path : newest.path,
        note: "\(path) \(reason); \(what) is \(newest.path)", isNewest: true, isGuess: !isModel)
    }
    let variables = Path.join(path, "variables/variables")
    guard try fileSystem.hasBundle(at: variables) else {
      throw MissingCheckpoint(at: path, fileSystem).error
    }
    return CheckpointLocation(
      path: variables, note: "\(path) is a SavedModel; its variables are \(variables)")
  }
}
