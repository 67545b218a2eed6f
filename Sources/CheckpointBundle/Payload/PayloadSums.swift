import CheckpointIO

/// The checksums of several payloads that are shared out in pieces.
struct PayloadSums: Sendable {
  private var sums: [Int: PieceSums] = [:]

  /// Adds one of several pieces of a payload.
  ///
  /// - Returns: The checksum of the payload of `byteCount` bytes, once this was the last of its pieces.
  mutating func add(_ checksum: CRC32C, of piece: PayloadSchedule.Piece, byteCount: UInt64)
    -> CRC32C?
  {
    var pieces = sums.removeValue(forKey: piece.payload) ?? PieceSums()
    pieces.add(checksum, count: piece.range.count, number: piece.number)
    if pieces.byteCount == byteCount { return pieces.checksum }
    sums[piece.payload] = pieces
    return nil
  }
}
