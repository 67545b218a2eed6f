public import CheckpointIO
import CheckpointWire

/// What a `.meta` file says of the checkpoint beside it: enough to restore a directory whose program
/// is gone.
///
///     let summary = try MetaGraphSummary(contentsOf: "run/model-1000.meta")
///     for tensor in summary.savedTensors { print(tensor.key, tensor.dtype?.name ?? "?") }
///
/// The file holds a graph of TensorFlow's first generation. It cannot be run or written here; the
/// graph is passed over, but for the operations that save.
/// Source: tensorflow/core/protobuf/meta_graph.proto, `MetaGraphDef`.
public struct MetaGraphSummary: Sendable {
  /// The file.
  public let path: String
  /// The version of TensorFlow that wrote it, `1.15.0`; empty if it does not say.
  public let tensorFlowVersion: String
  /// The commit of TensorFlow that wrote it; empty if it does not say.
  public let tensorFlowGitVersion: String
  /// What the graph is for: `serve`, `train`.
  public let tags: [String]
  /// How its saver saves; `nil` if it has none.
  public let saverDefinition: SaverDefinition?
  /// The variables that a saver saves by default, in the order of the graph's collection: all but the
  /// local ones.
  public let variables: [Variable]
  /// What the saver writes, in byte order of the keys; empty without a saver.
  ///
  /// A saver can rename variables, and save some of them only: this is the truth about the
  /// checkpoint, ``variables`` about the program.
  public let savedTensors: [SavedTensor]

  /// Reads a `.meta` file.
  ///
  /// - Parameter path: The file: a prefix with `.meta`.
  /// - Throws: `notFound` if there is none; `corrupt` or `truncated` if it is damaged or another kind
  ///   of file; `unsupported` if it is in protobuf's text form; `limitExceeded` for numbers that no
  ///   graph has.
  public init(contentsOf path: String) throws(CheckpointError) {
    try self.init(LocalFileSystem().openFile(path))
  }

  package init(_ file: any ReadableFile) throws(CheckpointError) {
    do throws(CheckpointError) {
      let messages = MessageFile(file)
      try Self.checkIsBinary(messages)
      let message = try MetaGraphMessage(messages)
      let saver = message.saver ?? message.collectedSavers.first
      tensorFlowVersion = message.tensorFlowVersion
      tensorFlowGitVersion = message.tensorFlowGitVersion
      tags = message.tags
      saverDefinition = saver.map { SaverDefinition($0) }
      variables = try Self.variables(of: message)
      guard let saver else {
        savedTensors = []
        self.path = file.path
        return
      }
      let graph = try GraphIndex(message.graphs, in: messages)
      savedTensors = try SaveOperations(graph).tensors(savedBy: saver)
    } catch {
      throw error.located(file: file.path)
    }
    path = file.path
  }

  // A text would be read as a message for a while, and lead to a puzzling error.
  private static func checkIsBinary(_ file: MessageFile) throws(CheckpointError) {
    let begin = ByteRange(offset: 0, count: min(file.whole.count, 32))
    let bytes = try file.bytes(begin, limit: 32, what: "the beginning")
    for field in ["meta_info_def", "graph_def", "saver_def", "collection_def"] {
      guard !bytes.starts(with: field.utf8) else {
        throw CheckpointError(
          .unsupported,
          "this is protobuf's text form, which is not read here; export it with as_text=False"
        )
      }
    }
  }
}
