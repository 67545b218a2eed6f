import CheckpointPlans
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import Checkpoints

/// Somebody who saves as fast as he can, beside whom others read.
enum Trainer: String {
  /// A manager of a directory, which keeps one checkpoint.
  case trainer
  /// All saves are to one prefix.
  case overwriting

  func run(_ path: String, first: Int, count: Int, _ options: SaveOptions) throws {
    let variables = (0..<3).map { _ in Variable<Float>(repeating: 0, shape: [300]) }
    let checkpoint = try Checkpoint(
      ["w0": variables[0], "w1": variables[1], "w2": variables[2]], options: options)
    let save: () throws -> Void
    switch self {
    case .trainer:
      let manager = try CheckpointManager(checkpoint, directory: path, retention: .latest(1))
      try manager.restoreOrInitialize()
      save = { try manager.save() }
    case .overwriting:
      save = { try checkpoint.write(to: path) }
    }
    for value in first..<(first + count) {
      for variable in variables { variable.value = Tensor(repeating: Float(value), shape: [300]) }
      try save()
    }
  }
}
