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
  init(_ specs: ArraySlice<ModelLayout.Spec>, metadata: NamedTexts) throws(CheckpointError) {
    var offset: UInt64 = 0
    var tensors: [SafetensorsEntry] = []
    tensors.reserveCapacity(specs.count)
    for index in Self.order(of: specs) {
      let (key, type, shape) = specs[index]
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
    head = try Self.head(tensors, metadata)
    self.tensors = tensors
    byteCount = UInt64(head.count) + offset
  }

  // The positions are sorted, and not the tensors: those would be in memory twice.
  private static func order(of specs: ArraySlice<ModelLayout.Spec>) -> [Int] {
    specs.indices.sorted { one, other in
      let (left, right) = (specs[one], specs[other])
      return (right.type.rank, left.key) < (left.type.rank, right.key)
    }
  }

  /// How many bytes a tensor takes; `nil` if that is no number.
  static func byteCount(_ type: SafetensorsDType, _ shape: TensorShape) -> UInt64? {
    UInt64(shape.elementCount).multiplied(by: type.bitWidth).map { $0 / 8 }
  }

  private static func head(_ tensors: [SafetensorsEntry], _ metadata: NamedTexts)
    throws(CheckpointError) -> [UInt8]
  {
    let lengthByteCount = SafetensorsFormat.lengthByteCount
    var head = header(after: [UInt8](repeating: 0, count: lengthByteCount), tensors, metadata)
    let count = head.count - lengthByteCount
    guard UInt64(count) <= SafetensorsFormat.longestHeader else {
      throw CheckpointError(
        .limitExceeded,
        "the header would take \(count) bytes, readers accept "
          + "\(SafetensorsFormat.longestHeader); use shorter names, or several files")
    }
    for place in 0..<lengthByteCount {
      head[place] = UInt8(truncatingIfNeeded: count >> (8 * place))  // little-endian
    }
    return head
  }

  private static func header(
    after length: [UInt8], _ tensors: [SafetensorsEntry], _ metadata: NamedTexts
  ) -> [UInt8] {
    // Sorted, so that the same content gives the same bytes.
    let texts = metadata.sorted
    let textCount = texts.reduce(0) { $0 + $1.name.utf8.count + $1.text.utf8.count + 8 }
    let lines = tensors.reduce(0) { $0 + $1.key.bytes.count + 80 + 8 * $1.shape.rank }
    var json = JSONText(after: length, capacity: textCount + lines + 32)
    json.append("{")
    if !texts.isEmpty {
      json.append(string: SafetensorsFormat.metadataKey.utf8)
      json.append(":{")
      json.append(texts, separator: ",") { json, text in
        json.append(string: text.name.utf8)
        json.append(":")
        json.append(string: text.text.utf8)
      }
      json.append(tensors.isEmpty ? "}" : "},")
    }
    json.append(tensors, separator: ",") { $0.append($1) }
    json.append("}")
    let isAligned = { (count: Int) in (count - length.count) % SafetensorsFormat.alignment == 0 }
    while !isAligned(json.bytes.count) { json.append(" ") }
    return json.bytes
  }
}

extension JSONText {
  fileprivate mutating func append(_ tensor: SafetensorsEntry) {
    append(string: tensor.key.bytes)
    append(":{\"dtype\":\"")
    append(tensor.typeName)
    append("\",\"shape\":[")
    append(tensor.shape.dimensions, separator: ",") { $0.append(UInt64($1)) }  // not negative
    append("],\"data_offsets\":[")
    append(tensor.range.offset)
    append(",")
    append(tensor.range.offset + tensor.range.count)  // a place in the file: it fits
    append("]}")
  }
}
