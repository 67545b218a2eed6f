import CheckpointStore
import CheckpointMapping
import CheckpointIO
import CheckpointTensors
import Checkpoints

/// A checkpoint by the names that a mapping sees.
struct NamedTensors {
  /// The checkpoint.
  let reader: any TensorReader

  /// Opens a checkpoint, and says so if the argument is not its own path.
  ///
  /// - Parameters:
  ///   - path: What ``CheckpointLocation`` takes.
  ///   - usesFullNames: Whether an object-based one's variables go by their full names, as a saver
  ///     sees them.
  /// - Throws: `notACheckpoint` if there is none; `corrupt` if it is damaged.
  init(at path: String, usesFullNames: Bool) throws(CheckpointError) {
    let checkpoint = try OpenedCheckpoint(at: path).reader()
    if usesFullNames, let graph = try checkpoint.savedGraph() {
      reader = FullNameReader(checkpoint, graph)
    } else {
      reader = checkpoint
    }
  }
}
