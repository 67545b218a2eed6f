package import CheckpointIO
package import CheckpointTensors

extension SafetensorsReader: TensorPieceReader {
  /// Calls `body` with the elements of a tensor, in order, as the file has them: little-endian.
  ///
  /// - Throws: `notFound` if there is no such tensor; `io` if the system fails; what `body` throws.
  package func forEachLittleEndianPiece(
    of key: TensorKey, _ body: (RawSpan) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    do throws(CheckpointError) {
      guard let entry = header[key] else {
        let nearest = NearestKeys(to: key, among: header.tensors.map(\.key))
        throw CheckpointError(.notFound, "there is no such tensor\(nearest.hint)")
      }
      try elements(of: entry).forEachPiece(byteCount: entry.range.count, body)
    } catch {
      throw explained(error).located(file: path, key: key.description)
    }
  }
}

extension StoredElements {
  /// Reads all bytes, piece by piece.
  func forEachPiece(byteCount: UInt64, _ body: (RawSpan) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    let buffer = TensorStorage(
      uninitializedByteCount: Int(min(byteCount, UInt64(Self.pieceByteCount))))
    var done: UInt64 = 0
    while done < byteCount {
      let count = Int(min(byteCount - done, UInt64(Self.pieceByteCount)))
      try buffer.withMutableBytes { bytes throws(CheckpointError) in
        var part = bytes._mutatingExtracting(0..<count)
        try file.read(into: &part, at: start + done)
        try body(part.bytes)
      }
      done += UInt64(count)
    }
  }

  // Small enough for the cache, large enough for the system call; a multiple of every element's size.
  private static let pieceByteCount = 256 << 10
}
