import CheckpointIO
import CheckpointWire

/// Writes the message of an object graph, node by node.
///
/// Lengths stand before what they count; they are computed, so that nothing is written twice.
struct GraphMessageWriter {
  /// An attribute as it is written.
  struct Attribute {
    let name: String
    let fullName: ArraySlice<UInt8>
    let key: ArraySlice<UInt8>
    let isOptional: Bool
  }

  private var writer: ByteWriter

  init(capacity: Int) { writer = ByteWriter(capacity: capacity) }

  /// The message so far.
  var bytes: [UInt8] { writer.bytes }

  /// Writes a node.
  mutating func write(
    children: [ObjectGraph.Child],
    attributes: some Collection<Attribute>,
    slotVariables: [ObjectGraph.SlotVariable],
    registeredSaver: String?,
    hasCheckpointValues: Bool?
  ) {
    var count = children.reduce(0) { $0 + Self.field(of: $1.messageLength) }
    count += attributes.reduce(0) { $0 + Self.field(of: $1.messageLength) }
    count += slotVariables.reduce(0) { $0 + Self.field(of: $1.messageLength) }
    if let registeredSaver { count += Self.field(of: Self.string(registeredSaver)) }
    if let hasCheckpointValues { count += hasCheckpointValues ? 4 : 2 }
    writer.write(1, messageOf: count)
    for child in children { write(child) }
    for attribute in attributes { write(attribute) }
    for slot in slotVariables { write(slot) }
    if let registeredSaver {
      writer.write(4, messageOf: Self.string(registeredSaver))
      writer.write(1, string: registeredSaver)
    }
    if let hasCheckpointValues {
      writer.write(5, messageOf: hasCheckpointValues ? 2 : 0)
      if hasCheckpointValues { writer.write(1, varint: 1) }
    }
  }

  private mutating func write(_ child: ObjectGraph.Child) {
    writer.write(1, messageOf: child.messageLength)
    writer.write(1, varint: UInt64(child.node))
    writer.write(2, string: child.name)
  }

  private mutating func write(_ attribute: Attribute) {
    writer.write(2, messageOf: attribute.messageLength)
    writer.write(1, string: attribute.name)
    write(2, attribute.fullName)
    write(3, attribute.key)
    writer.write(4, varint: attribute.isOptional ? 1 : 0)
  }

  private mutating func write(_ slot: ObjectGraph.SlotVariable) {
    writer.write(3, messageOf: slot.messageLength)
    writer.write(1, varint: UInt64(slot.original))
    writer.write(2, string: slot.slotName)
    writer.write(3, varint: UInt64(slot.node))
  }

  private mutating func write(_ number: UInt32, _ bytes: ArraySlice<UInt8>) {
    guard !bytes.isEmpty else { return }
    writer.write(number, messageOf: bytes.count)
    writer.bytes.append(contentsOf: bytes)
  }

  // MARK: Lengths: a tag takes one byte

  fileprivate static func field(of byteCount: Int) -> Int {
    1 + ByteWriter.varintLength(UInt64(byteCount)) + byteCount
  }

  fileprivate static func string(_ text: String) -> Int { string(text.utf8.count) }

  fileprivate static func string(_ byteCount: Int) -> Int {
    byteCount == 0 ? 0 : field(of: byteCount)
  }

  fileprivate static func number(_ value: Int) -> Int {
    value == 0 ? 0 : 1 + ByteWriter.varintLength(UInt64(value))
  }
}

extension ObjectGraph.Child {
  fileprivate var messageLength: Int {
    GraphMessageWriter.number(node) + GraphMessageWriter.string(name)
  }
}

extension GraphMessageWriter.Attribute {
  fileprivate var messageLength: Int {
    GraphMessageWriter.string(name) + GraphMessageWriter.string(fullName.count)
      + GraphMessageWriter.string(key.count) + (isOptional ? 2 : 0)
  }
}

extension ObjectGraph.SlotVariable {
  fileprivate var messageLength: Int {
    GraphMessageWriter.number(original) + GraphMessageWriter.string(slotName)
      + GraphMessageWriter.number(node)
  }
}
