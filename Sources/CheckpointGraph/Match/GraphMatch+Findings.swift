package import CheckpointTensors

extension GraphMatch {
  /// A stored value that goes into a variable.
  package struct Assignment {
    package let savedNode: Int
    package let key: TensorKey
    package let variable: any TensorVariable
    /// Whether it is one of several tensors of the node, which are restored together or not at all.
    package let isPart: Bool
    /// The variable's place in the running program; `nil` for a slot variable made just now.
    package let liveNode: Int?
    /// The saved node of the pair that led here; for a slot variable its own.
    package let start: Int
  }

  /// A saved node that has values, and no object yet.
  package struct Deferred {
    package let savedNode: Int
    /// The object that will hold it.
    package let parent: NodeIdentity
    package weak var holder: AnyObject?
    /// The name under which.
    package let name: String
  }

  /// A saved slot variable whose variable or optimizer has no object yet.
  package struct DeferredSlot {
    package let optimizer: Int
    package let slot: ObjectGraph.SlotVariable
  }

  /// Two objects for one node, or two values for one object: only the first is restored.
  package struct Conflict {
    package let savedNode: Int
    package let liveNode: Int
    package let name: String
    /// The saved node whose value the object has instead, if it is one of two values.
    package var source: Int?
  }
}
