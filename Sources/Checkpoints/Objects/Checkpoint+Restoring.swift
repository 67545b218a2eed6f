import CheckpointStore
import CheckpointPlans
import CheckpointMapping
import CheckpointGraph
public import CheckpointIO
public import CheckpointTensors

extension Checkpoint {
  /// Restores the objects from a checkpoint of any format, saved here or by TensorFlow.
  ///
  /// A checkpoint of TensorFlow 1 or of a ``Saver`` has no objects. In such a checkpoint, the
  /// restore looks for each variable by its own name first, and then by its place. It also finds
  /// slot variables by the names that TensorFlow 1 gives them: `w/Adam`, `w/Adam_1`.
  ///
  /// Every variable that exists gets a value, or nothing changes, unless `options` ask for less.
  /// Values of objects that do not exist yet are kept for them, and the status lists them.
  ///
  /// - Parameters:
  ///   - path: The prefix, as ``save(to:)`` returns it, or anything else that leads to a
  ///     checkpoint, see ``CheckpointReader/init(_:)``. A directory stands for its newest checkpoint.
  ///     ``LoadStatus/path`` and ``LoadStatus/note`` say which one it was. With `nil`, nothing is
  ///     restored.
  ///   - place: The saved object that the root is restored from: a path of names as in keys, such
  ///     as `model/encoder`. If it is empty, that is the saved root.
  ///   - mapping: How the names of the checkpoint become those of the variables. With a mapping,
  ///     the restore goes by names even if the checkpoint has objects.
  ///   - options: What to do with variables and values that do not fit.
  ///   - fileID: Where the call stands. Errors of values that are restored later name it.
  ///   - line: The line of it.
  /// - Returns: What was restored and what was not. If something was not, and nobody looks at the
  ///   status, a warning is given: see ``CheckpointWarnings``.
  /// - Throws: One error with every problem: `notFound` for variables without a value, `mismatch` for
  ///   dtypes and shapes; `notACheckpoint` if there is none; `notFound` also if it was deleted while it
  ///   was read, `busy` if it is replaced again and again; `corrupt` or `truncated` if a file is
  ///   damaged; `io` if the system refuses.
  public func restore(
    from path: String?, at place: String = "", mapping: KeyMapping? = nil,
    options: RestoreOptions = RestoreOptions(), fileID: String = #fileID, line: Int = #line
  ) throws(CheckpointError) -> LoadStatus {
    roots.usesCounter = true
    return try load(path, options, place, mapping, origin: "\(fileID):\(line)")
  }

  /// Restores the objects, but not the save counter: for checkpoints of ``write(to:)``.
  ///
  /// - Parameters:
  ///   - path: As for ``restore(from:at:mapping:options:fileID:line:)-(String?,_,_,_,_,_)``.
  ///   - place: The saved object that the root is restored from.
  ///   - mapping: How the names of the checkpoint become those of the variables.
  ///   - options: What to do with variables and values that do not fit.
  ///   - fileID: Where the call stands.
  ///   - line: The line of it.
  /// - Returns: What was restored and what was not.
  /// - Throws: As ``restore(from:at:mapping:options:fileID:line:)-(String?,_,_,_,_,_)``.
  public func read(
    from path: String, at place: String = "", mapping: KeyMapping? = nil,
    options: RestoreOptions = RestoreOptions(), fileID: String = #fileID, line: Int = #line
  ) throws(CheckpointError) -> LoadStatus {
    try load(path, options, place, mapping, origin: "\(fileID):\(line)")
  }

  func load(
    _ path: String?, _ options: RestoreOptions, _ place: String, _ mapping: KeyMapping?,
    origin: String
  ) throws(CheckpointError) -> LoadStatus {
    guard let path else { return LoadStatus(nil, roots) }
    let live = try roots.walk()
    let progress = OperationProgress.current()
    let fileSystem = self.options.files.followed(by: progress).fileSystem
    return try CheckpointOpening(path, fileSystem).read { opened throws(CheckpointError) in
      let session = try RestoreSession(
        ObjectSource(opened.reader, mapping), live, at: place, options: options, origin: origin,
        progress: progress)
      try session.begin(with: roots, live)
      DeferredRestores.register(session)
      opened.location.warnIfGuessed()
      return LoadStatus(session, roots, note: opened.location.note)
    }
  }

  /// Restores the objects from whatever a reader has: a format of your own, a checkpoint in memory.
  ///
  /// If it has an object graph, the restore goes by that, and else by names. The reader is kept as long as
  /// values wait in it for objects.
  ///
  /// - Parameters:
  ///   - reader: What to restore from.
  ///   - place: The saved object that the root is restored from.
  ///   - mapping: How its names become those of the variables.
  ///   - options: What to do with variables and values that do not fit.
  ///   - fileID: Where the call stands.
  ///   - line: The line of it.
  /// - Returns: What was restored and what was not.
  /// - Throws: As for a path; what the reader throws.
  public func restore(
    from reader: some TensorReader, at place: String = "", mapping: KeyMapping? = nil,
    options: RestoreOptions = RestoreOptions(), fileID: String = #fileID, line: Int = #line
  ) throws(CheckpointError) -> LoadStatus {
    roots.usesCounter = true
    let live = try roots.walk()
    let session = try RestoreSession(
      ObjectSource(reader, mapping), live, at: place, options: options,
      origin: "\(fileID):\(line)", progress: .current())
    try session.begin(with: roots, live)
    DeferredRestores.register(session)
    return LoadStatus(session, roots, note: nil)
  }

  /// Puts waiting values into the objects that have been created since.
  ///
  /// Call it after you create objects that a restored checkpoint has values for. Objects in a
  /// property marked ``Dependency`` do not need it. If you restored several checkpoints, the newest
  /// restore counts.
  ///
  /// An object gets all its values, together with those of the objects that it brings along, or
  /// none. If values do not fit, the error names each object once. Its values keep waiting, and the
  /// other objects have theirs.
  ///
  /// - Throws: `mismatch` for dtypes and shapes, `corrupt` if a file is damaged, with nothing of that
  ///   restore changed; the message names the restore that the value comes from. `busy` if another
  ///   thread is in the middle of restoring the same objects.
  public func restoreDeferred() throws(CheckpointError) {
    try DeferredRestores.retry(in: roots.walk())
  }

  /// Compares a checkpoint with the objects, and restores nothing.
  ///
  /// - Parameters:
  ///   - path: As for ``restore(from:at:mapping:options:fileID:line:)-(String?,_,_,_,_,_)``.
  ///   - place: The saved object that the root is compared with.
  ///   - mapping: How the names of the checkpoint become those of the variables.
  /// - Returns: What would be restored, and what would not.
  /// - Throws: `notACheckpoint` if there is none; `corrupt` if it is damaged.
  public func compare(with path: String, at place: String = "", mapping: KeyMapping? = nil)
    throws(CheckpointError) -> Checkpoint.Comparison
  {
    let live = try roots.walk()
    return try CheckpointOpening(path, options.fileSystem).read { opened throws(CheckpointError) in
      let session = try RestoreSession(
        ObjectSource(opened.reader, mapping), live, at: place, options: RestoreOptions(.matching),
        origin: "")
      var comparison = try session.comparison(with: live)
      let counter = CheckpointKey.key(
        path: CheckpointRoots.counterName, attribute: CheckpointKey.variableValue)
      let isEmpty = comparison.restored.allSatisfy { $0 == TensorKey(counter) }
      if isEmpty, mapping == nil, !session.isNameBased {
        comparison.countByName = try countByName(opened.reader, live)
      }
      return comparison
    }
  }

  // How many variables a restore by names would find.
  private func countByName(_ checkpoint: any TensorReader, _ live: LiveGraph)
    throws(CheckpointError) -> Int
  {
    let names = Set(try ObjectSource(checkpoint, []).reader.entries().map(\.key))
    return live.nodes.indices.count { number in
      live.nodes[number].value?.variable != nil && !roots.isCounter(live.nodes[number])
        && live.names(of: number).contains { names.contains(TensorKey($0)) }
    }
  }
}
