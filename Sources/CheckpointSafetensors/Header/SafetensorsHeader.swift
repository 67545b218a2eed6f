import CheckpointIO
import CheckpointTensors

/// The header of a file: what tensors there are, and where.
struct SafetensorsHeader {
  /// The texts about the file.
  var metadata = NamedTexts()
  /// The tensors, in byte order of their names.
  var tensors: [SafetensorsEntry] = []

  /// Reads a header; each tensor's size is checked, and that no name occurs twice.
  ///
  /// - Throws: `corrupt` for a text of another form; `limitExceeded` for values nested too deep. An
  ///   error's offset counts from the beginning of `text`.
  init(text: Span<UInt8>) throws(CheckpointError) {
    var json = try JSONScanner(text, subject: "header")
    guard json.next == UInt8(ascii: "{") else { throw json.unexpected("'{'") }
    var hasMetadata = false
    try json.forEachMember { json throws(CheckpointError) in
      let start = json.position
      let name = try json.readNameBytes()
      guard name.elementsEqual(SafetensorsFormat.metadataKey.utf8) else {
        return tensors.append(try Self.readTensor(&json, TensorKey(bytes: name)))
      }
      guard !hasMetadata else { throw Self.repeated(SafetensorsFormat.metadataKey, at: start) }
      hasMetadata = true
      try readMetadata(&json)
    }
    json.skipSpace()
    guard json.next == nil else { throw json.unexpected("the end of the header") }
    try sortTensors()
  }

  private static func readTensor(_ json: inout JSONScanner, _ key: TensorKey)
    throws(CheckpointError) -> SafetensorsEntry
  {
    do throws(CheckpointError) {
      return try SafetensorsEntry(&json, key: key)
    } catch {
      throw error.located(key: key.description)
    }
  }

  private mutating func readMetadata(_ json: inout JSONScanner) throws(CheckpointError) {
    if json.next == UInt8(ascii: "n") { return try json.skipWord("null") }
    try json.forEachMember { json throws(CheckpointError) in
      let start = json.position
      let name = try json.readName()
      let value = try json.readString()
      guard metadata.add(value, as: name) else { throw Self.repeated(name, at: start) }
    }
  }

  private mutating func sortTensors() throws(CheckpointError) {
    tensors.sort { $0.key < $1.key }
    for (tensor, next) in zip(tensors, tensors.dropFirst()) where tensor.key == next.key {
      throw Self.repeated(tensor.key.description, at: 0)
    }
  }

  private static func repeated(_ name: String, at offset: Int) -> CheckpointError {
    CheckpointError(.corrupt, "'\(name)' occurs twice", offset: UInt64(offset))
  }

  /// Checks that the tensors cover what follows the header, without holes and without overlap.
  ///
  /// - Throws: `truncated` if the file ends before a tensor does; `corrupt` otherwise.
  func checkCoverage(of byteCount: UInt64) throws(CheckpointError) {
    let inOrder = tensors.sorted {
      ($0.range.offset, $0.range.count) < ($1.range.offset, $1.range.count)
    }
    var end: UInt64 = 0
    for tensor in inOrder {
      guard tensor.range.offset == end else {
        let problem = tensor.range.offset > end ? "there is a hole" : "tensors overlap"
        throw CheckpointError(
          .corrupt,
          "\(problem): it begins at byte \(tensor.range.offset) of the elements, those before end "
            + "at \(end)", key: tensor.key.description)
      }
      end = tensor.range.end ?? .max  // it was a number in the header
    }
    guard end <= byteCount else {
      throw CheckpointError(
        .truncated,
        "the tensors take \(end) bytes, the file has \(byteCount) of them; copy it again")
    }
    guard end == byteCount else {
      throw CheckpointError(.corrupt, "\(byteCount - end) bytes belong to no tensor")
    }
  }
}
