package import CheckpointGraph
package import CheckpointIO
package import CheckpointTensors

extension CheckpointReader {
  /// The tensors of the object that a path leads to, by any way that there is in the graph: those of a
  /// variable, or of a table; without those of objects below it.
  ///
  /// Keys have the shortest way only.
  ///
  /// - Parameters:
  ///   - path: The path, as `checkpoint graph` shows it: `model/layers/0/kernel`.
  ///   - graph: The saved objects.
  /// - Returns: The keys that there are, in byte order; none if the path leads nowhere.
  /// - Throws: `corrupt` if the list of tensors is damaged.
  package func keys(ofObjectAt path: String, in graph: SavedGraph) throws(CheckpointError)
    -> [TensorKey]
  {
    guard let node = graph.node(shownAs: path) else { return [] }
    var found: [TensorKey] = []
    var others: [TensorKey] = []
    for attribute in graph.attributes(of: node) {
      let key = TensorKey(attribute.key)
      if try entry(for: key) != nil { found.append(key) } else { others.append(key) }
    }
    guard !others.isEmpty else { return found.sorted() }
    // A table has two tensors, whose keys begin with that of the attribute.
    try forEachEntry { entry in
      if others.contains(where: { entry.key.bytes.starts(with: $0.bytes) }) {
        found.append(entry.key)
      }
    }
    return found.sorted()
  }
}
