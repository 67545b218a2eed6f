package import CheckpointIO
import CheckpointWire

// TrackableObjectGraph: 1 nodes, repeated TrackableObject
// TrackableObject: 1 children { 1 node_id int32, 2 local_name }, 2 attributes { 1 name, 2 full_name,
//   3 checkpoint_key, 4 optional_restore }, 3 slot_variables { 1 original_variable_node_id,
//   2 slot_name, 3 slot_variable_node_id }, 4 registered_saver { 1 name, 2 object_name },
//   5 has_checkpoint_values { 1 value bool }
//
// Source: tensorflow/core/protobuf/trackable_object_graph.proto.

extension SavedGraph {
  /// Reads a message.
  ///
  /// - Throws: `corrupt` if it is none, if there is no node, or if a number of a node is none;
  ///   `limitExceeded` if it is larger than protobuf's messages can be.
  package init(message: [UInt8]) throws(CheckpointError) {
    guard message.count <= Self.mostBytes else {
      throw CheckpointError(
        .limitExceeded, "the object graph has \(message.count) bytes, messages have 2 GiB at most")
    }
    self.message = message
    reserveCapacity(try Self.nodeCount(of: message))
    var fields = WireReader(message.span)
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(1):
        let bytes = try fields.readBytes()
        try addNode(bytes, at: fields.offset - bytes.count)
      default: try fields.skip(tag)
      }
    }
    guard nodeCount > 0 else {
      throw CheckpointError(.corrupt, "the object graph has no nodes")
    }
    if let stray = strayReference {
      throw CheckpointError(
        .corrupt, "the object graph refers to node \(stray), it has \(nodeCount)")
    }
  }

  // protobuf's own limit.
  private static let mostBytes = 1 << 31 - 1

  // Memory that grows as it fills up takes three times as much, for a moment.
  private static func nodeCount(of message: [UInt8]) throws(CheckpointError) -> Int {
    var count = 0
    var fields = WireReader(message.span)
    while let tag = try fields.nextTag() {
      if tag == .bytes(1) { count += 1 }
      try fields.skip(tag)
    }
    return count
  }

  private mutating func reserveCapacity(_ nodeCount: Int) {
    hasValues.reserveCapacity(nodeCount)
    children.reserveCapacity(listCount: nodeCount, min(nodeCount, message.count / 8))
    attributes.reserveCapacity(listCount: nodeCount, 0)
    slots.reserveCapacity(listCount: nodeCount, 0)
  }

  // What is at `start` in the message.
  private mutating func addNode(_ bytes: Span<UInt8>, at start: Int) throws(CheckpointError) {
    var hasValues = HasValues.unknown
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      guard tag.wireType == .bytes, 1...5 ~= tag.number else {
        try fields.skip(tag)
        continue
      }
      let part = try fields.readBytes()
      let partStart = start + fields.offset - part.count
      switch tag.number {
      case 1: children.append(try Child(part, at: partStart))
      case 2: attributes.append(try Attribute(part, at: partStart))
      case 3: slots.append(try Slot(part, at: partStart))
      case 4: registeredSavers[Int32(nodeCount)] = try Self.saverName(part, at: partStart)
      default: hasValues = try Self.value(part) ? .yes : .no
      }
    }
    self.hasValues.append(hasValues)
    children.endList()
    attributes.endList()
    slots.endList()
  }

  private static func saverName(_ bytes: Span<UInt8>, at start: Int) throws(CheckpointError) -> Text
  {
    var name = Text.empty
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(1): name = try fields.readText(start)
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

  // The first reference to a node that does not exist.
  private var strayReference: Int? {
    func isStray(_ number: Int32) -> Bool { !nodes.contains(Int(number)) }
    for number in nodes {
      for child in children.range(of: number) where isStray(children.elements[child].node) {
        return Int(children.elements[child].node)
      }
      for slot in slots[number] {
        if isStray(slot.original) { return Int(slot.original) }
        if isStray(slot.node) { return Int(slot.node) }
      }
    }
    return nil
  }
}

extension SavedGraph.Child {
  fileprivate init(_ bytes: Span<UInt8>, at start: Int) throws(CheckpointError) {
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .varint(1): node = try fields.readInt32()
      case .bytes(2): name = try fields.readText(start)
      default: try fields.skip(tag)
      }
    }
  }
}

extension SavedGraph.Attribute {
  fileprivate init(_ bytes: Span<UInt8>, at start: Int) throws(CheckpointError) {
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .bytes(1): name = try fields.readText(start)
      case .bytes(2): fullName = try fields.readText(start)
      case .bytes(3): key = try fields.readText(start)
      case .varint(4): isOptional = try fields.readBool()
      default: try fields.skip(tag)
      }
    }
  }
}

extension SavedGraph.Slot {
  fileprivate init(_ bytes: Span<UInt8>, at start: Int) throws(CheckpointError) {
    var fields = WireReader(bytes)
    while let tag = try fields.nextTag() {
      switch tag {
      case .varint(1): original = try fields.readInt32()
      case .bytes(2): name = try fields.readText(start)
      case .varint(3): node = try fields.readInt32()
      default: try fields.skip(tag)
      }
    }
  }
}

extension WireReader {
  // Where a text is in the message, of which this part begins at `start`.
  @_lifetime(self: copy self)
  fileprivate mutating func readText(_ start: Int) throws(CheckpointError) -> SavedGraph.Text {
    let count = try readText().count
    // The message is not longer than 2 GiB.
    return SavedGraph.Text(start: UInt32(start + offset - count), count: UInt32(count))
  }
}
