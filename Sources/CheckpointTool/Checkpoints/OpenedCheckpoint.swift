import CheckpointStore
import CheckpointIO
import Checkpoints

/// The checkpoint that an argument leads to, open.
struct OpenedCheckpoint {
  /// What reads it, whatever becomes of its names.
  let checkpoint: CheckpointReader

  /// What was opened: a prefix, a file or a pattern.
  var path: String { checkpoint.path }

  /// Opens it, and says so if the argument is not itself what is opened.
  ///
  /// - Throws: `notACheckpoint` if there is none.
  init(at path: String) throws(CheckpointError) {
    let opened = try CheckpointOpening(path, LocalFileSystem()).open()
    Self.report(opened.location)
    checkpoint = opened.reader
  }

  /// Says how an argument led to a checkpoint, unless it is its name.
  static func report(_ location: CheckpointLocation) {
    if let note = location.note { StandardError.report(note) }
  }

  /// The open checkpoint, of which somebody wants to see all tensors.
  ///
  /// - Parameter usesFullNames: Whether the variables of objects go by their full names.
  /// - Returns: The checkpoint.
  /// - Throws: `corrupt` if the object graph, which has them, is damaged.
  func reader(usesFullNames: Bool) throws(CheckpointError) -> CheckpointReader {
    usesFullNames ? try reader().byFullNames() : reader()
  }

  /// The open checkpoint, of which somebody wants to see all tensors.
  func reader() -> CheckpointReader {
    let unread = checkpoint.unsupportedTensors
    if !unread.isEmpty {
      let names = NameList.text(unread.map { TensorName.shown($0.key.bytes) })
      StandardError.report(
        "note: \(unread.count.of("tensor")) of types that are not read here: \(names)")
    }
    return checkpoint
  }
}
