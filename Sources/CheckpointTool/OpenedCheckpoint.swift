import CheckpointBundle
import CheckpointIO
import Checkpoints

/// The checkpoint that an argument leads to.
struct OpenedCheckpoint {
  /// The prefix.
  let prefix: String

  /// Finds it, and says so if the argument is not the prefix itself.
  ///
  /// - Throws: `notACheckpoint` if there is none.
  init(at path: String) throws(CheckpointError) {
    let location = try CheckpointLocation(path)
    if let note = location.note { StandardError.report(note) }
    prefix = location.prefix
  }

  /// The open checkpoint.
  func reader() throws(CheckpointError) -> BundleReader { try BundleReader(prefix: prefix) }
}
