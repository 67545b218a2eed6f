import CheckpointIO

/// MetaGraphDef: 1 meta_info_def message, 2 graph_def message, 3 saver_def message,
/// 4 collection_def map of messages; what else there is, is passed over.
///
/// The graph, which may be most of a large file, stays there: see ``GraphIndex``.
/// Source: tensorflow/core/protobuf/meta_graph.proto.
struct MetaGraphMessage {
  /// The version of TensorFlow that wrote it; empty if it does not say.
  private(set) var tensorFlowVersion = ""
  /// The commit of TensorFlow that wrote it; empty if it does not say.
  private(set) var tensorFlowGitVersion = ""
  /// What the graph is for: `serve`, `train`.
  private(set) var tags: [String] = []
  /// The saver.
  private(set) var saver: SaverMessage?
  /// The savers in the collection of that name.
  private(set) var collectedSavers: [SaverMessage] = []
  /// The variables in the collection of that name.
  private(set) var variables: [VariableMessage] = []
  /// The variables in the collection of those that are trained.
  private(set) var trainableVariables: [VariableMessage] = []
  /// Where the graph is: one place, unless the message was put together from several.
  private(set) var graphs: [ByteRange] = []

  /// Reads a message.
  ///
  /// - Throws: `corrupt` or `truncated` for bytes of another form; `limitExceeded` for a file that
  ///   TensorFlow could not have written.
  init(_ file: MessageFile) throws(CheckpointError) {
    guard file.whole.count <= Self.mostBytes else {
      throw CheckpointError(
        .limitExceeded,
        "the file has \(file.whole.count) bytes, no protobuf message has more than \(Self.mostBytes)"
      )
    }
    try file.forEachField(of: file.whole) { number, value throws(CheckpointError) in
      switch (number, value) {
      case (1, .bytes(let place)): try readInfo(place, file)
      case (2, .bytes(let place)): graphs.append(place)
      case (3, .bytes(let place)):
        var merged = saver ?? SaverMessage()
        let bytes = try file.bytes(place, limit: Self.mostMessageBytes, what: "the saver")
        try Self.located(place) { () throws(CheckpointError) in try merged.merge(bytes.span) }
        saver = merged
      case (4, .bytes(let place)): try readCollection(place, file)
      default: break
      }
    }
  }

  private mutating func readInfo(_ place: ByteRange, _ file: MessageFile) throws(CheckpointError) {
    try file.forEachField(of: place) { number, value throws(CheckpointError) in
      switch (number, value) {
      case (4, .bytes(let text)):
        guard tags.count < Self.mostTags else {
          throw CheckpointError(.limitExceeded, "more than \(Self.mostTags) tags")
        }
        tags.append(try file.string(text))
      case (5, .bytes(let text)): tensorFlowVersion = try file.string(text)
      case (6, .bytes(let text)): tensorFlowGitVersion = try file.string(text)
      default: break
      }
    }
  }

  // A map's entry: 1 key string, 2 value CollectionDef.
  private mutating func readCollection(_ place: ByteRange, _ file: MessageFile)
    throws(CheckpointError)
  {
    var name = ""
    var contents: [ByteRange] = []
    try file.forEachField(of: place) { number, value throws(CheckpointError) in
      switch (number, value) {
      case (1, .bytes(let text)): name = try file.string(text)
      case (2, .bytes(let content)): contents = [content]
      default: break
      }
    }
    for content in contents {
      switch name {
      case "variables": try readVariables(content, file, into: &variables)
      case "trainable_variables": try readVariables(content, file, into: &trainableVariables)
      case "savers":
        try Self.forEachElement(content, file) { bytes throws(CheckpointError) in
          collectedSavers.append(try SaverMessage(message: bytes.span))
        }
      default: break
      }
    }
  }

  private func readVariables(
    _ content: ByteRange, _ file: MessageFile, into variables: inout [VariableMessage]
  ) throws(CheckpointError) {
    try Self.forEachElement(content, file) { bytes throws(CheckpointError) in
      variables.append(try VariableMessage(message: bytes.span))
    }
  }

  // CollectionDef: 2 bytes_list { 1 value repeated bytes }; the other kinds of lists are none of
  // messages.
  private static func forEachElement(
    _ content: ByteRange, _ file: MessageFile, _ body: ([UInt8]) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var count = 0
    try file.forEachField(of: content) { number, value throws(CheckpointError) in
      guard case (2, .bytes(let list)) = (number, value) else { return }
      try file.forEachField(of: list) { number, value throws(CheckpointError) in
        guard case (1, .bytes(let place)) = (number, value) else { return }
        count += 1
        guard count <= mostElements else {
          throw CheckpointError(
            .limitExceeded, "a collection of more than \(mostElements) elements")
        }
        let bytes = try file.bytes(place, limit: mostMessageBytes, what: "a collection's element")
        try located(place) { () throws(CheckpointError) in try body(bytes) }
      }
    }
  }

  private static func located(_ place: ByteRange, _ body: () throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    do throws(CheckpointError) {
      try body()
    } catch {
      throw error.shifted(by: place.offset)
    }
  }

  // protobuf's own limit.
  private static let mostBytes: UInt64 = 1 << 31 - 1
  private static let mostMessageBytes: UInt64 = 1 << 20
  private static let mostElements = 500_000
  private static let mostTags = 1000
}
