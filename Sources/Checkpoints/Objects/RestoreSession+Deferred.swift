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

  /// Restores what exists by now, unless a newer restore has been there.
  ///
  /// An object that came later gets all its values and those of what it brought along, or none; the
  /// others get theirs all the same.
  ///
  /// - Parameters:
  ///   - live: The objects.
  ///   - taken: Which variables belong to newer restores; those that belong to this one are added.
  /// - Throws: Why objects got no values, unless it has been said for the same objects before.
  func retry(in live: LiveGraph, _ taken: inout TakenVariables) throws(CheckpointError) {
    defer { taken.add(self, in: live) }
    let pairs = readyPairs(in: live)
    guard !pairs.isEmpty || !deferredSlots.isEmpty else { return }
    var match = try GraphMatch(saved, live, from: pairs, bindings: bindings)
    let misfits = misfits(match, taken)
    if !misfits.isEmpty {
      for assignment in match.assignments where misfits[assignment.start] != nil {
        taken.add(assignment)
      }
      let refused = Set(misfits.keys)
      match = try GraphMatch(saved, live, from: pairs, bindings: bindings, without: refused)
    }
    do throws(CheckpointError) {
      let wanted = match.assignments.filter { !taken.contains($0) }
      try carryOut(match, wanted, in: live, [], of: wanted.count)
    } catch {
      // The files are damaged, or the system fails: said each time, since it may be over next time.
      let failure = Failure(pairs.first?.saved ?? root, located(error), nil)
      _ = isNew(failure)
      throw failure.error
    }
    try report(misfits, pairs, in: live)
  }

  // What keeps objects from being restored, by the saved node that they begin at.
  private func misfits(_ match: GraphMatch, _ taken: TakenVariables) -> [Int: CheckpointError] {
    let wanted = match.assignments.filter { !taken.contains($0) }
    return Dictionary(grouping: wanted, by: \.start).compactMapValues { part in
      do throws(CheckpointError) {
        _ = try RestorePlan(part.map(\.request), from: reader, options: options)
        return nil
      } catch {
        return error
      }
    }
  }

  private func report(
    _ misfits: [Int: CheckpointError],
    _ pairs: [(saved: Int, live: Int)],
    in live: LiveGraph
  ) throws(CheckpointError) {
    let holders = Dictionary(
      pairs.map { ($0.saved, live.holder(of: $0.live)) },
      uniquingKeysWith: { first, _ in first }
    )
    var new: [CheckpointError] = []
    for (node, error) in misfits.sorted(by: { $0.key < $1.key }) {
      let failure = Failure(node, located(error), holders[node])
      if isNew(failure) { new.append(failure.error) }
    }
    let error = CheckpointError.combining(new) { "\($0) objects got no values" }
    if let error { throw error }
  }

  // Notes a failure, unless the same has been said of the same object.
  private func isNew(_ failure: Failure) -> Bool {
    guard !failures.contains(where: { $0.isSame(as: failure) }) else { return false }
    failures.append(failure)
    return true
  }

  private func located(_ error: CheckpointError) -> CheckpointError {
    var error = error
    error.message += "; this comes from the restore of '\(path)' at \(origin)"
    return error
  }

  /// The failures that have not been made up for by another object.
  var unresolvedFailures: [CheckpointError] {
    failures.filter { !bindings.isBound($0.savedNode) }.map(\.error)
  }

  /// The waiting nodes whose object exists by now.
  func readyPairs(in live: LiveGraph) -> [(saved: Int, live: Int)] {
    if !leftovers.isEmpty { return namedPairs(in: live) }
    guard !deferred.isEmpty else { return [] }
    let waiting = Dictionary(grouping: deferred, by: \.parent)
    var pairs: [(saved: Int, live: Int)] = []
    for number in live.nodes.indices {
      let children = live.children(of: number)
      guard !children.isEmpty else { continue }
      for entry in waiting[live.identity(of: number)] ?? [] {
        // The identity of an object that is gone may have gone to another one.
        guard entry.holder === live.holder(of: number) else { continue }
        let child = children.first { $0.name.hasSameBytes(as: entry.name) }
        if let child { pairs.append((entry.savedNode, child.node)) }
      }
    }
    return pairs
  }

  // New variables that have the name of a tensor which is left over.
  private func namedPairs(in live: LiveGraph) -> [(saved: Int, live: Int)] {
    let liveNodes = bindings.liveNodes(of: live)
    let known = Set(liveNodes.indices.lazy.compactMap { liveNodes[$0] })
    var pairs: [(saved: Int, live: Int)] = []
    for number in live.nodes.indices where live.nodes[number].value != nil {
      guard !known.contains(number) else { continue }
      let names = live.names(of: number).map { TensorKey($0) }
      guard let node = names.lazy.compactMap({ self.leftovers[$0] }).first else { continue }
      if !isRestored[node] { pairs.append((node, number)) }
    }
    return pairs
  }

  /// Whether an object may get a value that it waits for, if it has changed.
  func waits(for owner: any Checkpointable) -> Bool {
    !leftovers.isEmpty || deferred.contains { $0.holder === owner }
  }

  /// Whether nothing waits that could still come.
  var isFinished: Bool {
    guard leftovers.isEmpty else {
      return roots == nil || leftovers.values.allSatisfy { isRestored[$0] }
    }
    // A slot variable waits for a variable or an optimizer that waits itself, unless it did not fit.
    return !deferred.contains { $0.holder != nil } && (roots == nil || unresolvedFailures.isEmpty)
  }
}

extension RestoreSession.Failure {
  /// Whether the same was said of the same object.
  fileprivate func isSame(as other: RestoreSession.Failure) -> Bool {
    savedNode == other.savedNode && holder === other.holder
      && error.description == other.error.description
  }
}
