import CheckpointStore
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
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

  /// The same for somebody who looks for layers: a note says if keys are places in lists, as those of Keras are beside
  /// an optimizer.
  ///
  /// - Parameter usesFullNames: Whether the variables of objects go by their full names.
  /// - Returns: The checkpoint.
  /// - Throws: `corrupt` if the object graph, which has them, is damaged.
  func readerOfLayers(usesFullNames: Bool) throws(CheckpointError) -> CheckpointReader {
    // Whoever has a damaged graph can look at the tensors all the same.
    guard !usesFullNames, let graph = try? checkpoint.savedGraph() else {
      return try reader(usesFullNames: usesFullNames)
    }
    var example: TensorKey?
    graph.forEachFullName { name, key in
      let last = key.nameOfVariable.reversed().prefix { $0 != UInt8(ascii: "/") }
      let isInList = last.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      if example == nil, isInList, name.bytes.contains(UInt8(ascii: "/")) { example = name }
    }
    if let example {
      StandardError.report(
        "note: these are keys; '--full-names' shows the names of variables, such as "
          + "'\(TensorName.shown(example.bytes))'")
    }
    return reader()
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
