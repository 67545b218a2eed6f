import CheckpointIO

/// One safetensors file, open: where its elements begin, and what its header says.
struct SafetensorsFile {
  let file: any ReadableFile
  let header: SafetensorsHeader
  private let elementsOffset: UInt64  // where the elements begin, in the file

  /// Reads the header, and checks all of it.
  ///
  /// - Throws: `truncated` if the file ends early; `corrupt` if its header is not what the format says, if a
  ///   name occurs twice, or if the tensors do not cover the file exactly; `limitExceeded` for a header of
  ///   more than 100 MB, and for one nested too deep.
  init(_ file: any ReadableFile) throws(CheckpointError) {
    do throws(CheckpointError) {
      let text = try Self.readHeader(of: file)
      elementsOffset = UInt64(SafetensorsFormat.lengthByteCount + text.count)
      do throws(CheckpointError) {
        header = try SafetensorsHeader(text: text.span)
      } catch {
        throw error.shifted(by: UInt64(SafetensorsFormat.lengthByteCount))
      }
      try header.checkCoverage(of: file.byteCount - elementsOffset)  // the header was read from it
    } catch {
      throw error.located(file: file.path)
    }
    self.file = file
  }

  /// The bytes of a tensor's elements in the file.
  func elements(of tensor: SafetensorsEntry) -> StoredElements {
    // The file holds the range: it was checked at opening.
    StoredElements(file: file, start: elementsOffset + tensor.range.offset)
  }

  /// Whether a file begins as safetensors files do: with the length of a header, and a brace.
  ///
  /// A file that ends within its header counts as one: opening it reports the damage.
  ///
  /// - Throws: What reading throws.
  static func recognizes(_ file: any ReadableFile) throws(CheckpointError) -> Bool {
    let lengthByteCount = UInt64(SafetensorsFormat.lengthByteCount)
    guard file.byteCount > lengthByteCount else { return false }
    let start = try file.bytes(at: 0, count: Int(lengthByteCount) + 1)
    var reader = ByteReader(start.span)
    let count = try reader.readUInt64()
    let isPossible =
      count <= max(SafetensorsFormat.longestHeader, file.byteCount - lengthByteCount)
    return isPossible && start.last == UInt8(ascii: "{")
  }

  private static func readHeader(of file: any ReadableFile) throws(CheckpointError) -> [UInt8] {
    let lengthByteCount = UInt64(SafetensorsFormat.lengthByteCount)
    guard file.byteCount >= lengthByteCount else {
      throw CheckpointError(
        .truncated,
        "\(file.byteCount) bytes are no safetensors file: it begins with its header's length")
    }
    let lengthBytes = try file.bytes(at: 0, count: SafetensorsFormat.lengthByteCount)
    var reader = ByteReader(lengthBytes.span)
    let count = try reader.readUInt64()
    guard count <= SafetensorsFormat.longestHeader else {
      throw CheckpointError(
        .limitExceeded,
        "a header of \(count) bytes, at most \(SafetensorsFormat.longestHeader) are allowed; is this "
          + "a safetensors file?", offset: 0)
    }
    try ByteRange(offset: lengthByteCount, count: count)
      .checked(within: file.byteCount, what: "the header")
    return try file.bytes(at: lengthByteCount, count: Int(count))  // within the limit
  }
}
