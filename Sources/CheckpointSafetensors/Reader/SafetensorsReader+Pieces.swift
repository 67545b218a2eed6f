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
      guard let entry = catalog[key] else { throw try missing(key) }
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
    try file.forEachChunk(of: ByteRange(offset: start, count: byteCount)) {
      piece, _ throws(CheckpointError) in
      try body(piece)  // its size is a multiple of every element's
    }
  }
}
