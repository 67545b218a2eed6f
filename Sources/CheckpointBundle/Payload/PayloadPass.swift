import CheckpointIO
import CheckpointTensors
import Synchronization

/// A pass over payloads by all cores, with their checksums compared: large ones are shared out, small
/// neighbours taken together.
struct PayloadPass: ~Copyable {
  /// A piece of a payload that it is the turn of.
  struct Turn {
    /// The payload, by its position in the list.
    let payload: Int
    /// Where the piece is in the data file.
    let range: ByteRange
    /// Where it is in the payload.
    let place: Range<Int>
    /// Up to where the data file will be wanted by this thread.
    let end: UInt64
    /// The data file.
    let file: any ReadableFile
  }

  private let payloads: [StoredPayload]
  private let shards: ShardSet
  private let sums = Mutex(PayloadSums())

  /// Prepares a pass over payloads of fixed width that are ordered by data file and offset, and lie
  /// within their files.
  init(_ payloads: [StoredPayload], _ shards: ShardSet) {
    self.payloads = payloads
    self.shards = shards
  }

  /// Visits every byte.
  ///
  /// - Parameter visit: Does what is to be done with a piece, by a window on its data file for instance,
  ///   and returns the checksum of its bytes.
  /// - Throws: For the first payload with a problem: `corrupt` for a wrong checksum, what `visit` and
  ///   opening files throw.
  consuming func run(_ visit: (Turn, inout PayloadWindow) throws(CheckpointError) -> CRC32C)
    throws(CheckpointError)
  {
    var schedule = PayloadSchedule(payloads, jobByteCount: Self.jobByteCount)
    try SharedWork.run {
      schedule.next()
    } with: {
      TensorStorage(uninitializedByteCount: PayloadWindow.byteCount)
    } _: { job, buffer throws(CheckpointError) in
      try run(job, buffer, visit)
    }
  }

  private borrowing func run(
    _ job: PayloadSchedule.Job, _ buffer: TensorStorage,
    _ visit: (Turn, inout PayloadWindow) throws(CheckpointError) -> CRC32C
  ) throws(CheckpointError) {
    guard job.byteCount > 0 else { return }  // empty tensors need no file
    let file = try shards.file(job.shard)
    var window = PayloadWindow(file, memory: buffer)
    let runEnds = job.runEnds
    for (position, piece) in job.pieces.enumerated() where piece.range.count > 0 {
      let start = Int(piece.range.offset - payloads[piece.payload].entry.range.offset)
      let turn = Turn(
        payload: piece.payload,
        range: piece.range,
        place: start..<start + Int(piece.range.count),  // within memory for the whole
        end: runEnds[position],
        file: file
      )
      do throws(CheckpointError) {
        try check(visit(turn, &window), piece)
      } catch {
        throw payloads[piece.payload].located(error)
      }
    }
  }

  private borrowing func check(_ sum: CRC32C, _ piece: PayloadSchedule.Piece)
    throws(CheckpointError)
  {
    let entry = payloads[piece.payload].entry
    // Small payloads need no lock.
    guard !piece.isWhole else {
      return try PayloadReader(entry: entry, shards: shards).check(sum)
    }
    let whole = sums.withLock { $0.add(sum, of: piece, byteCount: entry.range.count) }
    if let whole { try PayloadReader(entry: entry, shards: shards).check(whole) }
  }

  private static let jobByteCount: UInt64 = 4 << 20
}
