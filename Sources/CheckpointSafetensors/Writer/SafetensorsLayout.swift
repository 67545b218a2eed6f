import CheckpointIO
import CheckpointTensors

/// Where everything goes in a file to be written: as the reference implementation lays it out.
///
/// Tensors of the largest alignment come first, those of one type by name; the header is padded with
/// spaces, so that every element is aligned.
/// Source: safetensors, `tensor.rs`, `prepare`.
struct SafetensorsLayout {
  /// The beginning of the file: the header's length, and the header.
  let head: [UInt8]
  /// The tensors, in the order of the file; offsets count from the end of the header.
  let tensors: [SafetensorsEntry]
  /// The size of the file.
  let byteCount: UInt64

  /// Lays out tensors.
  ///
  /// - Throws: `limitExceeded` if the header gets longer than readers accept.
  init(
    _ specs: [(key: TensorKey, type: SafetensorsDType, shape: TensorShape)],
    metadata: [String: String]
  ) throws(CheckpointError) {
    var offset: UInt64 = 0
    var tensors: [SafetensorsEntry] = []
    for (key, type, shape) in specs.sorted(by: { ($1.type.rank, $0.key) < ($0.type.rank, $1.key) })
    {
      guard let count = Self.byteCount(type, shape), let end = offset.adding(count),
        end < UInt64(Int64.max) / 2
      else {
        throw CheckpointError(.limitExceeded, "the tensors are larger than any file")
      }
      tensors.append(
        SafetensorsEntry(
          key: key, typeName: type.rawValue, shape: shape,
          range: ByteRange(offset: offset, count: end - offset)))
      offset = end
    }
    let header = Self.header(tensors, metadata)
    guard UInt64(header.count) <= SafetensorsFormat.longestHeader else {
      throw CheckpointError(
        .limitExceeded,
        "the header would take \(header.count) bytes, readers accept "
          + "\(SafetensorsFormat.longestHeader); use shorter names, or several files")
    }
    var head = ByteWriter(capacity: SafetensorsFormat.lengthByteCount + header.count)
    head.write(UInt64(header.count))
    head.write(header)
    self.head = head.bytes
    self.tensors = tensors
    byteCount = UInt64(head.count) + offset
  }

  /// How many bytes a tensor takes; `nil` if that is no number.
  static func byteCount(_ type: SafetensorsDType, _ shape: TensorShape) -> UInt64? {
    UInt64(shape.elementCount).multiplied(by: type.bitWidth).map { $0 / 8 }
  }

  private static func header(_ tensors: [SafetensorsEntry], _ metadata: [String: String]) -> [UInt8]
  {
    var json = JSONText()
    json.append("{")
    if !metadata.isEmpty {
      json.append(string: SafetensorsFormat.metadataKey.utf8)
      json.append(":{")
      // Sorted, so that the same content gives the same bytes.
      let texts = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      json.append(texts, separator: ",") { json, text in
        json.append(string: text.key.utf8)
        json.append(":")
        json.append(string: text.value.utf8)
      }
      json.append(tensors.isEmpty ? "}" : "},")
    }
    json.append(tensors, separator: ",") { $0.append($1) }
    json.append("}")
    while json.bytes.count % SafetensorsFormat.alignment != 0 { json.append(" ") }
    return json.bytes
  }
}

extension JSONText {
  fileprivate mutating func append(_ tensor: SafetensorsEntry) {
    let shape = tensor.shape.dimensions.map(String.init).joined(separator: ",")
    let end = tensor.range.offset + tensor.range.count  // a place in the file: it fits
    append(string: tensor.key.bytes)
    append(":{\"dtype\":\"\(tensor.typeName)\",\"shape\":[\(shape)],")
    append("\"data_offsets\":[\(tensor.range.offset),\(end)]}")
  }
}
