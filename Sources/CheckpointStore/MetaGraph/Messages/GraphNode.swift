import CheckpointIO
import CheckpointTensors
import CheckpointWire

/// NodeDef: 1 name, 2 op, strings; 3 input, repeated string; 5 attr, map of AttrValue.
///
/// AttrValue: 1 list { 6 type repeated enum, 7 shape repeated message }, 7 shape message,
/// 8 tensor message.
/// Source: tensorflow/core/framework/node_def.proto, attr_value.proto.
struct GraphNode {
  /// The node's name.
  private(set) var name = ""
  /// What it does: `SaveV2`.
  private(set) var operation = ""
  /// The tensors that it takes, `node:2`, and the nodes that it waits for, `^node`.
  private(set) var inputs: [String] = []
  private let file: MessageFile
  private var attributes: [String: ByteRange] = [:]

  /// Reads a node; its attributes stay in the file.
  init(_ place: ByteRange, in file: MessageFile) throws(CheckpointError) {
    self.file = file
    try file.forEachField(of: place) { number, value throws(CheckpointError) in
      switch (number, value) {
      case (1, .bytes(let text)): name = try file.string(text)
      case (2, .bytes(let text)): operation = try file.string(text)
      case (3, .bytes(let text)): inputs.append(try file.string(text))
      case (5, .bytes(let entry)): try readAttribute(entry)
      default: break
      }
    }
  }

  // A map's entry: 1 key string, 2 value.
  private mutating func readAttribute(_ entry: ByteRange) throws(CheckpointError) {
    var (key, place): (String, ByteRange?) = ("", nil)
    try file.forEachField(of: entry) { number, value throws(CheckpointError) in
      switch (number, value) {
      case (1, .bytes(let text)): key = try file.string(text)
      case (2, .bytes(let attribute)): place = attribute
      default: break
      }
    }
    attributes[key] = place
  }

  /// The numbers of the dtypes in an attribute.
  func dtypes(_ attribute: String) throws(CheckpointError) -> [Int32] {
    var numbers: [Int32] = []
    try forEachField(attribute, of: 1) { number, value throws(CheckpointError) in
      switch (number, value) {
      case (6, .varint(let dtype)): numbers.append(Int32(truncatingIfNeeded: dtype))
      case (6, .bytes(let packed)):
        let bytes = try file.bytes(packed, limit: 1 << 24, what: "a list of dtypes")
        var reader = ByteReader(bytes.span)
        while !reader.isAtEnd { numbers.append(Int32(truncatingIfNeeded: try reader.readVarint())) }
      default: break
      }
    }
    return numbers
  }

  /// The shape in an attribute, or the first of a list; `nil` if there is none, or not all of it is
  /// known.
  func shape(_ attribute: String) throws(CheckpointError) -> TensorShape? {
    guard let place = attributes[attribute] else { return nil }
    var shapes: [ByteRange] = []
    try file.forEachField(of: place) { number, value throws(CheckpointError) in
      if case (7, .bytes(let shape)) = (number, value) { shapes.append(shape) }
    }
    try forEachField(attribute, of: 1) { number, value throws(CheckpointError) in
      if case (7, .bytes(let shape)) = (number, value), shapes.isEmpty { shapes.append(shape) }
    }
    guard let first = shapes.first else { return nil }
    let bytes = try file.bytes(first, limit: 1 << 16, what: "a shape")
    do throws(CheckpointError) {
      var shape = TensorShape.scalar
      try shape.append(message: bytes.span)
      return shape
    } catch {
      return nil  // of unknown rank, or with dimensions of -1: known when the graph runs
    }
  }

  /// The strings of the tensor in an attribute.
  ///
  /// TensorProto: 8 string_val, repeated bytes.
  func strings(_ attribute: String) throws(CheckpointError) -> [[UInt8]] {
    var strings: [[UInt8]] = []
    try forEachField(attribute, of: 8) { number, value throws(CheckpointError) in
      guard case (8, .bytes(let text)) = (number, value) else { return }
      strings.append(try file.bytes(text, limit: 1 << 16, what: "a name"))
    }
    return strings
  }

  // The fields of a message in an attribute.
  private func forEachField(
    _ attribute: String, of kind: UInt32,
    _ body: (UInt32, MessageFile.Value) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    guard let place = attributes[attribute] else { return }
    try file.forEachField(of: place) { number, value throws(CheckpointError) in
      guard number == kind, case .bytes(let message) = value else { return }
      try file.forEachField(of: message, body)
    }
  }
}
