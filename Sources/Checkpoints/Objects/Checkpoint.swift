import CheckpointStore
public import CheckpointPlans
public import CheckpointGraph
public import CheckpointIO
import CheckpointTensors

/// Saves and restores objects and what belongs to them, as TensorFlow's `tf.train.Checkpoint` does.
///
///     let checkpoint = try Checkpoint(["model": model, "optimizer": optimizer, "step": step])
///     let path = try checkpoint.save(to: "run/ckpt")  // run/ckpt-1
///     let status = try checkpoint.restore(from: path)
///     try status.assertConsumed()
///
/// A restore matches the saved objects with those of the program by the names of the edges between
/// them. Values of objects that do not exist yet wait for them: see ``Dependency`` and
/// ``restoreDeferred()``.
///
/// Only one thread may use a checkpoint at a time.
/// Source: tensorflow/python/checkpoint/checkpoint.py, `Checkpoint`.
public final class Checkpoint {
  let roots: CheckpointRoots

  /// How the files of the next checkpoints are written: also those of a ``CheckpointManager`` that has
  /// no options of its own.
  public var options: SaveOptions

  /// Creates a checkpoint of objects under the given names.
  ///
  /// - Parameters:
  ///   - objects: The objects. The keys of everything that belongs to an object begin with its
  ///     name.
  ///   - options: How the files are written.
  /// - Throws: `duplicateName` for a name that occurs twice; what registering the objects throws.
  public init(
    _ objects: KeyValuePairs<String, any Checkpointable>, options: SaveOptions = SaveOptions()
  ) throws(CheckpointError) {
    roots = try CheckpointRoots(nil, objects.map { ($0.key, $0.value) })
    self.options = options
  }

  /// Creates a checkpoint whose root is an object itself.
  ///
  /// - Parameters:
  ///   - root: The object. The keys begin with the names of what belongs to it.
  ///   - objects: Further objects, as if they belonged to the root.
  ///   - options: How the files are written.
  /// - Throws: As for named objects.
  public init(
    _ root: any Checkpointable, _ objects: KeyValuePairs<String, any Checkpointable> = [:],
    options: SaveOptions = SaveOptions()
  ) throws(CheckpointError) {
    roots = try CheckpointRoots(root, objects.map { ($0.key, $0.value) })
    self.options = options
  }

  /// How many checkpoints ``save(to:)`` has saved, which is the number of the last one.
  ///
  /// It is a variable of the checkpoint itself, `save_counter`, and is restored like the others.
  public var saveCounter: Variable<Int64> { roots.counter }

  /// Adds an object under a name, and restores the values that wait for it at once.
  ///
  /// - Parameters:
  ///   - object: The object.
  ///   - name: Its name.
  /// - Throws: `duplicateName` if another object has the name; what ``restoreDeferred()`` throws.
  public func track(_ object: any Checkpointable, as name: String) throws(CheckpointError) {
    try roots.attach(object, as: name)
    try restoreDeferred()
  }

  // MARK: Saving

  /// Saves to a new, numbered checkpoint, and updates the directory's state file.
  ///
  /// - Parameter path: What the names of the files begin with: `run/ckpt` becomes `run/ckpt-1`.
  /// - Returns: The prefix, for ``restore(from:at:mapping:options:fileID:line:)-(String?,_,_,_,_,_)``.
  /// - Throws: `invalidArgument` or `duplicateName` if objects cannot be registered; `unsupported`
  ///   for the path of a safetensors file, `invalidArgument` for that of a single file of a
  ///   checkpoint, `run/ckpt.index`; `pathConflict` if the state file would have the checkpoint's
  ///   name; `busy` if somebody else is saving there; `limitExceeded` if there is no larger number;
  ///   `io` if the system fails. The number is used up even if the save fails.
  @discardableResult
  public func save(to path: String) throws(CheckpointError) -> String {
    _ = try CheckpointName.path(path, format: options.format)
    roots.usesCounter = true
    if let processes = options.processes { return try save(to: path, with: processes) }
    try advanceCounter()
    let prefix = try CheckpointName.path(
      path, number: Int(saveCounter.value[]), format: options.format)
    let stateFile = try StateFile(in: Path(prefix).directory, fileSystem: options.fileSystem)
    try stateFile.checkConflict(with: prefix)
    try write(to: prefix)
    do throws(CheckpointError) {
      try stateFile.write(
        CheckpointDirectory.State(latest: prefix), durability: options.files.durability)
    } catch {
      var error = error
      error.message += "; the checkpoint '\(prefix)' itself is saved"
      throw error
    }
    return prefix
  }

  func advanceCounter() throws(CheckpointError) {
    let (next, overflows) = saveCounter.value[].addingReportingOverflow(1)
    guard !overflows else {
      throw CheckpointError(
        .limitExceeded,
        "the save counter is at its largest number, \(saveCounter.value[]); set it to another")
    }
    saveCounter.value[] = next
  }

  /// Saves to exactly this prefix, without a number and without a state file.
  ///
  /// If there is a checkpoint already, it is replaced in one step.
  ///
  /// - Parameter prefix: What the names of the files begin with.
  /// - Returns: The prefix.
  /// - Throws: As ``save(to:)``.
  @discardableResult
  public func write(to prefix: String) throws(CheckpointError) -> String {
    let prefix = try CheckpointName.path(prefix, format: options.format)
    if let processes = options.processes { return try write(to: prefix, with: processes) }
    let plan = try savePlan(options)
    let notes = plan.notes
    try SaveExecutor(options: options, progress: .current()).save(consume plan, to: prefix)
    for note in notes { CheckpointWarnings.warn("\(note.located(file: prefix))") }
    return prefix
  }

  /// What there is to write: every value, then the graph, if the format has one.
  func savePlan(_ options: SaveOptions) throws(CheckpointError) -> SavePlan {
    try options.checkIsForObjects()
    var live = try liveGraph()
    try live.takeGroups()
    guard !options.format.isTensorFlow else {
      return try Self.plan(live.saved(roots.lastForm), options)
    }
    return try Self.plan(live.namedValues(), options)
  }

  /// What this process writes of what all have, who save together.
  func saveShare(_ options: SaveOptions, _ meeting: ProcessMeeting) throws(CheckpointError)
    -> SavePlan.Share
  {
    try options.checkIsForObjects()
    var live = try liveGraph()
    try live.takeGroups()
    return try roots.lastShares.share(
      of: Self.content(live.saved(roots.lastForm)), to: meeting.rank, of: meeting.count)
  }

  /// The values of this moment, for another thread: keys and graph are worked out there.
  func snapshot(_ options: SaveOptions) throws(CheckpointError) -> SaveSnapshot {
    try options.checkIsForObjects()
    let values = try liveGraph().snapshot(SaveSnapshot.copy)
    return SaveSnapshot { [lastForm = roots.lastForm] () throws(CheckpointError) in
      guard !options.format.isTensorFlow else {
        return try Self.plan(values.saved(lastForm), options)
      }
      return try Self.plan(values.namedValues(), options)
    }
  }

  private func liveGraph() throws(CheckpointError) -> LiveGraph {
    let live = try roots.walk()
    DeferredRestores.warnAboutUnrestored(in: live)
    roots.warnIfEmpty(live)
    return live
  }

  private static func plan(
    _ saved: (form: SavedForm, variables: [any TensorVariable]), _ options: SaveOptions
  ) throws(CheckpointError) -> SavePlan {
    var plan = try content(saved).plan()
    try plan.distribute(options)
    return plan
  }

  private static func content(_ saved: (form: SavedForm, variables: [any TensorVariable]))
    -> GraphContent
  {
    GraphContent(saved, counterKey: CheckpointRoots.counterKey)
  }

  // Without a graph, by the names that a restore by names looks for first.
  private static func plan(_ values: [LiveGraph.StoredValue], _ options: SaveOptions)
    throws(CheckpointError) -> SavePlan
  {
    var plan = try SavePlan(
      items: values.map { SavePlan.Item($0.variable, key: $0.key) }, keepsParts: false)
    try plan.distribute(options)
    return plan
  }
}

extension SaveOptions {
  /// Refuses formats that object graphs are not saved in, unless they may be left out.
  func checkIsForObjects() throws(CheckpointError) {
    guard format != .v1 else { throw unsupportedFormat(by: "a Checkpoint, which saves objects,") }
    guard format != .v2, !omitsUnsupported else { return }
    throw CheckpointError(
      .unsupported,
      "the format \(format.title) has no object graph: the variables would be saved by their names, and "
        + "restored by names; strings and states are left out. Ask for that with omitsUnsupported, or save "
        + "as V2")
  }
}
