public import CheckpointIO

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

  /// Reads a `.meta` file, which may also be in protobuf's text form (`as_text=True`).
  ///
  /// - Parameter path: The file: a prefix with `.meta`.
  /// - Throws: `notFound` if there is none; `corrupt` or `truncated` if it is damaged or another kind
  ///   of file; `limitExceeded` for numbers that no graph has, and for a text of more than 512 MiB.
  public init(contentsOf path: String) throws(CheckpointError) {
    try self.init(LocalFileSystem().openFile(PathText.path(path)))
  }

  package init(_ file: any ReadableFile) throws(CheckpointError) {
    do throws(CheckpointError) {
      if let message = try Self.message(ofText: file) {
        try self.init(translated: message, file.path)
      } else {
        try self.init(MessageFile(file), file.path)
      }
    } catch {
      throw error.located(file: file.path)
    }
  }

  private init(translated message: [UInt8], _ path: String) throws(CheckpointError) {
    do throws(CheckpointError) {
      try self.init(MessageFile(message), path)
    } catch {
      var error = error
      error.offset = nil  // in the message, which nobody has
      throw error
    }
  }

  private init(_ file: MessageFile, _ path: String) throws(CheckpointError) {
    self.path = path
    let message = try MetaGraphMessage(file)
    let saver = message.saver ?? message.collectedSavers.first
    tensorFlowVersion = message.tensorFlowVersion
    tensorFlowGitVersion = message.tensorFlowGitVersion
    tags = message.tags
    saverDefinition = saver.map { SaverDefinition($0) }
    variables = try Self.variables(of: message)
    guard let saver else {
      savedTensors = []
      return
    }
    let graph = try GraphIndex(message.graphs, in: file)
    savedTensors = try SaveOperations(graph).tensors(savedBy: saver)
  }

  // The message that a text stands for; `nil` if the file is none. A text would be read as a message
  // for a while.
  private static func message(ofText file: any ReadableFile) throws(CheckpointError) -> [UInt8]? {
    let content = MessageFile(file)
    let start = ByteRange(offset: 0, count: min(file.byteCount, 256))
    let beginning = try content.bytes(start, limit: start.count, what: "the beginning")
    guard MetaGraphText.isText(beginning.span) else { return nil }
    let text = try content.bytes(content.whole, limit: MetaGraphText.mostBytes, what: "the text")
    return try MetaGraphText.message(text.span)
  }
}
