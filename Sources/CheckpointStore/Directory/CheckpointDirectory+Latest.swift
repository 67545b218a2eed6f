public import CheckpointIO
import CheckpointTensors

extension CheckpointDirectory {
  /// The newest checkpoint; `nil` if there is none.
  ///
  /// That is what the directory's state file names, as in TensorFlow. But a process may die when a
  /// checkpoint is complete and before the state file says so. So another checkpoint is newer if it
  /// lies in the same directory, has the same name with a higher number, is not listed in the state
  /// file, is complete, and was written strictly after the state file. A state file that was pointed
  /// back, by hand or by another program, is obeyed: it is younger than what it does not name. Where
  /// the clock of a file system is so coarse that both have the same time, the state file counts.
  ///
  /// What the state file names is there if its index file is, or a file of the path itself (format V1),
  /// or a file that matches its five question marks (`m-3-?????-of-00002`, a V1 checkpoint in parts).
  /// If the file records an absolute path that leads nowhere, the directory was moved: the checkpoint
  /// of the same name in this directory is taken. If that is not there either, and nothing is newer,
  /// the result is `nil`; ``latestValid(checking:)`` looks further.
  ///
  /// Without a state file the newest is complete, has the name that was written last, and of that the
  /// highest number; checkpoints of the format V2 come before others.
  ///
  /// The state file may name a path outside the directory. This function only looks whether there
  /// is a file; where state files come from strangers, check the path before restoring from it.
  ///
  /// - Throws: `corrupt` if the state file is none, see
  ///   ``CheckpointDirectory/State/read(from:filename:)``; `io` if the system fails.
  public func latest() throws(CheckpointError) -> String? {
    let found = try newestByState()
    guard found.state == nil else { return found.newest }
    return try NewestIntact(in: path, fileSystem).newestWithoutState()?.path
  }

  /// The newest checkpoint that is intact, whatever has become of others; `nil` if there are none at
  /// all.
  ///
  /// If ``latest()`` is damaged, what the state file lists comes next, then all others. A damaged state
  /// file counts as none.
  ///
  ///     if let path = try CheckpointDirectory("run").latestValid() {
  ///       try checkpoint.restore(from: path)
  ///     }
  ///
  /// - Parameter check: How closely the checkpoints are looked at.
  /// - Returns: The prefix; the file of a V1 checkpoint, or the pattern of its parts.
  /// - Throws: One error with every damage if there are checkpoints and none is intact; `io` if the
  ///   system refuses; `busy` if checkpoints go away again and again while they are looked at.
  public func latestValid(checking check: CheckpointCheck = .files) throws(CheckpointError)
    -> String?
  {
    let found = try NewestIntact(in: path, fileSystem).find { () throws(CheckpointError) in
      try newestFirst()
    } with: { path throws(CheckpointError) in
      try IntactCheck(fileSystem).check(path, check)
      return path
    }
    if let error = found.nothingIntact(in: path) { throw error }
    return found.result
  }

  private func newestFirst() throws(CheckpointError) -> [String] {
    var paths: [String] = []
    do throws(CheckpointError) {
      let found = try newestByState()
      let listed = found.state?.all.reversed() ?? []
      paths = found.newer + [found.named].compactMap { $0 }
      for path in listed where try fileSystem.hasCheckpoint(at: path) { paths.append(path) }
    } catch  where !error.saysNothingOfContent {
      CheckpointWarnings.warn("\(error)")
    }
    paths += try NewestIntact(in: path, fileSystem).newestFirst()
    var known: Set<TensorKey> = []
    return paths.filter { known.insert(TensorKey($0)).inserted }
  }

  /// What the rule says that everybody goes by.
  func newestByState() throws(CheckpointError) -> NewestCheckpoints {
    let file = try StateFile(in: path, name: filename, fileSystem: fileSystem)
    return try NewestCheckpoints(file, fileSystem: fileSystem)
  }

  /// What the index is like, or the file, or the first part that is there; `nil` without any.
  func committedStatus(of path: String) throws(CheckpointError) -> FileStatus? {
    try CommittedFiles(of: path, fileSystem)?.present[0].status
  }

  /// Whether a checkpoint can be opened.
  ///
  /// - Throws: `io` if the system refuses.
  func isComplete(_ path: String) throws(CheckpointError) -> Bool {
    do throws(CheckpointError) {
      _ = try CheckpointReader(path, fileSystem: fileSystem)
      return true
    } catch  where !error.saysNothingOfContent {
      return false
    }
  }

  /// The prefixes of all checkpoints in the directory, by their index files, in the order of their
  /// names and numbers (`ckpt-9` before `ckpt-10`).
  ///
  /// An index file is the last file that a save completes; empty ones, which failed saves of
  /// TensorFlow leave behind, do not count. Useful to say what there is instead of what is missing.
  ///
  /// - Throws: `notFound` if there is no such directory; `io` if the system fails.
  public func prefixes() throws(CheckpointError) -> [String] {
    let listing = try DirectoryListing(of: path, fileSystem: fileSystem)
    var bundles: [ListedCheckpoint] = []
    for candidate in listing.candidates where candidate.isBundle {
      guard let bundle = try listing.checkpoint(candidate), !bundle.isEmpty else { continue }
      bundles.append(bundle)
    }
    return bundles.sorted { $0.name < $1.name }.map(\.path)
  }
}
