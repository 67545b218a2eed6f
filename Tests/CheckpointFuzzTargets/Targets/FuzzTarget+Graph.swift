import CheckpointGraph
import CheckpointIO

extension FuzzTarget {
  /// The object graph: walked in all ways, and written again.
  package static let objectGraph = FuzzTarget("graph", mostBytes: 2048, seeds: FuzzSeeds.graphs) {
    bytes in
    let saved = try SavedGraph(message: bytes)
    let graph = ObjectGraph(saved)
    try walk(saved, graph)
    let message = graph.message
    let copy = try promised("a written graph is read") { try ObjectGraph(message: message.span) }
    try promise(copy == graph, "a graph of \(graph.nodes.count) nodes is read as another one")
    try promise(copy.message == message, "a graph is written in two ways")
  }

  private static func walk(_ saved: SavedGraph, _ graph: ObjectGraph) throws {
    let edges = graph.nodes.reduce(0) { $0 + $1.children.count + $1.slotVariables.count }
    let lines = saved.treeLines.reduce(0) { count, _ in count + 1 }
    try promise(
      lines <= 1 + edges + graph.nodes.count, "\(lines) lines of \(edges) edges, and the nodes")
    _ = saved.description
    _ = (graph.keyMapping, graph.unnamedKeys)
    let ways = saved.shortestWays
    for node in saved.nodes.prefix(16) {
      guard let path = saved.path(of: node, ways), path.utf8.count < 1024 else { continue }
      let (found, same) = (saved.node(at: path), graph.node(at: path))
      try promise(found == same, "the path \(path) leads to \(found as Int?) and \(same as Int?)")
    }
  }
}
