package import CheckpointGraph
package import CheckpointIO
package import CheckpointTensors

/// What a checkpoint of an object graph holds: the values of the objects, then the graph.
package struct GraphContent {
  let form: SavedForm
  private let variables: [any TensorVariable]
  private let counterKey: TensorKey

  /// Takes what there is to save.
  ///
  /// - Parameters:
  ///   - saved: What the graph is saved as, and the variables of its keys.
  ///   - counterKey: The key of the save counter, which the process of rank 0 writes.
  package init(
    _ saved: (form: SavedForm, variables: [any TensorVariable]), counterKey: TensorKey
  ) {
    (form, variables) = saved
    self.counterKey = counterKey
  }

  /// Plans all of it.
  ///
  /// - Throws: What a variable's own type throws.
  package func plan() throws(CheckpointError) -> SavePlan {
    try SavePlan(items: (0..<count).map { index throws(CheckpointError) in try item(index) })
  }

  /// How many items there are.
  var count: Int { variables.count + 1 }

  /// The item of a number: the last one is the graph.
  func item(_ index: Int) throws(CheckpointError) -> SavePlan.Item {
    guard index < variables.count else {
      let graph = try AnyTensor(TensorSpec(.string, .scalar), .strings([form.message]))
      return SavePlan.Item(TensorBox(graph), key: TensorKey(ObjectGraph.key), holder: .leader)
    }
    return SavePlan.Item(variables[index], key: form.keys[index], holder: holder(of: index))
  }

  /// Whether the variables of this form are these, each stored as one tensor, and the processes that save together
  /// have them so.
  func isSame(_ specs: [TensorSpec], _ holders: [SavePlan.Holder]) -> Bool {
    guard specs.count == variables.count, holders.count == count else { return false }
    let variables = variables.span  // looked at in their places: copies would count references
    for index in variables.indices {
      guard variables[index].tensorSpec == specs[index], !variables[index].isPartitioned else {
        return false
      }
    }
    // The holders of the tensors depend on their keys alone, and so on the form, which is the same.
    return (form.tensorCount..<variables.count).allSatisfy { holder(of: $0) == holders[$0] }
  }

  /// What the variables are.
  var specs: [TensorSpec] { variables.map(\.tensorSpec) }

  /// Who has each item.
  var holders: [SavePlan.Holder] { (0..<count).map(holder) }

  /// Whether one of the variables is in parts.
  var isInParts: Bool { variables.contains { $0.isPartitioned } }

  // Of the processes that save together.
  private func holder(of index: Int) -> SavePlan.Holder {
    guard index < variables.count else { return .leader }
    if index >= form.tensorCount { return variables[index].isProcessState ? .each : .all }
    return form.keys[index] == counterKey ? .leader : .all
  }
}
