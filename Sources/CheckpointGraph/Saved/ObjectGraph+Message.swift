package import CheckpointIO
import CheckpointWire

// TrackableObjectGraph: 1 nodes, repeated TrackableObject
// TrackableObject: 1 children { 1 node_id int32, 2 local_name }, 2 attributes { 1 name, 2 full_name,
//   3 checkpoint_key, 4 optional_restore }, 3 slot_variables { 1 original_variable_node_id,
//   2 slot_name, 3 slot_variable_node_id }, 4 registered_saver { 1 name, 2 object_name },
//   5 has_checkpoint_values { 1 value bool }
//
// Source: tensorflow/core/protobuf/trackable_object_graph.proto.

extension ObjectGraph {
  /// The message, byte for byte as TensorFlow writes it for the same graph.
  package var message: [UInt8] {
    var writer = GraphMessageWriter(capacity: nodes.count * 96)
    for node in nodes {
      for child in node.children { writer.add(child) }
      for attribute in node.attributes {
        writer.addAttribute(
          attribute.name.utf8.span,
          fullName: attribute.fullName.utf8.span,
          key: attribute.key.utf8.span,
          isOptional: attribute.isOptional
        )
      }
      for slot in node.slotVariables { writer.add(slot) }
      if let saver = node.registeredSaver { writer.addSaver(saver) }
      writer.endNode(hasCheckpointValues: node.hasCheckpointValues)
    }
    return writer.bytes
  }

  /// Reads a message.
  ///
  /// - Throws: `corrupt` if it is none, if there is no node, or if a number of a node is none.
  package init(message bytes: Span<UInt8>) throws(CheckpointError) {
    var nodes: [Node] = []
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(1): nodes.append(try Node(message: fields.readBytes()))
      default: try fields.skip(tag)
      }
    }
    self.nodes = nodes
    guard !nodes.isEmpty else {
      throw CheckpointError(.corrupt, "the object graph has no nodes")
    }
    if let stray = strayReference {
      throw CheckpointError(
        .corrupt,
        "the object graph refers to node \(stray), it has \(nodes.count)"
      )
    }
  }
}

extension ObjectGraph.Node {
  fileprivate init(message bytes: Span<UInt8>) throws(CheckpointError) {
    self.init()
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(1): children.append(try ObjectGraph.Child(message: fields.readBytes()))
      case .bytes(2): attributes.append(try ObjectGraph.Attribute(message: fields.readBytes()))
      case .bytes(3):
        slotVariables.append(try ObjectGraph.SlotVariable(message: fields.readBytes()))
      case .bytes(4): registeredSaver = try Self.saverName(fields.readBytes())
      case .bytes(5): hasCheckpointValues = try Self.value(fields.readBytes())
      default: try fields.skip(tag)
      }
    }
  }

  private static func saverName(_ bytes: Span<UInt8>) throws(CheckpointError) -> String {
    var name = ""
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(1): name = try fields.readString()
      default: try fields.skip(tag)
      }
    }
    return name
  }

  private static func value(_ bytes: Span<UInt8>) throws(CheckpointError) -> Bool {
    var value = false
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .varint(1): value = try fields.readBool()
      default: try fields.skip(tag)
      }
    }
    return value
  }
}

extension ObjectGraph.Child {
  fileprivate init(message bytes: Span<UInt8>) throws(CheckpointError) {
    self.init(name: "", node: 0)
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .varint(1): node = Int(try fields.readInt32())
      case .bytes(2): name = try fields.readString()
      default: try fields.skip(tag)
      }
    }
  }
}

extension ObjectGraph.Attribute {
  fileprivate init(message bytes: Span<UInt8>) throws(CheckpointError) {
    self.init(name: "", fullName: "", key: "")
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(1): name = try fields.readString()
      case .bytes(2): fullName = try fields.readString()
      case .bytes(3): key = try fields.readString()
      case .varint(4): isOptional = try fields.readBool()
      default: try fields.skip(tag)
      }
    }
  }
}

extension ObjectGraph.SlotVariable {
  fileprivate init(message bytes: Span<UInt8>) throws(CheckpointError) {
    self.init(original: 0, slotName: "", node: 0)
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .varint(1): original = Int(try fields.readInt32())
      case .bytes(2): slotName = try fields.readString()
      case .varint(3): node = Int(try fields.readInt32())
      default: try fields.skip(tag)
      }
    }
  }
}
