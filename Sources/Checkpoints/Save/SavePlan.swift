package import CheckpointGraph
package import CheckpointTensors

/// Which tensor goes under which key, in the order in which they are written.
///
/// Both front ends make one; ``SaveExecutor`` carries it out.
package struct SavePlan {
  /// One tensor to be written.
  package struct Item {
    /// Where the values come from.
    package var variable: any TensorVariable
    /// The key.
    package var key: TensorKey
    /// Where they belong, if they are a part of a partitioned tensor.
    package var part: SliceSpec?

    package init(_ variable: any TensorVariable, key: TensorKey, part: SliceSpec? = nil) {
      self.variable = variable
      self.key = key
      self.part = part
    }
  }

  /// The tensors, in order.
  package var items: [Item]

  package init(items: [Item]) { self.items = items }

  /// How many bytes the numbers among them take; strings come on top.
  package var byteCount: UInt64 {
    items.reduce(0) { $0 &+ UInt64($1.variable.tensorSpec.byteCount ?? 0) }
  }
}
