package import CheckpointGraph
package import CheckpointIO
import CheckpointTensors
import Synchronization

/// The values of a plan at one moment: what a save on another thread writes, while the program goes on
/// changing its variables.
///
/// Tensors that are copied when they are written to are not copied here: the snapshot keeps their
/// memory. Whoever changes such a variable copies it then, unless the save has let go of it by that
/// time: it does so with each tensor once that is in the file.
package final class SaveSnapshot: Sendable {
  /// Makes the plan that saves the values; called once, by the thread that saves.
  package typealias Values = @Sendable () throws(CheckpointError) -> SavePlan

  private let values: Mutex<Values?>

  /// Takes values that somebody else keeps until then.
  package init(_ values: @escaping Values) { self.values = Mutex(values) }

  /// Takes the values of a plan.
  ///
  /// - Throws: What a variable's own type throws.
  package convenience init(_ plan: SavePlan) throws(CheckpointError) {
    let (shardCount, notes) = (plan.shardCount, plan.notes)
    let items = try plan.items.map { item throws(CheckpointError) in try TakenValue(item) }
    self.init { () throws(CheckpointError) in
      var plan = try SavePlan(items)
      (plan.shardCount, plan.notes) = (shardCount, notes)
      return plan
    }
  }

  /// A variable of the same name with the values of this moment, which nobody else has; of one in
  /// parts, one in parts.
  ///
  /// - Throws: What the variable's own type throws.
  package static func copy(of variable: any TensorVariable) throws(CheckpointError)
    -> any TensorVariable
  {
    if type(of: variable) == PartitionedVariable.self, let whole = variable as? PartitionedVariable
    {
      return try whole.copied(copy)
    }
    let copy = TensorBox(try variable.tensorSnapshot(), name: variable.name)
    copy.device = variable.device
    copy.isCopyOfProcessState = variable.isProcessState
    return copy
  }

  /// Hands out the values, as a plan that saves them; nothing is left here.
  ///
  /// - Throws: `notFound` if they have been handed out already.
  package func takePlan() throws(CheckpointError) -> SavePlan {
    let values = values.withLock { values in
      defer { values = nil }
      return values
    }
    guard let values else {
      throw CheckpointError(.notFound, "the values of a snapshot are handed out once")
    }
    return try values()
  }
}

/// A value, and where it belongs.
private struct TakenValue: Sendable {
  let tensor: AnyTensor
  let key: TensorKey
  let part: TensorSlice.Part?
  let shard: Int
  let holder: SavePlan.Holder

  init(_ item: SavePlan.Item) throws(CheckpointError) {
    do throws(CheckpointError) {
      tensor = try item.variable.tensorSnapshot()
    } catch {
      throw error.located(key: item.key.description)
    }
    key = item.key
    part = item.part
    shard = item.shard
    holder = item.holder
  }
}

extension SavePlan {
  fileprivate init(_ items: [TakenValue]) throws(CheckpointError) {
    try self.init(
      items: items.map { item in
        var planned = SavePlan.Item(
          TensorBox(item.tensor), key: item.key, part: item.part, holder: item.holder)
        planned.shard = item.shard
        return planned
      })
  }
}
