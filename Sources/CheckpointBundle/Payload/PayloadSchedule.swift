import CheckpointIO

/// Cuts payloads into jobs of some megabytes: large ones are shared out, small neighbours are taken
/// together.
///
/// Jobs are made when they are asked for: how many there are costs no memory.
struct PayloadSchedule: Sendable {
  /// A part of a payload, or all of it.
  struct Piece: Sendable {
    /// The payload, by its position in the list.
    let payload: Int
    /// Which piece of it, from 0 on.
    let number: Int
    /// Where the piece is in the data file.
    let range: ByteRange
    /// Whether the payload is this piece alone.
    let isWhole: Bool
  }

  /// Pieces that lie in one data file in ascending order.
  struct Job: Sendable {
    let shard: Int
    var pieces: [Piece] = []
    /// How many bytes they have in all.
    var byteCount: UInt64 = 0

    /// For each piece, the offset up to which reading ahead is worth it.
    var runEnds: [UInt64] { PayloadSchedule.runEnds(pieces.map { (shard, $0.range) }) }
  }

  private let payloads: [StoredPayload]
  private let jobByteCount: UInt64
  private var position = 0
  private var number = 0  // the next piece of payload `position`
  private var cut: UInt64 = 0  // where that begins within the payload

  /// Schedules payloads that are ordered by data file and offset, and lie within their files.
  init(_ payloads: [StoredPayload], jobByteCount: UInt64) {
    self.payloads = payloads
    self.jobByteCount = jobByteCount
  }

  /// The next job; `nil` once everything is given out.
  mutating func next() -> Job? {
    guard position < payloads.count else { return nil }
    var job = Job(shard: payloads[position].shard)
    while position < payloads.count, job.byteCount < jobByteCount,
      job.pieces.count < Self.mostPieces, payloads[position].shard == job.shard
    {
      let piece = nextPiece(upTo: jobByteCount - job.byteCount)
      job.pieces.append(piece)
      job.byteCount = job.byteCount.adding(piece.range.count) ?? .max
    }
    return job
  }

  // Strings are not cut: where an element begins is known once those before it are read.
  private mutating func nextPiece(upTo limit: UInt64) -> Piece {
    let payload = payloads[position]
    let rest = payload.range.count - cut
    let count = payload.isVariable ? rest : min(rest, limit)
    let piece = Piece(
      payload: position, number: number,
      range: ByteRange(offset: payload.range.offset &+ cut, count: count),
      isWhole: cut == 0 && count == rest)
    (number, cut) = count == rest ? (0, 0) : (number + 1, cut + count)
    if count == rest { position += 1 }
    return piece
  }

  /// For each of several ranges in order, the end of the run that it belongs to: ranges next to each other, but
  /// for small gaps, are one run.
  static func runEnds(_ ranges: [(shard: Int, range: ByteRange?)]) -> [UInt64] {
    var ends = ranges.map { $0.range?.end ?? 0 }
    for position in ranges.indices.dropLast().reversed() {
      let next = ranges[position + 1]
      guard let range = next.range, ranges[position].shard == next.shard else { continue }
      if range.offset <= ends[position] &+ largestGap {
        ends[position] = max(ends[position], ends[position + 1])
      }
    }
    return ends
  }

  private static let largestGap: UInt64 = 16 << 10
  // A limit for jobs of empty tensors and scalars, which never have many bytes.
  private static let mostPieces = 1 << 14
}
