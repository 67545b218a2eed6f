import CheckpointPlans
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import Checkpoints
import Foundation

/// The life of a manager: it restores, and saves several times while checkpoints come and go.
///
/// Whatever `save` has reported goes to the standard output at once, as `saved VALUE`.
enum ManagedLife {
  static let retention = RetentionPolicy.latest(2)
    .or(.best(1, by: "loss", .lowest)).or(.everySteps(7))

  static func run(_ directory: String, first: Int, count: Int, _ options: SaveOptions) throws {
    let weights = Variable<Float>(repeating: 0, shape: [300])
    let bias = Variable<Float>(repeating: 0, shape: [300])
    let checkpoint = try Checkpoint(["w": weights, "b": bias], options: options)
    let manager = try CheckpointManager(checkpoint, directory: directory, retention: retention)
    try manager.restoreOrInitialize()
    for value in first..<(first + count) {
      weights.value = Tensor(repeating: Float(value), shape: [300])
      bias.value = weights.value
      // Every third is the best so far; some are pinned, some replace an older one of their number.
      let loss = value.isMultiple(of: 3) ? -Double(value) : Double(value)
      let step = value.isMultiple(of: 5) ? value - 1 : value
      let saved = try manager.save(step: step, metrics: ["loss": loss])
      print("saved \(value)")
      fflush(nil)
      if value == first + 1, let saved { try manager.pin(saved.path) }
      if value == first + 4 {
        try manager.unpin(manager.checkpoints.first(where: \.isPinned)?.path ?? "")
      }
    }
  }
}
