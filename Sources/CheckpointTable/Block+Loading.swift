internal import CheckpointIO

extension Block {
  /// Reads a block from its file: compares its checksum, and decompresses it.
  ///
  /// The handle has been checked against the size of the file. A block larger than `byteLimit`,
  /// stored or decompressed, is refused before there is memory for it.
  init(at handle: BlockHandle, of file: any ReadableFile, order: BlockReader.Order, byteLimit: Int)
    throws(CheckpointError)
  {
    guard handle.byteCount <= UInt64(min(byteLimit, .max - TableFormat.trailerByteCount)) else {
      throw Self.tooLarge(
        "block of \(handle.byteCount) bytes, the limit is \(byteLimit)", at: handle, of: file)
    }
    let count = Int(handle.byteCount)  // see above: there is room for a trailer, too
    let stored = try file.bytes(at: handle.offset, count: count + TableFormat.trailerByteCount)
    var place = BlockPlace(file: file.path, offset: handle.offset)
    try Self.checkTrailer(of: stored, count: count, place: place)
    place.isCompressed = stored[count] == TableFormat.snappy
    guard place.isCompressed else {
      try self.init(stored, byteCount: count, storedByteCount: count, order: order, place: place)
      return
    }
    let input = stored.span.extracting(..<count)
    let bytes = try Self.decompress(input, limit: byteLimit, handle: handle, file: file)
    try self.init(bytes, byteCount: bytes.count, storedByteCount: count, order: order, place: place)
  }

  private static func checkTrailer(of stored: [UInt8], count: Int, place: BlockPlace)
    throws(CheckpointError)
  {
    let covered = stored.span.extracting(...count)  // the block and its type
    var reader = ByteReader(stored.span.extracting((count + 1)...))
    let expected = CRC32C(unmasking: try reader.readUInt32())
    let found = unsafe CRC32C(of: covered.bytes)
    guard found == expected else {
      throw place.damaged(
        "block checksum is 0x\(String(found.value, radix: 16)), expected "
          + "0x\(String(expected.value, radix: 16))", at: 0)
    }
    guard stored[count] <= TableFormat.snappy else {
      throw place.damaged(
        "block has compression type \(stored[count]); there are 0 (none) and 1 (Snappy)", at: count)
    }
  }

  private static func decompress(
    _ input: Span<UInt8>, limit: Int, handle: BlockHandle, file: any ReadableFile
  ) throws(CheckpointError) -> [UInt8] {
    do throws(CheckpointError) {
      return try Snappy.decode(input, limit: limit)
    } catch  where error.code == .limitExceeded {
      throw tooLarge(error.message, at: handle, of: file)
    } catch {
      throw error.asDamage(of: "compressed block", file: file.path, offset: handle.offset)
    }
  }

  private static func tooLarge(_ finding: String, at handle: BlockHandle, of file: any ReadableFile)
    -> CheckpointError
  {
    let advice = "raise TableLimits.blockByteCount if the file can be trusted"
    return CheckpointError(
      .limitExceeded, "\(finding); \(advice)", file: file.path, offset: handle.offset)
  }
}
