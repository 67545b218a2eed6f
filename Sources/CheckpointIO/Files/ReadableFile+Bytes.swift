extension ReadableFile {
  /// The bytes of a part of the file.
  ///
  /// There is memory for them before they are read: the caller has compared their number with the size of
  /// the file, or with a limit of its own.
  package func bytes(at offset: UInt64, count: Int) throws(CheckpointError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try read(into: &bytes, at: offset)
    return bytes
  }

  /// Calls `body` with the bytes of a part of the file, in order, in chunks that stay in the cache.
  ///
  /// - Parameters:
  ///   - range: The part.
  ///   - body: Gets each chunk, and where it lies in the part.
  /// - Throws: What reading and `body` throw.
  package func forEachChunk(
    of range: ByteRange, _ body: (RawSpan, Int) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    let count = Int(clamping: range.count)
    var buffer = [UInt8](repeating: 0, count: min(count, fileChunkByteCount))
    for chunk in Chunks(of: 0..<count, by: fileChunkByteCount) {
      var span = buffer.mutableSpan
      var bytes = unsafe span.mutableBytes  // every pattern of bits is a UInt8
      var part = bytes._mutatingExtracting(0..<chunk.count)
      try read(into: &part, at: range.offset + UInt64(chunk.lowerBound))
      try body(part.bytes, chunk.lowerBound)
    }
  }

  /// The checksum of the whole content.
  package func checksum() throws(CheckpointError) -> CRC32C {
    var checksum = CRC32C()
    try forEachChunk(of: ByteRange(offset: 0, count: byteCount)) { chunk, _ in
      checksum.update(chunk)
    }
    return checksum
  }

  private func read(into output: inout [UInt8], at offset: UInt64) throws(CheckpointError) {
    var span = output.mutableSpan
    var bytes = unsafe span.mutableBytes  // every pattern of bits is a UInt8
    try read(into: &bytes, at: offset)
  }
}

/// How much of a file is read at a time: small enough for the cache, large enough for the system call.
package let fileChunkByteCount = 256 << 10
