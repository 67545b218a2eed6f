import CheckpointStore
import CheckpointBundle
public import CheckpointIO
import CheckpointTensors

// Which checkpoints a saver knows of, and what becomes of them.

extension Saver {
  /// The checkpoints that stay, of those that this saver saved or was told of, oldest first.
  public var checkpoints: [RetentionPolicy.SavedCheckpoint] { history.checkpoints }

  /// Replaces the saver's list of checkpoints, oldest first.
  ///
  /// From now on these count as saved by this saver. The next save to the same directory deletes
  /// those that its retention does not keep. If you pass another saver's ``checkpoints``, those
  /// that a period has kept stay for good.
  public func setHistory(_ checkpoints: [RetentionPolicy.SavedCheckpoint]) {
    history.set(checkpoints)
  }

  /// Replaces the saver's list of checkpoints, without their times.
  ///
  /// - Parameters:
  ///   - paths: Their prefixes, oldest first.
  ///   - pinned: Whether they stay for good, whatever the retention says. They do by default, as in
  ///     TensorFlow.
  public func setHistory(_ paths: [String], pinned: Bool = true) {
    let now = settings.now()
    setHistory(paths.map { RetentionPolicy.SavedCheckpoint(path: $0, time: now, isPinned: pinned) })
  }

  /// Replaces the saver's list of checkpoints by those that an earlier process saved.
  ///
  /// Checkpoints that were kept for good stay. If the directory's state file lists checkpoints of
  /// this name, these are the ones that it does not list. If it lists none, they are those that a
  /// manager's history says are kept. If there is no history either, and the retention has periods,
  /// they are those that only a period can have kept. If they may be deleted all the same, use
  /// ``setHistory(_:pinned:)``.
  ///
  /// - Parameter paths: Their prefixes, oldest first. Those that do not exist any more are left
  ///   out. The others get the times of their files.
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

  /// Replaces the saver's list of checkpoints by those that an earlier process saved to a
  /// directory.
  ///
  ///     try saver.recoverHistory(in: "run", named: "model")  // run/model-500, run/model-1000
  ///
  /// The saver looks for them in the directory. Checkpoints that were kept for good stay, as
  /// ``recoverHistory(from:)`` says. Checkpoints of other names are not touched, now or later.
  ///
  /// - Parameters:
  ///   - directory: The directory, written as at the beginning of the paths that you save to.
  ///   - name: What the names begin with, before the step. For `save(to: "run/model", …)`, that is
  ///     `model`. The checkpoints are listed in the order of their steps.
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
    // Only now: until the state file names the new checkpoint, it leads to an old one.
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
