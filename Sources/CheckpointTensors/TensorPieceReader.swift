package import CheckpointIO

/// A reader that gives the elements of a tensor in pieces, so that no tensor has to fit into memory.
package protocol TensorPieceReader: TensorReader {
  /// Calls `body` with the fixed-width elements of a tensor, in order, as little-endian numbers: as
  /// all formats store them.
  ///
  /// What `body` makes of the bytes counts only once this has returned: a checksum is known at the
  /// end.
  ///
  /// - Throws: As ``TensorReader/read(_:slice:into:)`` says; what `body` throws.
  func forEachLittleEndianPiece(
    of key: TensorKey, _ body: (RawSpan) throws(CheckpointError) -> Void) throws(CheckpointError)
}

extension TensorReader {
  /// Calls `body` with the fixed-width elements of a tensor, in order, as little-endian numbers; with
  /// all of them at once, if the reader does not give pieces.
  ///
  /// - Throws: As ``TensorPieceReader/forEachLittleEndianPiece(of:_:)`` says.
  package func forEachPiece(of key: TensorKey, _ body: (RawSpan) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    if let reader = self as? any TensorPieceReader {
      return try reader.forEachLittleEndianPiece(of: key, body)
    }
    let tensor = try tensor(for: key)
    let width = tensor.spec.dtype.byteOrderWidth ?? 1
    try tensor.withTensorBytes { bytes throws(CheckpointError) in
      guard 1.littleEndian != 1, width > 1 else { return try body(bytes) }
      let copy = TensorStorage(copying: bytes)
      try copy.withMutableBytes { $0.reverseBytes(ofEvery: width) }
      try body(copy.bytes)
    }
  }
}
