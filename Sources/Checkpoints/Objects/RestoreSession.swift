import CheckpointStore
import CheckpointPlans
import CheckpointMapping
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import Foundation

/// One call of restore: what it has matched and restored, and what still waits for objects.
///
/// Knows the objects by identity only, so that it keeps none of them alive.
final class RestoreSession {
  /// The checkpoint.
  let path: String
  /// The saved graph.
  let saved: SavedGraph
  /// The saved node that the restore began at.
  let root: Int
  // Its files are open only during a call: see `closeFiles()`.
  let reader: any TensorReader
  // The tensors of a name-based checkpoint for which no variable of that name exists yet.
  let leftovers: [TensorKey: Int]
  /// Whether the checkpoint has names only.
  let isNameBased: Bool
  let options: RestoreOptions
  /// Where the restore was called.
  let origin: String
  private(set) weak var roots: CheckpointRoots?
  /// Tells which of two restores is newer: larger than the numbers of those before.
  let number = DeferredRestores.nextNumber()
  /// Who looks at what becomes of it: the status.
  weak var watch: AnyObject?
  fileprivate let work = NSRecursiveLock()
  fileprivate let stateLock = NSLock()
  fileprivate var guardedState: RestoreState
  // Follows what is restored at once, and not what is restored later.
  private var progress: OperationProgress?
  // Read and written only by the thread that holds `work`.
  var isAtWork = false
  var isAskedAgain = false
  private var guardedPlaces: SavedPlaces?

  /// Looks at a checkpoint.
  ///
  /// - Parameters:
  ///   - source: The checkpoint.
  ///   - live: The objects, whose names count if it is name-based.
  ///   - place: The saved object to begin with.
  ///   - options: What to do with what does not fit.
  ///   - origin: Where the restore was called.
  ///   - progress: Who follows the reader's files.
  /// - Throws: `notFound` if there is nothing at `place`; `corrupt` if the checkpoint is damaged.
  init(
    _ source: ObjectSource, _ live: LiveGraph, at place: String, options: RestoreOptions,
    origin: String, progress: OperationProgress? = nil
  ) throws(CheckpointError) {
    self.progress = progress
    let reader = source.reader
    isNameBased = source.graph == nil
    if let graph = source.graph {
      (saved, leftovers) = (graph, [:])
    } else {
      guard place.isEmpty else {
        throw CheckpointError(
          .unsupported,
          "a name-based checkpoint has no objects, so none at '\(place)'; use a mapping of names",
          file: reader.path)
      }
      let named = try NameBasedGraph(live, in: reader)
      (saved, leftovers) = (named.graph, named.leftovers)
    }
    root = try place.isEmpty ? 0 : Self.node(at: place, saved, reader)
    path = reader.path
    self.reader = reader
    self.options = options
    self.origin = origin
    guardedState = RestoreState(nodeCount: saved.nodeCount)
  }

  private static func node(at place: String, _ graph: SavedGraph, _ reader: any TensorReader)
    throws(CheckpointError) -> Int
  {
    if let node = graph.node(at: place) { return node }
    throw CheckpointError(
      .notFound,
      "there is no object at '\(place)'; the root has "
        + NameList.text(graph.children[0].map { graph.string($0.name) }), file: reader.path)
  }

  // MARK: Restoring

  /// Restores what exists.
  func begin(with roots: CheckpointRoots, _ live: LiveGraph) throws(CheckpointError) {
    let step = try firstStep(with: roots, live)
    _ = try RestoreExecutor(reader: reader, options: options).restore(step.plan)
    finish(step, in: live)
    closeFiles()
  }

  /// The same; another thread reads the values meanwhile.
  nonisolated(nonsending) func begin(
    with roots: CheckpointRoots, _ live: LiveGraph, in background: BackgroundSteps
  ) async throws(CheckpointError) {
    let step = try firstStep(with: roots, live)
    let executor = RestoreExecutor(reader: reader, options: options)
    let tensors = try await background.value(of: executor.reading(step.plan))
    _ = try executor.restore(step.plan, tensors)
    finish(step, in: live)
    closeFiles()
  }

  // What has been matched, and is to be restored.
  private struct Step {
    let match: GraphMatch
    let wanted: [GraphMatch.Assignment]
    let plan: RestorePlan
  }

  private func firstStep(with roots: CheckpointRoots, _ live: LiveGraph) throws(CheckpointError)
    -> Step
  {
    self.roots = roots
    let match = try GraphMatch(saved, live, from: [(root, 0)])
    let missing = unassigned(match, in: live).filter { !roots.isCounter(live.nodes[$0]) }
      .map { live.path(of: $0) }
    update { $0.missing = missing }
    let count = match.assignments.count + missing.count
    let problems = options.completeness == .all ? missingProblems(missing, match) : []
    return try step(
      match, match.assignments, problems,
      missing: problems.isEmpty ? [] : missing.map { TensorKey($0) }, of: count)
  }

  /// Closes all files: they are opened again when an object comes that they have values for, if they
  /// are the same then.
  func closeFiles() { reader.closeFilesIfAny(keepsChecksum: !isFinished) }

  /// The variables that nothing is assigned to.
  func unassigned(_ match: GraphMatch, in live: LiveGraph) -> [Int] {
    var isAssigned = Array(repeating: false, count: live.nodes.count)
    for node in match.assignments.lazy.compactMap(\.liveNode) { isAssigned[node] = true }
    return live.nodes.indices.filter { live.nodes[$0].value != nil && !isAssigned[$0] }
  }

  /// Restores `wanted`, which is part of what has been matched, and notes all of it.
  ///
  /// - Throws: What ``RestorePlan`` and ``RestoreExecutor`` throw; nothing is noted then.
  func carryOut(_ match: GraphMatch, _ wanted: [GraphMatch.Assignment], in live: LiveGraph)
    throws(CheckpointError)
  {
    let step = try step(match, wanted, [], of: wanted.count)
    _ = try RestoreExecutor(reader: reader, options: options).restore(step.plan)
    finish(step, in: live)
  }

  private func step(
    _ match: GraphMatch, _ wanted: [GraphMatch.Assignment], _ problems: [CheckpointError],
    missing: [TensorKey] = [], of count: Int
  ) throws(CheckpointError) -> Step {
    let requests = wanted.map(\.request)
    let plan = try RestorePlan(
      requests, from: reader, options: options, otherProblems: problems, otherMissing: missing,
      of: count
    ) { missing throws(CheckpointError) in
      try KeyMapping.Proposal.hint(for: missing, of: requests, in: reader)
    }
    progress?.begin(.reading, byteCount: plan.byteCount)
    return Step(match: match, wanted: wanted, plan: plan)
  }

  private func finish(_ step: Step, in live: LiveGraph) {
    let (match, wanted, plan) = (step.match, step.wanted, step.plan)
    progress?.finish()
    progress = nil
    match.keepSlotVariables()
    let left = Set(plan.report.missing + plan.report.mismatched)
    let restored = left.isEmpty ? wanted : wanted.filter { !left.contains($0.key) }
    DeferredRestores.note(restored, in: live, by: number)
    note(match, in: live, without: left)
  }

  /// Notes what has been matched, as restored by this restore or by a newer one.
  func note(_ match: GraphMatch, in live: LiveGraph, without left: Set<TensorKey> = []) {
    let agreed = agreedNodes(match.conflicts)
    let conflicts = match.conflicts.map(\.savedNode).filter { !agreed.contains($0) }
      .map(place(of:))
    var places: [String] = []
    var last: Int?
    for assignment in match.assignments where !left.isEmpty && left.contains(assignment.key) {
      guard assignment.savedNode != last else { continue }  // of several tensors
      last = assignment.savedNode
      places.append(
        assignment.liveNode.map { live.path(of: $0) } ?? place(of: assignment.savedNode))
    }
    let missing = places
    update { state in
      for assignment in match.assignments where left.isEmpty || !left.contains(assignment.key) {
        state.isRestored[assignment.savedNode] = true
      }
      for conflict in match.conflicts where agreed.contains(conflict.savedNode) {
        state.isRestored[conflict.savedNode] = conflict.source.map { state.isRestored[$0] } ?? false
      }
      state.missing += missing
      state.conflicts += conflicts
      state.bindings = match.bindings
      state.deferred = (state.deferred + match.deferred).filter {
        !match.bindings.isBound($0.savedNode)
      }
      state.deferredSlots = match.deferredSlots
    }
  }

  private func missingProblems(_ missing: [String], _ match: GraphMatch) -> [CheckpointError] {
    guard !missing.isEmpty else { return [] }
    let unused = saved.nodes.filter {
      !match.bindings.isBound($0) && saved.hasAttributes($0)
    }.map { TensorKey(place(of: $0)) }
    return missing.enumerated().map { index, place in
      let hint = index < 16 ? NearestKeys(to: TensorKey(place), among: unused).hint : ""
      return CheckpointError(.notFound, "the checkpoint has no value for it\(hint)", key: place)
    }
  }
}

// MARK: Threads

extension RestoreSession {
  /// Where the saved nodes are, for messages.
  var places: SavedPlaces {
    stateLock.withLock {
      if let known = guardedPlaces { return known }
      let places = SavedPlaces(saved)
      guardedPlaces = places
      return places
    }
  }

  /// What has come of it by now.
  var state: RestoreState { stateLock.withLock { guardedState } }

  /// Changes what has come of it, at once for all who look.
  func update<Result>(_ body: (inout RestoreState) -> Result) -> Result {
    stateLock.withLock { body(&guardedState) }
  }

  /// Calls `body`, unless another thread restores objects by this restore just now: to wait for it
  /// might be forever, since `body` and what the other one does may both call the program.
  func whenFree<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure)
    -> Result?
  {
    guard work.try() else { return nil }
    defer { work.unlock() }
    return try body()
  }
}

extension GraphMatch.Assignment {
  /// What is asked of the checkpoint.
  var request: RestorePlan.Request {
    RestorePlan.Request(variable, key: key, group: isPart ? savedNode : nil)
  }
}
