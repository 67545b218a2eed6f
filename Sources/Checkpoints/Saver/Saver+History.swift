import CheckpointStore
import CheckpointBundle
public import CheckpointIO
import CheckpointTensors

// Which checkpoints a saver knows of, and what becomes of them.

extension Saver {
  /// The checkpoints that this saver has saved or been told of, and that stay: oldest first.
  public var checkpoints: [RetentionPolicy.SavedCheckpoint] { history.checkpoints }

  /// Tells which checkpoints there are, oldest first, in place of those that were known.
  ///
  /// From now on they count as saved by this saver: what its retention does not keep will be deleted,
  /// when the next one is saved to the same directory. Those of another saver's ``checkpoints`` that a
  /// period has kept stay for good.
  public func setHistory(_ checkpoints: [RetentionPolicy.SavedCheckpoint]) {
    history.set(checkpoints)
  }

  /// Tells which checkpoints there are, without times.
  ///
  /// - Parameters:
  ///   - paths: Their prefixes, oldest first.
  ///   - pinned: Whether they stay for good, whatever the retention says: they do by default, as in
  ///     TensorFlow.
  public func setHistory(_ paths: [String], pinned: Bool = true) {
    let now = settings.now()
    setHistory(paths.map { RetentionPolicy.SavedCheckpoint(path: $0, time: now, isPinned: pinned) })
  }

  /// Takes checkpoints for its own that an earlier process has saved, in place of those that were
  /// known.
  ///
  /// What was kept for good stays: a checkpoint that the directory's state file does not list, while it
  /// lists others of that name, counts as preserved. So does one that a manager's history calls so, if
  /// the state file tells nothing. If neither does, and the retention has periods, those that only a
  /// period can have kept count as preserved. ``setHistory(_:pinned:)`` is for those that are to go all
  /// the same.
  ///
  /// - Parameter paths: Their prefixes, oldest first. Those that are not there any more are left out;
  ///   of others the time is that of the file.
  /// - Throws: `io` if the system fails.
  public func recoverHistory(from paths: [String]) throws(CheckpointError) {
    let paths = try paths.map { path throws(CheckpointError) in try PathText.path(path) }
    let times = try CheckpointDirectory.Files.modificationTimes(
      of: paths, in: options.fileSystem)
    let found = zip(paths, times).compactMap { path, time in
      time.map {
        RetentionPolicy.SavedCheckpoint(path: path, step: Self.step(of: path), time: $0)
      }
    }
    setHistory(try inherited(found))
  }

  // Each directory has a state file of its own.
  private func inherited(_ checkpoints: [RetentionPolicy.SavedCheckpoint]) throws(CheckpointError)
    -> [RetentionPolicy.SavedCheckpoint]
  {
    var marked = checkpoints
    let places = Dictionary(grouping: checkpoints.indices) {
      TensorKey(Path(checkpoints[$0].path).directory)
    }
    for (directory, indices) in places {
      var inherited = try InheritedCheckpoints(in: directory.description, settings, options.files)
      let found = try inherited.marked(indices.map { checkpoints[$0] })
      for (index, checkpoint) in zip(indices, found) { marked[index] = checkpoint }
    }
    return marked
  }

  /// Takes the checkpoints of a directory for its own that an earlier process has saved, in place of
  /// those that were known.
  ///
  ///     try saver.recoverHistory(in: "run", named: "model")  // run/model-500, run/model-1000
  ///
  /// The directory is looked through. What was kept for good stays, as ``recoverHistory(from:)`` says;
  /// so does what the state file does not list. Checkpoints of other names are not touched, now or
  /// later.
  ///
  /// - Parameters:
  ///   - directory: The directory, as it stands at the beginning of the paths that are saved to.
  ///   - name: What the names begin with, before the step: of `save(to: "run/model", …)` that is
  ///     `model`. They are taken in the order of the steps.
  /// - Throws: `notFound` if there is no such directory; `io` if the system fails.
  public func recoverHistory(in directory: String, named name: String) throws(CheckpointError) {
    let directory = try PathText.path(directory)
    let listing = try DirectoryListing(
      of: directory.isEmpty ? "." : directory, fileSystem: options.fileSystem)
    try recoverHistory(from: listing.numbered(name).map(\.path))
  }

  private static func step(of path: String) -> Int? {
    NumberedName(Path(path).name).step
  }

  /// Notes that a checkpoint has been saved, and deletes what has to go.
  func record(_ path: String, step: Int?, in stateFile: StateFile?) throws(CheckpointError) {
    let directory = Path(path).directory
    history.append(RetentionPolicy.SavedCheckpoint(path: path, step: step, time: settings.now()))
    let listed = history.retire(in: directory, by: settings.retention)
    if let stateFile { try note(path, listed, in: stateFile) }
    // Only now: until the state file names the new one, the old one is what there is.
    let (deleted, failures) = history.sweep(in: directory, settings, options.files)
    lastSave?.deleted = deleted
    lastSave?.warnings += failures
  }

  private func note(_ path: String, _ listed: [String], in stateFile: StateFile)
    throws(CheckpointError)
  {
    do throws(CheckpointError) {
      try stateFile.write(
        CheckpointDirectory.State(latest: path, all: listed),
        paths: settings.savesRelativePaths ? .relative : .asGiven,
        durability: options.files.durability)
    } catch {
      var error = error
      error.message += "; the checkpoint '\(path)' itself is saved"
      throw error
    }
  }
}
