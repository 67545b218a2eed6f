import CheckpointGraph

/// The variables that newer restores have given values to, or have a value for that does not fit: an
/// older one leaves them alone.
struct TakenVariables {
  private var nodes: Set<Int> = []
  // Not all slot variables are among the nodes: some have been made since the walk.
  private var objects: Set<ObjectIdentifier> = []

  func contains(_ assignment: GraphMatch.Assignment) -> Bool {
    assignment.liveNode.map(nodes.contains)
      ?? objects.contains(ObjectIdentifier(assignment.value.variable))
  }

  mutating func add(_ assignment: GraphMatch.Assignment) {
    if let node = assignment.liveNode { nodes.insert(node) }
    objects.insert(ObjectIdentifier(assignment.value.variable))
  }

  /// Adds the variables that a restore has given values to.
  mutating func add(_ session: RestoreSession, in live: LiveGraph) {
    let isRestored = session.restoredNodes(of: live)
    for node in isRestored.indices where isRestored[node] { nodes.insert(node) }
    for (object, saved) in session.bindings.slotVariables where session.isRestored[saved] {
      objects.insert(object)
    }
  }
}
