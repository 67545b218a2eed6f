import CheckpointStore
import CheckpointGraph
public import CheckpointIO

/// What a restore has put into the program by now, and what not.
///
///     let status = try checkpoint.restore(from: path)
///     print(status)  // run/ckpt-7: 12 restored, 2 wait for objects: 'model/extra/kernel', …
///     try status.assertConsumed()
///
/// The status describes the present: a value that gets its object later counts as restored then. If
/// something was left out and nobody looks at the status, a warning is given when it is destroyed.
/// Source: tensorflow/python/checkpoint/checkpoint.py, `CheckpointLoadStatus`.
public struct LoadStatus: CustomStringConvertible {
  private let session: RestoreSession?
  private let roots: CheckpointRoots
  private let watch: StatusWatch

  init(_ session: RestoreSession?, _ roots: CheckpointRoots, note: String? = nil) {
    self.session = session
    self.note = note
    self.roots = roots
    watch = StatusWatch(session)
    session?.watch = watch
  }

  /// The checkpoint, or `nil` if there was nothing to restore from.
  public var path: String? { session?.path }
  /// How the given path led to the checkpoint, if it is not the checkpoint itself.
  ///
  /// For example, it says that this is the newest checkpoint of the given directory.
  public let note: String?

  /// The places whose value is in a variable now.
  public var restored: [String] { examined(\.restoredPlaces) }

  /// The places of variables that existed and got no value.
  public var missing: [String] { examined(\.state.missing) }

  /// The places of saved values that wait for objects that do not exist yet.
  public var deferred: [String] {
    examined { session in session.left.deferred.map(session.place(of:)) }
  }

  /// The places of saved values that no variable can take.
  public var unused: [String] {
    examined { session in session.left.unused.map(session.place(of:)) }
  }

  /// The places of saved objects and values that are ambiguous.
  ///
  /// Two objects of the program would share the saved object, or another saved value, which is not equal
  /// to it, took the place of this one.
  public var conflicting: [String] { examined(\.state.conflicts) }

  /// The errors of values that had waited and could not be restored, the oldest first.
  ///
  /// An error stays in the list even if another object has got the values since.
  public var failures: [CheckpointError] {
    watch.isExamined = true
    return session?.state.failures.map(\.error) ?? []
  }

  private func examined(_ places: (RestoreSession) -> [String]) -> [String] {
    watch.isExamined = true
    return session.map(places) ?? []
  }

  /// One line for what was restored, and one for each kind of what was not.
  public var description: String {
    watch.isExamined = true
    return session.map(StatusWatch.text) ?? "there was no checkpoint to restore from"
  }

  // MARK: Assertions

  /// Checks that everything in the checkpoint and every variable has been restored.
  ///
  /// Values without which older programs were complete do not count. Neither does the save counter.
  ///
  /// - Returns: The status itself.
  /// - Throws: One error that lists every value that waits or is not used, every variable without a
  ///   value, and every conflict. TensorFlow may drop a value silently in a conflict.
  @discardableResult
  public func assertConsumed() throws(CheckpointError) -> LoadStatus {
    var problems = unresolvedFailures
    let left = session?.left ?? (deferred: [], unused: [])
    problems += places(left.deferred).map {
      CheckpointError(.notFound, "there is no object for this saved value yet", key: $0)
    }
    problems += places(left.unused).map {
      CheckpointError(.notFound, "nothing in the program takes this saved value", key: $0)
    }
    problems += conflicting.map {
      CheckpointError(
        .ambiguousName,
        "this saved object belongs to two objects, or another value went into its object", key: $0)
    }
    problems += try unmatchedProblems()
    return try concluded(problems, "the checkpoint and the program differ in")
  }

  /// Checks that every variable that exists now has been restored.
  ///
  /// Values that wait for objects do not matter.
  ///
  /// - Returns: The status itself.
  /// - Throws: One error with every variable that has not been restored.
  @discardableResult
  public func assertExistingObjectsMatched() throws(CheckpointError) -> LoadStatus {
    let problems = try unresolvedFailures + unmatchedProblems()
    return try concluded(problems, "the program has variables without a value,")
  }

  /// Checks that something has been restored besides the save counter.
  ///
  /// - Returns: The status itself.
  /// - Throws: `notFound` if nothing has.
  @discardableResult
  public func assertNontrivialMatch() throws(CheckpointError) -> LoadStatus {
    let counter = CheckpointRoots.counterName
    guard restored.allSatisfy({ $0 == counter }) else { return self }
    throw CheckpointError(
      .notFound, "nothing in the program has been restored", file: session?.path)
  }

  /// Says that something may be left out, so that no warning is given.
  ///
  /// - Returns: The status itself.
  @discardableResult
  public func expectPartial() -> LoadStatus {
    watch.isExamined = true
    return self
  }

  private var unresolvedFailures: [CheckpointError] {
    watch.isExamined = true
    return session?.state.unresolvedFailures ?? []
  }

  private func places(_ nodes: [Int]) -> [String] {
    examined { session in nodes.map(session.place(of:)) }
  }

  // The objects may be others by now than those of the restore: they are walked over again.
  private func unmatchedProblems() throws(CheckpointError) -> [CheckpointError] {
    guard let session else {
      return [CheckpointError(.notFound, "there was no checkpoint to restore from")]
    }
    let live = try roots.walk()
    let isRestored = session.restoredNodes(of: live)
    var problems: [CheckpointError] = []
    for number in live.nodes.indices where live.nodes[number].value != nil {
      guard !isRestored[number] else { continue }
      guard !roots.isCounter(live.nodes[number]) else { continue }
      problems.append(
        CheckpointError(
          .notFound, "this variable has not been restored", key: live.path(of: number)))
    }
    return problems
  }

  private func concluded(_ problems: [CheckpointError], _ summary: String) throws(CheckpointError)
    -> LoadStatus
  {
    let error = CheckpointError.combining(problems, file: session?.path) { count in
      "\(summary) \(count) places"
    }
    if let error { throw error }
    return self
  }
}

/// Sees to it that a status that says something is not overlooked.
private final class StatusWatch {
  var isExamined = false
  private let session: RestoreSession?

  init(_ session: RestoreSession?) { self.session = session }

  deinit {
    guard let session else { return }
    if !isExamined { warn(session) }
    if session.isOfNoUse { DeferredRestores.forgetFinished() }
  }

  private func warn(_ session: RestoreSession) {
    let state = session.state
    let isComplete =
      state.missing.isEmpty && state.conflicts.isEmpty
      && session.unrestoredNodes(in: state).isEmpty
    if !isComplete { CheckpointWarnings.warn(Self.text(session)) }
  }

  static func text(_ session: RestoreSession) -> String {
    let (left, state) = (session.left, session.state)
    let kinds = [
      ("got no value", state.missing),
      ("wait for objects", left.deferred.map(session.place(of:))),
      ("are not used", left.unused.map(session.place(of:))),
      ("are in conflict", state.conflicts),
      ("could not be restored later", state.failures.map(\.error.description)),
    ]
    let lines = kinds.filter { !$0.1.isEmpty }.map { what, places in
      "  \(places.count) \(what): \(NameList.text(places))"
    }
    return (["\(session.path): \(session.restoredCount) restored"] + lines)
      .joined(separator: "\n")
  }
}
