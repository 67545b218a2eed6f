import CheckpointBundle
package import CheckpointIO
import CheckpointGraph
import CheckpointTensors

/// Carries out a save: writes what a plan says, and makes it appear in one step.
package struct SaveExecutor {
  private let options: SaveOptions

  package init(options: SaveOptions) { self.options = options }

  /// Writes the tensors of a plan to a V2 checkpoint at `prefix`.
  ///
  /// - Throws: What ``BundleWriter`` throws; a checkpoint that stood there stands still then.
  package func save(_ plan: SavePlan, to prefix: String) throws(CheckpointError) {
    var writer = try BundleWriter(
      prefix: prefix,
      shardByteCounts: [plan.byteCount],
      options: options
    )
    for item in plan.items {
      try writer.add(item.variable, for: item.key, part: item.part)
    }
    try writer.finish()
  }
}
