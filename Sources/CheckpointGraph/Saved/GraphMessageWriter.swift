import CheckpointIO
import CheckpointWire

/// Writes the message of an object graph, node by node.
///
/// What belongs to a node is added in the order of the fields: children, attributes, slot variables.
/// Its length stands before it, so that it is put together first.
struct GraphMessageWriter {
  /// The message so far, of the nodes that are ended.
  private(set) var bytes: [UInt8] = []
  private var node: [UInt8] = []

  init(capacity: Int) { bytes.reserveCapacity(capacity) }

  /// Adds an edge to the node.
  mutating func add(_ child: ObjectGraph.Child) {
    let name = child.name.utf8
    let length = Field.length(ofNumber: child.node) + Field.length(ofString: name.count)
    node.append(addingCapacity: Field.length(ofMessage: length)) { output in
      output.append(1, messageOf: length)
      output.append(1, child.node)
      output.append(2, name)
    }
  }

  /// Adds a value to the node.
  mutating func add(_ attribute: ObjectGraph.Attribute) {
    attribute.fullName.utf8.withSpan { fullName in
      attribute.key.utf8.withSpan { key in
        addAttribute(
          attribute.name, fullName: fullName, key: key, isOptional: attribute.isOptional)
      }
    }
  }

  /// Adds a value to the node.
  mutating func addAttribute(
    _ name: String, fullName: Span<UInt8>, key: Span<UInt8>, isOptional: Bool = false
  ) {
    let name = name.utf8
    let length =
      Field.length(ofString: name.count) + Field.length(ofString: fullName.count)
      + Field.length(ofString: key.count) + (isOptional ? 2 : 0)
    node.append(addingCapacity: Field.length(ofMessage: length)) { output in
      output.append(2, messageOf: length)
      output.append(1, name)
      output.append(2, fullName)
      output.append(3, key)
      output.append(4, isOptional ? 1 : 0)
    }
  }

  /// Adds a slot variable to the node.
  mutating func add(_ slot: ObjectGraph.SlotVariable) {
    let name = slot.slotName.utf8
    let length =
      Field.length(ofNumber: slot.original) + Field.length(ofString: name.count)
      + Field.length(ofNumber: slot.node)
    node.append(addingCapacity: Field.length(ofMessage: length)) { output in
      output.append(3, messageOf: length)
      output.append(1, slot.original)
      output.append(2, name)
      output.append(3, slot.node)
    }
  }

  /// Adds the name of the saver that keeps the node's values.
  mutating func addSaver(_ name: String) {
    let name = name.utf8
    let length = Field.length(ofString: name.count)
    node.append(addingCapacity: Field.length(ofMessage: length)) { output in
      output.append(4, messageOf: length)
      output.append(1, name)
    }
  }

  /// Ends the node.
  mutating func endNode(hasCheckpointValues: Bool?) {
    if let hasCheckpointValues {
      let length = hasCheckpointValues ? 2 : 0
      node.append(addingCapacity: Field.length(ofMessage: length)) { output in
        output.append(5, messageOf: length)
        output.append(1, hasCheckpointValues ? 1 : 0)
      }
    }
    let length = node.count
    bytes.append(addingCapacity: Field.length(ofMessage: length)) { output in
      output.append(1, messageOf: length)
    }
    bytes += node
    node.removeAll(keepingCapacity: true)
  }
}

/// How long fields are whose tag takes one byte; what is 0 or empty is not written.
private enum Field {
  static func length(ofMessage byteCount: Int) -> Int {
    1 + ByteWriter.varintLength(UInt64(byteCount)) + byteCount
  }

  static func length(ofString byteCount: Int) -> Int {
    byteCount == 0 ? 0 : length(ofMessage: byteCount)
  }

  static func length(ofNumber value: Int) -> Int {
    value == 0 ? 0 : 1 + ByteWriter.varintLength(UInt64(value))
  }
}

extension OutputSpan<UInt8> {
  @_lifetime(self: copy self)
  fileprivate mutating func append(_ field: UInt8, _ value: Int) {
    guard value != 0 else { return }
    append(field << 3)
    append(varint: UInt64(value))
  }

  @_lifetime(self: copy self)
  fileprivate mutating func append(_ field: UInt8, messageOf byteCount: Int) {
    append(field << 3 | 2)
    append(varint: UInt64(byteCount))
  }

  @_lifetime(self: copy self)
  fileprivate mutating func append(_ field: UInt8, _ string: String.UTF8View) {
    guard !string.isEmpty else { return }
    append(field, messageOf: string.count)
    append(string)
  }

  @_lifetime(self: copy self)
  fileprivate mutating func append(_ field: UInt8, _ string: Span<UInt8>) {
    guard !string.isEmpty else { return }
    append(field, messageOf: string.count)
    append(copying: string)
  }
}
