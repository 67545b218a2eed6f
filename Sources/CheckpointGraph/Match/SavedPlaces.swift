/// The places of the nodes of a saved graph: their shortest paths from the root, and those of slot
/// variables.
package struct SavedPlaces {
  private let ways: SavedGraph.Ways
  private var slots: [Int: String] = [:]

  /// Finds the ways to all nodes.
  package init(_ saved: SavedGraph) {
    ways = saved.shortestWays
    for optimizer in saved.nodes {
      for slot in saved.slots[optimizer].map(saved.slotVariable) {
        slots[slot.node] = CheckpointKey.slotPath(
          variable: path(of: slot.original, in: saved) ?? "",
          optimizer: path(of: optimizer, in: saved) ?? "", slotName: slot.slotName)
      }
    }
  }

  /// The place of a node; `nil` for one that nothing leads to.
  package func place(of node: Int, in saved: SavedGraph) -> String? {
    path(of: node, in: saved) ?? slots[node]
  }

  // The paths of a long chain would take memory that grows with the square of its length, and nobody
  // could read them.
  private func path(of node: Int, in saved: SavedGraph) -> String? {
    if let depth = ways.depth(of: node), depth > 500 { return "node \(node)" }
    return saved.path(of: node, ways)
  }
}
