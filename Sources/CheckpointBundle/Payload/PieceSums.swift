import CheckpointIO

/// The checksums of the pieces of something large, put together as they come in.
struct PieceSums: Sendable {
  /// The checksum of the first pieces, as far as they are complete.
  private(set) var checksum = CRC32C()
  /// How many bytes that covers.
  private(set) var byteCount: UInt64 = 0
  private var next = 0
  private var waiting: [Int: (CRC32C, count: UInt64)] = [:]

  /// Adds a piece; pieces are numbered from 0 on.
  mutating func add(_ piece: CRC32C, count: UInt64, number: Int) {
    waiting[number] = (piece, count)
    while let (piece, count) = waiting.removeValue(forKey: next) {
      checksum.append(piece, count: count)
      byteCount += count
      next += 1
    }
  }
}
