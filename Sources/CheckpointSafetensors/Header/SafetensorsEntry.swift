import CheckpointIO
import CheckpointTensors

/// What a header says of one tensor: its elements' place is checked against dtype and shape.
struct SafetensorsEntry: Hashable {
  /// The name.
  var key: TensorKey
  /// The element type, as the file names it.
  var typeName: String
  /// The dimensions.
  var shape: TensorShape
  /// Where the elements are, counted from the end of the header.
  var range: ByteRange
  /// Which file of the checkpoint has it, counted from 0.
  var file = 0

  /// The dtype; `nil` for an element type that is not known here, or cannot be held.
  var dtype: DType? { SafetensorsDType.named(typeName)?.dtype }

  /// What the file says of the tensor.
  ///
  /// - Throws: `unsupported` for an element type that is not known here, or cannot be held.
  var tensorEntry: TensorEntry {
    get throws(CheckpointError) {
      guard let dtype else {
        throw CheckpointError(
          .unsupported, "its elements are of the type \(typeName), which is not read here")
      }
      return TensorEntry(
        key: key, spec: TensorSpec(dtype, shape), byteCount: range.count, shard: file)
    }
  }
}

extension SafetensorsEntry {
  /// Reads the value of a tensor's member.
  init(_ json: inout JSONScanner, key: TensorKey) throws(CheckpointError) {
    let start = json.position
    do throws(CheckpointError) {
      var fields = Fields()
      try json.forEachMember { json throws(CheckpointError) in try fields.readField(&json) }
      try self.init(fields, key: key)
    } catch {
      throw error.located(offset: UInt64(start))
    }
  }

  private struct Fields {
    var typeName: String?
    var shape: TensorShape?
    var offsets: [UInt64]?

    mutating func readField(_ json: inout JSONScanner) throws(CheckpointError) {
      let start = json.position
      let name = try json.readName()
      let isRepeated =
        switch name {
        case "dtype": typeName != nil
        case "shape": shape != nil
        case "data_offsets": offsets != nil
        default: false
        }
      guard !isRepeated else {
        throw CheckpointError(.corrupt, "'\(name)' occurs twice", offset: UInt64(start))
      }
      switch name {
      case "dtype": typeName = try json.readString()
      case "shape": shape = try Self.readShape(&json)
      case "data_offsets": offsets = try json.readIntegers(atMost: 2)
      default: try json.skipValue()
      }
    }

    private static func readShape(_ json: inout JSONScanner) throws(CheckpointError) -> TensorShape
    {
      var shape = TensorShape.scalar
      try json.forEachInteger { length throws(CheckpointError) in
        // What is no Int becomes the largest one; the file cannot hold as many.
        try shape.append(stored: Int(clamping: length))
      }
      return shape
    }
  }

  private init(_ fields: Fields, key: TensorKey) throws(CheckpointError) {
    guard let typeName = fields.typeName, let shape = fields.shape, let offsets = fields.offsets
    else {
      throw CheckpointError(.corrupt, "a tensor needs 'dtype', 'shape' and 'data_offsets'")
    }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw CheckpointError(.corrupt, "'data_offsets' has to be [begin, end], not \(offsets)")
    }
    self.key = key
    self.typeName = typeName
    self.shape = shape
    range = ByteRange(offset: offsets[0], count: offsets[1] - offsets[0])
    try checkSize()
  }

  // For an unknown element type, any size may be right.
  private func checkSize() throws(CheckpointError) {
    guard let type = SafetensorsDType.named(typeName) else { return }
    let bits = UInt64(shape.elementCount).multiplied(by: type.bitWidth)
    guard let bits, bits % 8 == 0, bits / 8 == range.count else {
      throw CheckpointError(
        .corrupt, "a tensor \(typeName)\(shape) does not take \(range.count) bytes")
    }
  }
}
