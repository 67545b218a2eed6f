import CheckpointPlans
import CheckpointMapping
import CheckpointGraph
import CheckpointIO
import CheckpointTensors

/// What came later than a restore, and gets its values then.
extension RestoreSession {
  /// Why a saved object was not restored into one that came later.
  struct Failure {
    let savedNode: Int
    let error: CheckpointError
    fileprivate weak var holder: AnyObject?

    fileprivate init(_ savedNode: Int, _ error: CheckpointError, _ holder: AnyObject?) {
      (self.savedNode, self.error, self.holder) = (savedNode, error, holder)
    }
  }

  /// The objects, walked over from where the restore began; from `owner`, if that is not there.
  func walk(orFrom owner: any Checkpointable) throws(CheckpointError) -> LiveGraph {
    guard let roots else { return try LiveGraph(root: owner) }
    return try roots.walk()
  }

  /// Restores what exists by now, and what comes while that is restored: a value's own type may create
  /// objects.
  ///
  /// - Parameter live: The objects.
  /// - Throws: As ``retry(in:)``.
  func retryAll(in live: LiveGraph) throws(CheckpointError) {
    guard !isAtWork else {
      isAskedAgain = true  // by what is called from below: the walk from here does not know it
      return
    }
    isAtWork = true
    defer { isAtWork = false }
    try retry(in: live)
    while isAskedAgain {
      isAskedAgain = false
      guard let roots else { return }
      try retry(in: roots.walk())
    }
  }

  /// Restores what exists by now, unless a newer restore has been there.
  ///
  /// An object that came later gets all its values and those of what it brought along, or none; the
  /// others get theirs all the same.
  ///
  /// - Parameter live: The objects.
  /// - Throws: Why objects got no values, unless it has been said for the same objects before.
  func retry(in live: LiveGraph) throws(CheckpointError) {
    let state = state
    let pairs = readyPairs(in: live, state)
    guard !pairs.isEmpty || hasReadySlots(in: live, state) else { return }
    defer { closeFiles() }
    let match = try GraphMatch(saved, live, from: pairs, bindings: state.bindings)
    let wanted = DeferredRestores.untaken(match.assignments, in: live, by: number)
    guard !state.isSuperseded, !wanted.isEmpty else {
      return try note(match, in: live, pairs, without: wanted)
    }
    var misfits = misfits(wanted)
    do throws(CheckpointError) {
      try restore(match, wanted, pairs, in: live, without: misfits)
    } catch {
      guard error.isOutdated else { throw noted(error, pairs) }
      for assignment in wanted where misfits[assignment.start] == nil {
        misfits[assignment.start] = outdated(error, assignment.start)
      }
    }
    let refused = wanted.filter { misfits[$0.start] != nil }
    DeferredRestores.note(refused, in: live, by: number)
    try report(misfits, pairs, in: live)
  }

  // Notes what newer restores have already restored; the refused objects go on waiting.
  private func note(
    _ match: GraphMatch, in live: LiveGraph, _ pairs: [(saved: Int, live: Int)],
    without wanted: [GraphMatch.Assignment]
  ) throws(CheckpointError) {
    let refused = Set(wanted.map(\.start))
    let known =
      refused.isEmpty
      ? match : try GraphMatch(saved, live, from: pairs, bindings: state.bindings, without: refused)
    note(known, in: live)
  }

  private func restore(
    _ match: GraphMatch, _ wanted: [GraphMatch.Assignment], _ pairs: [(saved: Int, live: Int)],
    in live: LiveGraph, without misfits: [Int: CheckpointError]
  ) throws(CheckpointError) {
    guard !misfits.isEmpty else {
      return try carryOut(match, wanted, in: live)
    }
    let refused = Set(misfits.keys)
    let rest = try GraphMatch(saved, live, from: pairs, bindings: state.bindings, without: refused)
    let restored = DeferredRestores.untaken(rest.assignments, in: live, by: number)
    try carryOut(rest, restored, in: live)
  }

  // The errors that keep objects from being restored, by the saved node at which each part begins.
  private func misfits(_ wanted: [GraphMatch.Assignment]) -> [Int: CheckpointError] {
    var misfits: [Int: CheckpointError] = [:]
    for (start, part) in Dictionary(grouping: wanted, by: \.start) {
      do throws(CheckpointError) {
        let requests = part.map(\.request)
        _ = try RestorePlan(requests, from: reader, options: options) {
          missing throws(CheckpointError) in
          try KeyMapping.Proposal.hint(for: missing, of: requests, in: reader)
        }
      } catch {
        misfits[start] = error.isOutdated ? outdated(error, start) : error
      }
    }
    return misfits
  }

  // The error for a checkpoint that was deleted or replaced since the rest of it was restored.
  private func outdated(_ error: CheckpointError, _ node: Int) -> CheckpointError {
    let what = error.code == .notFound ? "deleted" : "replaced"
    return CheckpointError(
      .notFound,
      "this checkpoint was \(what) before '\(place(of: node))' was created, which has not got the "
        + "values that it had for it; create objects while their checkpoint is there, or pin it",
      file: path)
  }

  // Damaged files and failures of the system are reported each time, since the next attempt may succeed.
  private func noted(_ error: CheckpointError, _ pairs: [(saved: Int, live: Int)])
    -> CheckpointError
  {
    let failure = Failure(pairs.first?.saved ?? root, located(error), nil)
    _ = update { $0.noteIfNew(failure) }
    return failure.error
  }

  private func report(
    _ misfits: [Int: CheckpointError], _ pairs: [(saved: Int, live: Int)], in live: LiveGraph
  ) throws(CheckpointError) {
    let holders = Dictionary(
      pairs.map { ($0.saved, live.holder(of: $0.live)) }, uniquingKeysWith: { first, _ in first })
    var new: [CheckpointError] = []
    for (node, error) in misfits.sorted(by: { $0.key < $1.key }) {
      let failure = Failure(node, located(error), holders[node])
      if update({ $0.noteIfNew(failure) }) { new.append(failure.error) }
    }
    let error = CheckpointError.combining(new) { "\($0) objects got no values" }
    if let error { throw error }
  }

  private func located(_ error: CheckpointError) -> CheckpointError {
    var error = error
    error.message += "; this comes from the restore of '\(path)' at \(origin)"
    return error
  }

  /// What to say when another thread restores objects by this restore at the same time.
  var busyError: CheckpointError {
    CheckpointError(
      .busy,
      "another thread restores the same objects from it at this moment, by the restore at \(origin); "
        + "call restoreDeferred() when it is done", file: path)
  }

  /// Whether a walk has met something that waits.
  func hasReady(in live: LiveGraph) -> Bool {
    let state = state
    return !readyPairs(in: live, state).isEmpty || hasReadySlots(in: live, state)
  }

  // The waiting nodes whose object exists by now.
  private func readyPairs(in live: LiveGraph, _ state: RestoreState) -> [(saved: Int, live: Int)] {
    if !leftovers.isEmpty { return namedPairs(in: live, state) }
    guard !state.deferred.isEmpty else { return [] }
    let waiting = Dictionary(grouping: state.deferred, by: \.parent)
    var pairs: [(saved: Int, live: Int, rank: Int)] = []
    for number in live.nodes.indices {
      guard !live.children(of: number).isEmpty else { continue }
      for entry in waiting[live.identity(of: number)] ?? [] {
        // Another object may have got the identity of one that is gone.
        guard entry.holder === live.holder(of: number) else { continue }
        if let child = live.child(named: entry.name, of: number) {
          pairs.append((entry.savedNode, child.node, child.rank))
        }
      }
    }
    // What stands under the present name of an object comes before what stands under former ones.
    let order = pairs.indices.sorted { (pairs[$0].rank, $0) < (pairs[$1].rank, $1) }
    return order.map { (pairs[$0].saved, pairs[$0].live) }
  }

  // Whether a slot variable waits no more: its optimizer and its variable are both there.
  private func hasReadySlots(in live: LiveGraph, _ state: RestoreState) -> Bool {
    guard !state.deferredSlots.isEmpty else { return false }
    let liveNodes = state.bindings.liveNodes(of: live)
    return state.deferredSlots.contains {
      liveNodes[$0.optimizer] != nil && liveNodes[$0.slot.original] != nil
    }
  }

  // New variables that have the name of a tensor which is left over.
  private func namedPairs(in live: LiveGraph, _ state: RestoreState) -> [(saved: Int, live: Int)] {
    // Names are those of this checkpoint's objects: others may have the same.
    guard roots?.isRoot(of: live) == true else { return [] }
    let liveNodes = state.bindings.liveNodes(of: live)
    let known = Set(liveNodes.indices.lazy.compactMap { liveNodes[$0] })
    var pairs: [(saved: Int, live: Int)] = []
    for number in live.nodes.indices where live.nodes[number].value != nil {
      guard !known.contains(number) else { continue }
      let names = live.names(of: number).map { TensorKey($0) }
      guard let node = names.lazy.compactMap({ self.leftovers[$0] }).first else { continue }
      if !state.isRestored[node] { pairs.append((node, number)) }
    }
    return pairs
  }

  /// Whether an object may get a value that it waits for, if it has changed.
  func waits(for owner: any Checkpointable) -> Bool {
    !leftovers.isEmpty || state.deferred.contains { $0.holder === owner }
  }

  /// What to say when objects are saved that have not got their values; `nil` if there is nothing that
  /// has not been said.
  ///
  /// If the checkpoint is gone they cannot get them any more: a failure, which the status has too.
  func warningOfUnrestored(in live: LiveGraph) -> String? {
    let state = state
    guard !state.isSuperseded else { return nil }
    let pairs = readyPairs(in: live, state).filter { pair in
      let holder = live.holder(of: pair.live)
      return !state.failures.contains { $0.savedNode == pair.saved && $0.holder === holder }
    }
    guard !pairs.isEmpty else { return nil }
    if let change = try? reader.changeIfAny() {
      let error = change.error(at: path)
      let failures = pairs.map { pair in
        Failure(pair.saved, located(outdated(error, pair.saved)), live.holder(of: pair.live))
      }
      let new = update { state in failures.filter { state.noteIfNew($0) } }.map(\.error)
      return CheckpointError.combining(new) { "\($0) objects got no values" }?.description
    }
    return
      "\(NameList.text(pairs.map { place(of: $0.saved) })) came after the restore of '\(path)' and "
      + "did not get the values that it has for them: call restoreDeferred() once they exist, or mark "
      + "the property @Dependency"
  }

  /// Whether nobody needs it any more: nothing waits that could still come, or a newer restore has it
  /// too, and nobody looks at what becomes of this one.
  var isOfNoUse: Bool { isFinished || (watch == nil && state.isSuperseded) }

  /// Whether this restore has all that an older one has for objects to come.
  func supersedes(_ older: RestoreSession) -> Bool {
    let (state, olderState) = (state, older.state)
    guard !older.leftovers.isEmpty else {
      var coverage = GraphCoverage(
        of: (older.saved, olderState.bindings), by: (saved, state.bindings))
      return coverage.isComplete(olderState.deferred, olderState.deferredSlots)
    }
    guard roots === older.roots, isNameBased else { return false }
    let names = Set(saved.nodes.flatMap { saved.attributes(of: $0) }.map(\.key))
    return older.leftovers.allSatisfy {
      olderState.isRestored[$0.value] || names.contains($0.key.description)
    }
  }

  /// Whether nothing waits that could still come.
  var isFinished: Bool {
    let state = state
    guard leftovers.isEmpty else {
      return roots == nil || leftovers.values.allSatisfy { state.isRestored[$0] }
    }
    // A slot variable waits for a variable or an optimizer that waits itself, unless it did not fit.
    return !state.deferred.contains { $0.holder != nil }
      && (roots == nil || state.unresolvedFailures.isEmpty)
  }
}

extension RestoreSession.Failure {
  /// Whether the same was said of the same object.
  func isSame(as other: RestoreSession.Failure) -> Bool {
    savedNode == other.savedNode && holder === other.holder
      && error.description == other.error.description
  }
}
