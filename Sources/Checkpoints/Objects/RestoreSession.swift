import CheckpointGraph
import CheckpointIO
import CheckpointTensors

/// One call of restore: what it has matched and restored, and what still waits for objects.
///
/// Knows the objects by identity only, so that it keeps none of them alive.
final class RestoreSession {
  /// The checkpoint.
  let path: String
  /// The saved graph.
  let graph: ObjectGraph
  /// What still waits for an object, with the object that will hold it.
  private(set) var deferred: [GraphMatch.Deferred] = []
  /// What still waits for an optimizer or a variable.
  private(set) var deferredSlots: [GraphMatch.DeferredSlot] = []
  /// The pairs of saved nodes and objects.
  private(set) var bindings = GraphMatch.Bindings()
  /// The saved nodes whose value is in a variable now.
  private(set) var restored: Set<Int> = []
  /// The places of variables that got no value.
  private(set) var missing: [String] = []
  /// Names of edges that lead to two objects, or from two nodes to one.
  private(set) var conflicts: [String] = []
  /// What went wrong when something was restored later.
  private(set) var failures: [CheckpointError] = []
  private let root: Int
  private let reader: any TensorReader
  // The tensors of a name-based checkpoint that no variable has the name of, yet.
  private let leftovers: [TensorKey: Int]
  private let options: RestoreOptions
  private let origin: String
  private weak var roots: CheckpointRoots?
  private lazy var ways = graph.shortestWays

  /// Looks at a checkpoint.
  ///
  /// - Parameters:
  ///   - source: The checkpoint.
  ///   - live: The objects, whose names count if it is name-based.
  ///   - place: The saved object to begin with.
  ///   - options: What to do with what does not fit.
  ///   - origin: Where the restore was called.
  /// - Throws: `notFound` if there is nothing at `place`; `corrupt` if the checkpoint is damaged.
  init(
    _ source: ObjectSource,
    _ live: LiveGraph,
    at place: String,
    options: RestoreOptions,
    origin: String
  ) throws(CheckpointError) {
    let reader = source.reader
    let graph: ObjectGraph
    if let saved = source.graph {
      (graph, leftovers) = (saved, [:])
    } else {
      guard place.isEmpty else {
        throw CheckpointError(
          .unsupported,
          "a name-based checkpoint has no objects, so none at '\(place)'; use a mapping of names",
          file: reader.path
        )
      }
      let named = try NameBasedGraph(live, in: reader)
      (graph, leftovers) = (named.graph, named.leftovers)
    }
    guard let root = graph.node(at: place) else {
      let children = graph.nodes[0].children.map { "'\($0.name)'" }.joined(separator: ", ")
      throw CheckpointError(
        .notFound,
        "there is no object at '\(place)'; the root has \(children)",
        file: reader.path
      )
    }
    path = reader.path
    self.graph = graph
    self.root = root
    self.reader = reader
    self.options = options
    self.origin = origin
  }

  // MARK: Restoring

  /// Restores what exists.
  func begin(with roots: CheckpointRoots, _ live: LiveGraph) throws(CheckpointError) {
    self.roots = roots
    var live = live
    let match = try GraphMatch(graph, live, from: [(root, 0)])
    var problems: [CheckpointError] = []
    let assigned = Set(match.assignments.compactMap(\.liveNode))
    for node in live.nodes.indices
    where live.nodes[node].value != nil && !assigned.contains(node) {
      guard !roots.isCounter(live.nodes[node]) else { continue }
      missing.append(live.path(of: node))
    }
    if options.completeness == .all { problems = missingProblems(match) }
    try carryOut(match, in: live, problems, of: assigned.count + missing.count)
  }

  /// The objects, walked over from where the restore began; from `owner`, if that is not there.
  func walk(orFrom owner: any Checkpointable) throws(CheckpointError) -> LiveGraph {
    guard let roots else { return try LiveGraph(root: owner) }
    return try roots.walk()
  }

  /// Restores what exists by now, unless a newer restore has been there.
  func retry(in live: LiveGraph, newer: [RestoreSession]) throws(CheckpointError) {
    let pairs = readyPairs(in: live)
    guard !pairs.isEmpty || !deferredSlots.isEmpty else { return }
    let match = try GraphMatch(graph, live, from: pairs, bindings: bindings)
    try carryOut(match, in: live, [], of: match.assignments.count) { assignment in
      newer.contains { $0.hasRestored(assignment, in: live) }
    }
  }

  /// The waiting nodes whose object exists by now.
  func readyPairs(in live: LiveGraph) -> [(saved: Int, live: Int)] {
    if !leftovers.isEmpty { return namedPairs(in: live) }
    guard !deferred.isEmpty else { return [] }
    let waiting = Dictionary(grouping: deferred, by: \.parent)
    var pairs: [(saved: Int, live: Int)] = []
    for node in live.nodes {
      for entry in waiting[node.identity] ?? [] {
        // The identity of an object that is gone may have gone to another one.
        guard entry.holder === node.holder else { continue }
        let child = node.children.first { $0.name.hasSameBytes(as: entry.name) }
        if let child { pairs.append((entry.savedNode, child.node)) }
      }
    }
    return pairs
  }

  // New variables that have the name of a tensor which is left over.
  private func namedPairs(in live: LiveGraph) -> [(saved: Int, live: Int)] {
    var live = live
    var pairs: [(saved: Int, live: Int)] = []
    for number in live.nodes.indices where live.nodes[number].value != nil {
      guard bindings.saved(for: live.nodes[number]) == nil else { continue }
      let names = live.names(of: number).map { TensorKey($0) }
      guard let node = names.lazy.compactMap({ self.leftovers[$0] }).first else { continue }
      if !restored.contains(node) { pairs.append((node, number)) }
    }
    return pairs
  }

  /// Whether an object may get a value that it waits for, if it has changed.
  func waits(for owner: any Checkpointable) -> Bool {
    !leftovers.isEmpty || deferred.contains { $0.holder === owner }
  }

  private func carryOut(
    _ match: GraphMatch,
    in live: LiveGraph,
    _ problems: [CheckpointError],
    of count: Int,
    isRestored: (GraphMatch.Assignment) -> Bool = { _ in false }
  ) throws(CheckpointError) {
    let wanted = match.assignments.filter { !isRestored($0) }
    let requests = wanted.map {
      RestorePlan.Request($0.value.variable, key: TensorKey($0.attribute.key))
    }
    let plan = try RestorePlan(
      requests,
      from: reader,
      options: options,
      otherProblems: problems,
      of: count
    )
    _ = try RestoreExecutor(reader: reader, options: options).restore(plan)
    note(match.assignments, in: live, without: Set(plan.report.missing + plan.report.mismatched))
    bindings = match.bindings
    let bound = bindings.liveOfSaved
    deferred = (deferred + match.deferred).filter { bound[$0.savedNode] == nil }
    deferredSlots = match.deferredSlots
    conflicts += match.conflicts.map { place(of: $0.savedNode) }
  }

  private func note(
    _ assignments: [GraphMatch.Assignment],
    in live: LiveGraph,
    without left: Set<TensorKey>
  ) {
    var live = live
    for assignment in assignments {
      if left.isEmpty || !left.contains(TensorKey(assignment.attribute.key)) {
        restored.insert(assignment.savedNode)
      } else {
        let livePlace = assignment.liveNode.map { live.path(of: $0) }
        missing.append(livePlace ?? place(of: assignment.savedNode))
      }
    }
  }

  /// Notes what went wrong when something was to be restored later, and says where it came from.
  func fail(_ error: CheckpointError) -> CheckpointError {
    var error = error
    error.message += "; this comes from the restore of '\(path)' at \(origin)"
    // A value that does not fit is tried again whenever something changes.
    if !failures.contains(where: { $0.description == error.description }) { failures.append(error) }
    return error
  }

  private func hasRestored(_ assignment: GraphMatch.Assignment, in live: LiveGraph) -> Bool {
    let saved =
      assignment.liveNode.map { bindings.saved(for: live.nodes[$0]) }
      ?? bindings.saved(forSlotVariable: assignment.value.variable)
    return saved.map(restored.contains) ?? false
  }

  private func missingProblems(_ match: GraphMatch) -> [CheckpointError] {
    guard !missing.isEmpty else { return [] }
    let bound = match.bindings.liveOfSaved
    let unused = graph.nodes.indices.filter {
      bound[$0] == nil && !graph.nodes[$0].attributes.isEmpty
    }.map { TensorKey(place(of: $0)) }
    return missing.enumerated().map { index, place in
      let hint = index < 16 ? NearestKeys(to: TensorKey(place), among: unused).hint : ""
      return CheckpointError(.notFound, "the checkpoint has no value for it\(hint)", key: place)
    }
  }

  // MARK: What is left

  /// Whether nothing waits that could still come.
  var isFinished: Bool {
    guard leftovers.isEmpty else {
      return roots == nil || leftovers.values.allSatisfy(restored.contains)
    }
    // A slot variable waits for a variable or an optimizer that waits itself.
    return !deferred.contains { $0.holder != nil }
  }

  /// The place of a saved node: its path from the root.
  func place(of node: Int) -> String {
    if let place = path(of: node) ?? slotPlaces[node] { return place }
    return leftovers.isEmpty ? "node \(node)" : graph.nodes[node].attributes.first?.key ?? ""
  }

  // The paths of a long chain would take memory that grows with the square of its length, and nobody
  // could read them.
  private func path(of node: Int) -> String? {
    if let way = ways[node], way.depth > 500 { return "node \(node)" }
    return graph.path(of: node, ways)
  }

  private lazy var slotPlaces: [Int: String] = {
    var places: [Int: String] = [:]
    for (optimizer, node) in graph.nodes.enumerated() {
      for slot in node.slotVariables {
        places[slot.node] = CheckpointKey.slotPath(
          variable: path(of: slot.original) ?? "",
          optimizer: path(of: optimizer) ?? "",
          slotName: slot.slotName
        )
      }
    }
    return places
  }()

  /// The nodes with values that have not been restored, below the node that the restore began at.
  ///
  /// Values that a program may do without do not count, nor does the save counter.
  var unrestoredNodes: [Int] {
    let scope = root == 0 ? Set(graph.nodes.indices) : withSlotVariables(reachable(from: [root]))
    let counters = graph.nodes[0].children.filter { $0.name == CheckpointRoots.counterName }
    return scope.subtracting(restored).subtracting(counters.map(\.node)).sorted().filter { node in
      graph.nodes[node].attributes.contains { !$0.isOptional }
    }
  }

  /// The nodes that wait for objects.
  var deferredNodes: Set<Int> {
    reachable(from: deferred.map(\.savedNode)).union(deferredSlots.map(\.slot.node))
  }

  private func reachable(from starts: [Int]) -> Set<Int> {
    var found = Set(starts)
    var queue = starts
    while let node = queue.popLast() {
      for child in graph.nodes[node].children where found.insert(child.node).inserted {
        queue.append(child.node)
      }
    }
    return found
  }

  // Those whose variable and optimizer are both there.
  private func withSlotVariables(_ nodes: Set<Int>) -> Set<Int> {
    let slots = nodes.flatMap { graph.nodes[$0].slotVariables }
    return nodes.union(slots.filter { nodes.contains($0.original) }.map(\.node))
  }

  // MARK: Comparing

  /// What restoring would do.
  func comparison(with live: LiveGraph) throws(CheckpointError) -> RestoreComparison {
    var live = live
    let match = try GraphMatch(graph, live, from: [(root, 0)], makesSlotVariables: false)
    let requests = match.assignments.map {
      RestorePlan.Request($0.value.variable, key: TensorKey($0.attribute.key))
    }
    var comparison = RestoreComparison(path: path)
    for request in requests {
      let problem = try RestorePlan.problem(of: request, in: reader, options: RestoreOptions())
      if let problem {
        comparison.mismatched.append(problem)
      } else {
        comparison.matched.append(request.key.description)
      }
    }
    let assigned = Set(match.assignments.compactMap(\.liveNode))
    for node in live.nodes.indices
    where live.nodes[node].value != nil && !assigned.contains(node) {
      comparison.missing.append(live.path(of: node))
    }
    let taken = Set(match.assignments.map(\.savedNode))
    comparison.unused = unrestoredNodes.filter { !taken.contains($0) }.map(place(of:))
    comparison.conflicting = match.conflicts.map { place(of: $0.savedNode) }
    return comparison
  }
}
