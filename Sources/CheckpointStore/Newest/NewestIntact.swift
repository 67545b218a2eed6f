package import CheckpointIO

/// The newest of several checkpoints that is intact, beside somebody who saves and deletes: one that has
/// gone is no damaged one.
package struct NewestIntact {
  private let directory: String
  private let fileSystem: any FileSystem

  package init(in directory: String, _ fileSystem: any FileSystem) {
    (self.directory, self.fileSystem) = (directory, fileSystem)
  }

  /// A checkpoint that was passed over, and why.
  package typealias Damaged = (path: String, error: CheckpointError)

  /// What was found.
  package struct Found<Result> {
    /// What was made of the first that is intact; `nil` if there is none.
    package var result: Result?
    /// The newer ones, which are damaged; the newest first.
    package var damaged: [Damaged] = []
  }

  /// Tries one checkpoint after the other, until one is intact.
  ///
  /// - Parameters:
  ///   - look: The checkpoints that there are, the newest first; called again if one has gone since.
  ///   - body: Makes something of a checkpoint; throws what is wrong with it.
  /// - Returns: What was found.
  /// - Throws: `busy` if checkpoints go away again and again; what is no damage of what `look` and `body`
  ///   throw.
  package func find<Result>(
    among look: () throws(CheckpointError) -> [String],
    with body: (String) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Found<Result> {
    for _ in 0..<Self.mostLooks {
      if let found = try first(of: look(), body) { return found }
    }
    throw CheckpointError(
      .busy,
      "the checkpoints here were looked through \(Self.mostLooks) times, and went away each time; let "
        + "whoever saves keep more of them, or try again later", file: directory)
  }

  private static let mostLooks = 10

  // `nil` if one of them has gone.
  private func first<Result>(of paths: [String], _ body: (String) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Found<Result>?
  {
    var found = Found<Result>()
    for path in paths {
      do throws(CheckpointError) {
        found.result = try body(path)
        return found
      } catch {
        guard !error.hasChangedVariables else { throw error }
        if error.isOutdated { return nil }
        guard error.isDamage else { throw error }
        if try !fileSystem.hasCheckpoint(at: path) { return nil }
        found.damaged.append((path, error.located(file: path)))
      }
    }
    return found
  }
}

extension NewestIntact {
  /// All checkpoints in the directory, the newest first, without what its state file says.
  ///
  /// - Throws: `io` if the system refuses.
  package func newestFirst() throws(CheckpointError) -> [String] {
    let listing = try DirectoryListing(ofAny: directory, fileSystem: fileSystem)
    return try listing?.newestFirst().map(\.path) ?? []
  }

  /// The newest checkpoint of a directory.
  package struct Newest {
    /// Its path.
    package let path: String
    /// Whether it is the model in safetensors files that the directory is of.
    package var isModel = false
  }

  /// The newest checkpoint in a directory without a state file: the first of V2 that is intact; the model that
  /// the directory is of, intact or not; the first of the others that is intact.
  ///
  /// - Throws: `ambiguousName` if the directory has several models, and nothing says which is meant; `io` if
  ///   the system refuses; `busy` if checkpoints go away again and again.
  package func newestWithoutState() throws(CheckpointError) -> Newest? {
    if let newest = try intact({ listing throws(CheckpointError) in try listing.newestBundles() }) {
      return Newest(path: newest)
    }
    let listing = try DirectoryListing(ofAny: directory, fileSystem: fileSystem)
    if let model = try listing?.model() { return Newest(path: model.path, isModel: true) }
    try listing?.checkHasOneSeries()
    return try intact { listing throws(CheckpointError) in try listing.newestOthers() }
      .map { Newest(path: $0) }
  }

  /// The same, or the first of all if none is intact.
  ///
  /// - Throws: As ``newestWithoutState()`` does.
  func newestAtAll() throws(CheckpointError) -> Newest? {
    if let newest = try newestWithoutState() { return newest }
    return try newestFirst().first.map { Newest(path: $0) }
  }

  private func intact(
    _ look: (DirectoryListing) throws(CheckpointError) -> [ListedCheckpoint]
  ) throws(CheckpointError) -> String? {
    let check = IntactCheck(fileSystem)
    return try find { () throws(CheckpointError) in
      guard let listing = try DirectoryListing(ofAny: directory, fileSystem: fileSystem) else {
        return []
      }
      return try look(listing).map(\.path)
    } with: { path throws(CheckpointError) in
      try check.check(path, .files)
      return path
    }.result
  }
}

extension NewestIntact.Found {
  /// The error that says that all checkpoints of a directory are damaged; `nil` if one is not, or if
  /// there are none.
  package func nothingIntact(in directory: String) -> CheckpointError? {
    guard result == nil, !damaged.isEmpty else { return nil }
    let finding =
      damaged.count == 1
      ? "the only checkpoint is damaged" : "none of the \(damaged.count) checkpoints is intact"
    var error = CheckpointError(
      .corrupt,
      "\(finding); nothing has changed, see whether a part of one can be saved, or begin in another "
        + "directory", file: directory)
    error.problems = damaged.map(\.error)
    return error
  }
}
