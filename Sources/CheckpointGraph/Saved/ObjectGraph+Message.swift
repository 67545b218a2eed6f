package import CheckpointIO

extension ObjectGraph {
  /// The message, byte for byte as TensorFlow writes it for the same graph.
  package var message: [UInt8] {
    var writer = GraphMessageWriter(capacity: nodes.count * 96)
    for node in nodes {
      for child in node.children { writer.add(child) }
      for attribute in node.attributes {
        writer.add(attribute)
      }
      for slot in node.slotVariables { writer.add(slot) }
      if let saver = node.registeredSaver { writer.addSaver(saver) }
      writer.endNode(hasCheckpointValues: node.hasCheckpointValues)
    }
    return writer.bytes
  }

  /// Reads a message.
  ///
  /// - Throws: As ``SavedGraph/init(message:)``.
  package init(message bytes: Span<UInt8>) throws(CheckpointError) {
    self.init(try SavedGraph(message: Array(copying: bytes)))
  }
}
