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
      if let entry, entry.slices.isEmpty, let width = entry.spec.dtype.byteOrderWidth {
        // A piece holds whole elements: its size is a multiple of every width.
        try PayloadReader(entry: entry, shards: shards).forEachPiece {
          piece,
          _ throws(CheckpointError) in
          try Self.withLittleEndian(piece, width, isBigEndian: isBigEndian, body)
        }
      } else {
        let tensor = try tensor(for: key)
        let width = tensor.spec.dtype.byteOrderWidth ?? 1
        let isBigEndian = 1.littleEndian != 1  // this machine
        try tensor.withTensorBytes { bytes throws(CheckpointError) in
          try Self.withLittleEndian(bytes, width, isBigEndian: isBigEndian, body)
        }
      }
    } catch {
      throw explained(error).located(file: path, key: key.description)
    }
  }

  private static func withLittleEndian(
    _ bytes: RawSpan, _ width: Int, isBigEndian: Bool,
    _ body: (RawSpan) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    guard isBigEndian, width > 1 else { return try body(bytes) }
    let copy = TensorStorage(copying: bytes)
    try copy.withMutableBytes { $0.reverseBytes(ofEvery: width) }
    try body(copy.bytes)
  }
}
