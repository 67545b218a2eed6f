import CheckpointStore
import CheckpointPlans
import CheckpointBundle
public import CheckpointIO
import CheckpointTensors

extension Saver {
  /// Saves the variables, updates the directory's state file, and deletes old checkpoints.
  ///
  /// Each of these steps is on the disk before the next one begins. ``Settings/retention`` says
  /// which checkpoints stay.
  ///
  /// - Parameters:
  ///   - path: What the names of the files begin with: `run/model`.
  ///   - step: The number that follows the path, 0 or more: `run/model-1000`.
  /// - Returns: The prefix, for ``restore(from:mapping:options:)-(String,_,_)``. For a V1 checkpoint in several
  ///   files, it is their pattern, `run/model-1000-?????-of-00002`; for a safetensors file
  ///   `run/model-1000.safetensors`; for a model directory `run/model-1000`. A saver without variables
  ///   writes nothing, but returns the prefix too. ``lastSave`` has the details.
  /// - Throws: `invalidArgument` for a negative step, and for the path of a single file of a
  ///   checkpoint, `run/model.index`; `pathConflict` if the state file would have the checkpoint's
  ///   name, or a V1 file would stand beside an index; `unsupported` for variables that the format
  ///   cannot hold, and for the path of a safetensors file in another format; `timedOut` if processes that
  ///   save together do not come; `busy` if somebody else is saving
  ///   there; `io` if the system fails. After an error, a checkpoint that was there before is still
  ///   there, and nothing else is left. It is no error if an old checkpoint cannot be deleted: see
  ///   ``Saver/Saved/warnings``.
  @discardableResult
  public func save(to path: String, step: Int? = nil) throws(CheckpointError) -> String {
    let prefix = try prefix(path, step)
    if let processes = options.processes {
      return try save(to: prefix, path, step, with: processes)
    }
    guard !content.isEmpty else { return prefix }
    let start = ContinuousClock.now
    let plan = try savePlan()
    let stateFile = try stateFile(for: prefix, plan.shardCount)
    let notes = plan.notes
    let saved = try SaveExecutor(options: options, progress: .current())
      .save(consume plan, to: prefix)
    try conclude(saved, step: step, since: start, notes, in: stateFile)
    return saved.path
  }

  /// Remembers a checkpoint that is written, and does what follows.
  func conclude(
    _ saved: SaveExecutor.Saved, step: Int?, since start: ContinuousClock.Instant,
    _ notes: [CheckpointError], in stateFile: StateFile?
  ) throws(CheckpointError) {
    var result = Saver.Saved(
      path: saved.path, files: saved.files, byteCount: byteCount(of: saved.files),
      duration: .now - start)
    result.warnings = notes
    lastSave = result
    try record(saved.path, step: step, in: stateFile)
  }

  private func prefix(_ path: String, _ step: Int?) throws(CheckpointError) -> String {
    if let step, step < 0 {
      throw CheckpointError(.invalidArgument, "the step \(step) is negative", file: path)
    }
    return try CheckpointName.path(
      path, number: step, padding: settings.stepPadding, format: options.format)
  }

  /// What there is to write at this moment.
  func savePlan() throws(CheckpointError) -> SavePlan { try savePlan(options) }

  func savePlan(_ options: SaveOptions) throws(CheckpointError) -> SavePlan {
    var plan = try SavePlan(
      items: content.savedTensors().map { SavePlan.Item($0.variable, key: $0.key) },
      keepsParts: options.format.isTensorFlow)
    try plan.distribute(options)
    return plan
  }

  /// What this process writes of what all have, who save together.
  func saveShare(_ options: SaveOptions, _ meeting: ProcessMeeting) throws(CheckpointError)
    -> SavePlan.Share
  {
    let plan = try content.isEmpty ? SavePlan(items: []) : savePlan(options.inOneFile)
    return try plan.share(to: meeting.rank, of: meeting.count)
  }

  // The checkpoint is saved by now: what cannot be known does not make it fail.
  private func byteCount(of files: [String]) -> UInt64 {
    files.reduce(0) { sum, file in
      let status = try? options.fileSystem.status(of: file)
      return sum + (status?.byteCount ?? 0)
    }
  }

  // MARK: The state file

  // The state file beside the checkpoint; asked for before the save, so that it cannot fail late.
  func stateFile(for prefix: String, _ shardCount: Int) throws(CheckpointError)
    -> StateFile?
  {
    guard settings.updatesState else { return nil }
    let file = try StateFile(
      in: Path(prefix).directory, name: settings.stateFilename, fileSystem: options.fileSystem)
    try file.checkConflict(with: prefix)
    guard options.format == .v1, options.sharding != .none else { return file }
    for shard in SlicesPath(prefix: Path(prefix).name, shardCount: shardCount).shards
    where shard.utf8.elementsEqual(file.name.utf8) {
      throw CheckpointError(
        .pathConflict, "the checkpoint '\(prefix)' would overwrite the state file; rename one",
        file: file.path)
    }
    return file
  }
}
