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
    try withAllPieces(of: key, body)
  }

  /// Calls `body` once with the fixed-width elements of a tensor, read as a whole, as little-endian
  /// numbers.
  ///
  /// - Throws: As ``TensorPieceReader/forEachLittleEndianPiece(of:_:)`` says.
  package func withAllPieces(of key: TensorKey, _ body: (RawSpan) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    try tensor(for: key).withLittleEndianBytes(body)
  }
}

extension AnyTensor {
  /// Creates a tensor of fixed-width elements that are little-endian numbers.
  ///
  /// - Throws: `mismatch` if they are not as many bytes as the elements take.
  package init(_ spec: TensorSpec, littleEndian bytes: RawSpan) throws(CheckpointError) {
    let storage = TensorStorage(copying: bytes)
    let width = 1.littleEndian == 1 ? 1 : spec.dtype.byteOrderWidth ?? 1
    if width > 1 { try storage.withMutableBytes { $0.reverseBytes(ofEvery: width) } }
    try self.init(spec, .bytes(storage))
  }

  /// Calls `body` with the fixed-width elements as little-endian numbers.
  ///
  /// - Throws: `unsupported` if they are not of fixed width; what `body` throws.
  package func withLittleEndianBytes(_ body: (RawSpan) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    let width = 1.littleEndian == 1 ? 1 : spec.dtype.byteOrderWidth ?? 1
    try withTensorBytes { bytes throws(CheckpointError) in
      try bytes.withReversedBytes(ofEvery: width, body)
    }
  }
}

extension RawSpan {
  /// Calls `body` with a copy in which the bytes of every number of `width` bytes are reversed; with the
  /// bytes as they are, if a number has one.
  package func withReversedBytes(
    ofEvery width: Int, _ body: (RawSpan) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    guard width > 1 else { return try body(self) }
    let copy = TensorStorage(copying: self)
    try copy.withMutableBytes { $0.reverseBytes(ofEvery: width) }
    try body(copy.bytes)
  }
}
