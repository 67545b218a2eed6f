import CheckpointTensors

/// The saved children of a node that stand under former names of objects of the program.
///
/// An object takes what stands under its name; else what stands under the first of its former names.
struct FormerChildren {
  /// The object that a saved child belongs to, by the saved edge.
  private(set) var children: [Int: Int] = [:]
  /// The object that has its values from another saved child already, by the saved edge.
  private(set) var conflicts: [Int: Int] = [:]

  /// Finds them; `nil` if nothing that belongs to the object has former names, as a rule.
  ///
  /// - Parameters:
  ///   - number: The object.
  ///   - live: The program's graph.
  ///   - node: The saved node.
  ///   - saved: The saved graph.
  init?(of number: Int, _ live: LiveGraph, under node: Int, _ saved: SavedGraph) {
    guard let former = live.formerNames[number] else { return nil }
    var edges: [TensorKey: Int] = [:]
    for edge in saved.children.range(of: node)
    where saved.mayHaveValues(Int(saved.children.elements[edge].node)) {
      edges[TensorKey(copying: saved.bytes(saved.children.elements[edge].name))] = edge
    }
    func savedNode(_ edge: Int) -> Int { Int(saved.children.elements[edge].node) }
    var taken: [TensorKey: Int] = [:]  // by the present name
    for child in live.children(of: number) {
      taken[TensorKey(child.name)] = edges[TensorKey(child.name)].map(savedNode)
    }
    for name in former {
      guard let edge = edges[TensorKey(name.name)] else { continue }
      let known = taken[TensorKey(name.child.name)]
      if let known, known != savedNode(edge) {
        conflicts[edge] = name.child.node
      } else {
        taken[TensorKey(name.child.name)] = savedNode(edge)
        children[edge] = name.child.node
      }
    }
  }
}
