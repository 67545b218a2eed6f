import CheckpointIO
import CheckpointTensors
import CheckpointWire

/// Reads the bytes of one entry from its data file, and checks them.
///
/// A payload is read in chunks that are checksummed while they are in the cache.
struct PayloadReader {
  let entry: BundleEntry
  let shards: ShardSet

  /// How much is read at a time: small enough for the cache, large enough for the system call.
  static let chunkByteCount = 256 << 10

  /// Reads the whole payload into memory of its size, in this machine's byte order.
  func read(into output: inout MutableRawSpan) throws(CheckpointError) {
    var checksum = CRC32C()
    try forEachChunk(of: output.byteCount) { file, range throws(CheckpointError) in
      var part = output._mutatingExtracting(range)
      try file.read(into: &part, at: entry.range.offset + UInt64(range.lowerBound))
      checksum.update(part.bytes)
    }
    try check(checksum)
    if swapsBytes { output.reverseBytes(ofEvery: entry.spec.dtype.byteOrderWidth ?? 1) }
  }

  /// Reads the whole payload by a window on its data file, which holds others that lie near too.
  ///
  /// - Parameters:
  ///   - output: Memory of the payload's size.
  ///   - window: The window; the payload lies within the file.
  ///   - end: Up to where others will be wanted.
  /// - Throws: `corrupt` for a wrong checksum; what reading throws.
  func read(
    into output: inout MutableRawSpan,
    through window: inout PayloadWindow?,
    readAheadTo end: UInt64
  ) throws(CheckpointError) {
    var done = 0
    try window?.forEachPart(of: entry.range, readAheadTo: end) { part in
      output.copy(part, to: done)
      done += part.byteCount
    }
    try check(CRC32C(of: output.bytes))
    if swapsBytes { output.reverseBytes(ofEvery: entry.spec.dtype.byteOrderWidth ?? 1) }
  }

  /// Reads the whole payload piece by piece, in the file's byte order.
  ///
  /// - Parameter body: Gets each piece and where it lies in the payload. What it makes of them counts
  ///   only once this has returned: the checksum is known at the end.
  /// - Throws: `corrupt` for a wrong checksum; what `body` and reading throw.
  func forEachPiece(
    _ body: (RawSpan, Int) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var checksum = CRC32C()
    let count = Int(clamping: entry.range.count)
    let buffer = TensorStorage(uninitializedByteCount: min(count, Self.chunkByteCount))
    try forEachChunk(of: count) { file, range throws(CheckpointError) in
      try buffer.withMutableBytes { bytes throws(CheckpointError) in
        var part = bytes._mutatingExtracting(0..<range.count)
        try file.read(into: &part, at: entry.range.offset + UInt64(range.lowerBound))
        checksum.update(part.bytes)
        try body(part.bytes, range.lowerBound)
      }
    }
    try check(checksum)
  }

  /// Whether the payload's numbers are in the other byte order.
  var swapsBytes: Bool { shards.isBigEndian && (entry.spec.dtype.byteOrderWidth ?? 1) > 1 }

  private func forEachChunk(
    of byteCount: Int,
    _ body: (any ReadableFile, Range<Int>) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    guard byteCount > 0 else { return }  // an empty tensor needs no file
    let file = try shards.file(entry.shard, holding: entry.range)
    var start = 0
    while start < byteCount {
      let end = min(byteCount, start + Self.chunkByteCount)
      try body(file, start..<end)
      start = end
    }
  }

  private func check(_ checksum: CRC32C) throws(CheckpointError) {
    guard checksum.masked == entry.maskedCRC else {
      throw Self.damaged(checksum, entry, file: shards.path(entry.shard))
    }
  }

  static func damaged(_ found: CRC32C, _ entry: BundleEntry, file: String) -> CheckpointError {
    let expected = CRC32C(unmasking: entry.maskedCRC)
    return CheckpointError(
      .corrupt,
      "the tensor's checksum is 0x\(found.value.hexadecimal), expected 0x\(expected.value.hexadecimal); "
        + "the file is damaged, restore another checkpoint",
      file: file,
      offset: entry.range.offset
    )
  }
}
