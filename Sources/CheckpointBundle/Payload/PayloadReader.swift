import CheckpointIO
import CheckpointTensors
import Synchronization

/// Reads the bytes of a payload from its data file, and checks them.
///
/// A payload is read in chunks that are checksummed while they are in the cache.
struct PayloadReader {
  let payload: StoredPayload
  let shards: ShardSet

  /// How much is read at a time: small enough for the cache, large enough for the system call.
  static let chunkByteCount = fileChunkByteCount

  /// Reads the whole payload into memory of its size, in this machine's byte order, by all cores.
  func read(into output: inout MutableRawSpan) throws(CheckpointError) {
    // An empty tensor needs no file.
    guard payload.range.count > 0 else { return try check(CRC32C()) }
    let file = try shards.file(payload.shard, holding: payload.range)
    let sums = Mutex(PieceSums())
    // Pieces are small: while the last one is read, other cores wait.
    try output.writeParts(of: Self.chunkByteCount) { number, place, part throws(CheckpointError) in
      let sum = try Self.read(
        file, at: payload.range.offset + UInt64(place.lowerBound), into: &part)
      sums.withLock { $0.add(sum, count: UInt64(place.count), number: number) }
    }
    try check(sums.withLock { $0.checksum })
    swapBytes(&output)
  }

  /// Reads bytes of a data file chunk by chunk, and computes their checksum while they are in the
  /// cache.
  @_lifetime(output: copy output)
  static func read(_ file: any ReadableFile, at offset: UInt64, into output: inout MutableRawSpan)
    throws(CheckpointError) -> CRC32C
  {
    var checksum = CRC32C()
    for chunk in Chunks(of: 0..<output.byteCount, by: chunkByteCount) {
      var part = output._mutatingExtracting(chunk)
      try file.read(into: &part, at: offset + UInt64(chunk.lowerBound))
      checksum.update(part.bytes)
    }
    return checksum
  }

  /// Checks a payload that has been read as it is stored, and puts it into this machine's byte order.
  ///
  /// - Throws: `corrupt` for a wrong checksum.
  func finish(_ output: inout MutableRawSpan) throws(CheckpointError) {
    try check(CRC32C(of: output.bytes))
    swapBytes(&output)
  }

  private func swapBytes(_ output: inout MutableRawSpan) {
    if swapsBytes { output.reverseBytes(ofEvery: payload.dtype.byteOrderWidth ?? 1) }
  }

  /// Reads the numbers of the payload piece by piece, in the file's byte order.
  ///
  /// - Parameter body: Gets each piece and where it lies in the payload. What it makes of them counts
  ///   only once this has returned: the checksum is known at the end.
  /// - Throws: `corrupt` for a wrong checksum; what `body` and reading throw.
  func forEachPiece(_ body: (RawSpan, Int) throws(CheckpointError) -> Void) throws(CheckpointError)
  {
    var checksum = CRC32C()
    try forEachChunk { chunk, start throws(CheckpointError) in
      checksum.update(chunk)
      try body(chunk, start)
    }
    try check(checksum)
  }

  /// Reads the strings or variants of the payload.
  ///
  /// - Throws: `corrupt` for a wrong checksum; what reading throws.
  func elements() throws(CheckpointError) -> [[UInt8]] {
    do throws(CheckpointError) {
      var elements = try VariablePayload(
        payload, isBigEndian: shards.isBigEndian, keepsElements: true)
      try forEachChunk { chunk, _ throws(CheckpointError) in try elements.update(chunk) }
      return try elements.finish()
    } catch {
      throw error.located(file: shards.path(payload.shard))
    }
  }

  // An empty tensor needs no file.
  private func forEachChunk(_ body: (RawSpan, Int) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    guard payload.range.count > 0 else { return }
    let file = try shards.file(payload.shard, holding: payload.range)
    try file.forEachChunk(of: payload.range, body)
  }

  /// Whether the payload's numbers are in the other byte order.
  var swapsBytes: Bool { shards.isBigEndian && (payload.dtype.byteOrderWidth ?? 1) > 1 }

  /// Compares a checksum with the entry's.
  func check(_ checksum: CRC32C) throws(CheckpointError) {
    guard checksum.masked == payload.maskedCRC else {
      throw Self.damaged(checksum, payload, file: shards.path(payload.shard))
    }
  }

  static func damaged(_ found: CRC32C, _ payload: StoredPayload, file: String? = nil)
    -> CheckpointError
  {
    let expected = CRC32C(unmasking: payload.maskedCRC)
    return CheckpointError(
      .corrupt,
      "the tensor's checksum is 0x\(found.value.hexadecimal), expected 0x\(expected.value.hexadecimal); "
        + "the file is damaged, restore another checkpoint", file: file,
      offset: payload.range.offset)
  }
}
