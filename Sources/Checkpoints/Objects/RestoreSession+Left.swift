import CheckpointGraph
import CheckpointTensors

/// What a restore has left, and where it is.
extension RestoreSession {
  /// The place of a saved node: its path from the root.
  func place(of node: Int) -> String {
    if let place = places.place(of: node, in: saved) { return place }
    return leftovers.isEmpty ? "node \(node)" : saved.attributes(of: node).first?.key ?? ""
  }

  /// How many saved nodes have their value in a variable now.
  var restoredCount: Int { state.isRestored.count { $0 } }

  /// The places of the values that are in variables now.
  var restoredPlaces: [String] {
    let isRestored = state.isRestored
    return isRestored.indices.filter { isRestored[$0] }.map(place(of:))
  }

  /// For each node of a walk, whether it has a value from the checkpoint.
  func restoredNodes(of live: LiveGraph) -> [Bool] {
    var isThere = Array(repeating: false, count: live.nodes.count)
    let state = state
    let liveNodes = state.bindings.liveNodes(of: live, withValue: true)
    for saved in liveNodes.indices where state.isRestored[saved] {
      if let number = liveNodes[saved] { isThere[number] = true }
    }
    return isThere
  }

  /// What has not been restored: the nodes that wait for objects, and those that nothing takes.
  ///
  /// Nodes with values, below the node that the restore began at. Values that a program may do
  /// without do not count, nor does the save counter.
  var left: (deferred: [Int], unused: [Int]) {
    let state = state
    let unrestored = unrestoredNodes(in: state)
    guard !unrestored.isEmpty else { return ([], []) }
    let isWaiting = reachable(
      from: state.deferred.map(\.savedNode), and: state.deferredSlots.map(\.slot.node))
    return (unrestored.filter { isWaiting[$0] }, unrestored.filter { !isWaiting[$0] })
  }

  /// The nodes whose values are in no variable, of those that count.
  func unrestoredNodes(in state: RestoreState) -> [Int] {
    let nodes = state.isRestored.indices.filter { !state.isRestored[$0] && saved.hasOwnValues($0) }
    guard !nodes.isEmpty else { return [] }
    let isInScope = root == 0 ? nil : withSlotVariables(reachable(from: [root], and: []))
    let counters = saved.children[0].filter {
      saved.string($0.name) == CheckpointRoots.counterName
    }
    return nodes.filter { node in
      isInScope?[node] != false && !counters.contains { Int($0.node) == node }
    }
  }

  // Of each node whether it is one of `starts` or below one, or one of `others`.
  private func reachable(from starts: [Int], and others: [Int]) -> [Bool] {
    var isReached = Array(repeating: false, count: saved.nodeCount)
    for node in starts { isReached[node] = true }
    var queue = starts
    while let node = queue.popLast() {
      for child in saved.children[node].lazy.map({ Int($0.node) }) where !isReached[child] {
        isReached[child] = true
        queue.append(child)
      }
    }
    for node in others { isReached[node] = true }
    return isReached
  }

  // Those whose variable and optimizer are both there.
  private func withSlotVariables(_ isReached: [Bool]) -> [Bool] {
    var isThere = isReached
    for optimizer in saved.nodes where isReached[optimizer] {
      for slot in saved.slots[optimizer] where isReached[Int(slot.original)] {
        isThere[Int(slot.node)] = true
      }
    }
    return isThere
  }
}
