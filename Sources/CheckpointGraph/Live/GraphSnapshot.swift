package import CheckpointIO
import CheckpointTensors

/// A graph with the values of one moment, for another thread: what it stores, and under which keys, is
/// worked out there, while the program goes on changing its objects, their names and what belongs to
/// them.
package struct GraphSnapshot: @unchecked Sendable {
  // Sendable: the graph has no objects of the program. What it has for its variables nobody else has,
  // and nobody changes.
  private let graph: LiveGraph

  /// Takes a graph without objects.
  init(_ graph: LiveGraph) { self.graph = graph }

  /// What the graph is saved as: see ``LiveGraph/saved(_:)``.
  package func saved(_ last: LastSavedForm) -> (form: SavedForm, variables: [any TensorVariable]) {
    graph.saved(last)
  }

  /// The values by names: see ``LiveGraph/namedValues()``.
  package func namedValues() throws(CheckpointError) -> [LiveGraph.StoredValue] {
    try graph.namedValues()
  }
}

/// What stands for an object of the program.
final class AbsentObject: Checkpointable {
  func registerDependencies(in registrar: inout DependencyRegistrar) {}
}
