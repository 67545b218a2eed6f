import CheckpointGraph
import CheckpointIO
import CheckpointTensors

/// The values of a plan at one moment: what a save on another thread writes, while the program goes on
/// changing its variables.
///
/// Tensors that are copied when they are written to are not copied here: the snapshot keeps their
/// memory. Whoever changes such a variable before the snapshot is gone copies it then.
package struct SaveSnapshot: Sendable {
  private struct Item: Sendable {
    let tensor: AnyTensor
    let key: TensorKey
    let part: SliceSpec?
    let shard: Int
  }

  private let items: [Item]
  private let shardCount: Int

  /// Takes the values.
  ///
  /// - Throws: What a variable's own type throws.
  package init(_ plan: SavePlan) throws(CheckpointError) {
    shardCount = plan.shardCount
    items = try plan.items.map { item throws(CheckpointError) in
      do throws(CheckpointError) {
        let tensor = try item.variable.tensorSnapshot()
        return Item(tensor: tensor, key: item.key, part: item.part, shard: item.shard)
      } catch {
        throw error.located(key: item.key.description)
      }
    }
  }

  /// A plan that saves these values.
  package var plan: SavePlan {
    var plan = SavePlan(
      items: items.map { item in
        var planned = SavePlan.Item(TensorBox(item.tensor), key: item.key, part: item.part)
        planned.shard = item.shard
        return planned
      }
    )
    plan.shardCount = shardCount
    return plan
  }
}
