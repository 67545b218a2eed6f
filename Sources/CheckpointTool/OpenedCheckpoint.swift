import CheckpointIO
import Checkpoints

/// The checkpoint that an argument leads to.
struct OpenedCheckpoint {
  /// What to open: a prefix, a file or a pattern.
  let path: String

  /// Finds it, and says so if the argument is not itself what is opened.
  ///
  /// - Throws: `notACheckpoint` if there is none.
  init(at path: String) throws(CheckpointError) {
    let location = try CheckpointLocation(path)
    if let note = location.note { StandardError.report(note) }
    self.path = location.path
  }

  /// The open checkpoint.
  func reader() throws(CheckpointError) -> CheckpointReader {
    let reader = try CheckpointReader(path)
    let unread = reader.unsupportedTensors.count
    if unread > 0 {
      StandardError.report("note: \(unread.of("tensor")) of types that are not read here")
    }
    return reader
  }
}
