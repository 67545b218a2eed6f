package import CheckpointIO
package import CheckpointTensors

extension BundleReader: TensorPieceReader {
  /// Calls `body` with the fixed-width elements of a tensor, in order, as little-endian numbers.
  ///
  /// A tensor that is stored whole is read piece by piece; one in parts is put together first.
  ///
  /// What `body` makes of the bytes counts only once this has returned: the checksum is known at the
  /// end.
  ///
  /// - Throws: As ``TensorReader/read(_:slice:into:)`` says; what `body` throws.
  package func forEachLittleEndianPiece(
    of key: TensorKey, _ body: (RawSpan) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    do throws(CheckpointError) {
      let entry = try index.entry(for: key)
      guard let entry, entry.slices.isEmpty, let width = entry.spec.dtype.byteOrderWidth else {
        return try withAllPieces(of: key, body)
      }
      // A piece holds whole elements: its size is a multiple of every width.
      try PayloadReader(payload: entry.payload, shards: shards).forEachPiece {
        piece, _ throws(CheckpointError) in
        try piece.withReversedBytes(ofEvery: isBigEndian ? width : 1, body)
      }
    } catch {
      throw explained(error).located(file: path, key: key.description)
    }
  }
}
