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
  }

  private let payloads: [StoredPayload]
  private let shards: ShardSet
  private let sums = Mutex(PayloadSums())

  /// Prepares a pass over payloads that are ordered by data file and offset, and lie within their files.
  init(_ payloads: [StoredPayload], _ shards: ShardSet) {
    self.payloads = payloads
    self.shards = shards
  }

  /// Visits every byte, up to the first problem.
  ///
  /// - Parameters:
  ///   - naming: Says whose payload has the problem.
  ///   - visit: As ``run(_:problem:done:)`` has it.
  /// - Throws: For the first payload with a problem: `corrupt` for a wrong checksum, what `visit` and
  ///   opening files throw.
  consuming func run(
    naming: PayloadNaming, _ visit: (Turn, inout PayloadWindow) throws(CheckpointError) -> CRC32C
  ) throws(CheckpointError) {
    let payloads = payloads
    try run(visit) { error, piece throws(CheckpointError) in
      throw naming(error, payloads[piece.payload].number)
    }
  }

  /// Visits every byte.
  ///
  /// - Parameters:
  ///   - visit: Does what is to be done with a piece of numbers, by a window on its data file for
  ///     instance, and returns the checksum of its bytes. Strings are taken apart without it.
  ///   - problem: Is told what is wrong with a payload, of which it has a piece; by any thread. The error
  ///     names no tensor. If it throws, the pass ends.
  ///   - done: Is told of each job that has been done; by any thread.
  /// - Throws: What `problem` throws.
  consuming func run<Failure: Error>(
    _ visit: (Turn, inout PayloadWindow) throws(CheckpointError) -> CRC32C,
    problem: (CheckpointError, PayloadSchedule.Piece) throws(Failure) -> Void,
    done: (PayloadSchedule.Job) -> Void = { _ in }
  ) throws(Failure) {
    var schedule = PayloadSchedule(payloads, jobByteCount: Self.jobByteCount)
    try SharedWork.run {
      schedule.next()
    } with: {
      TensorStorage(uninitializedByteCount: PayloadWindow.byteCount)
    } _: { job, buffer throws(Failure) in
      try run(job, buffer, visit, problem)
      done(job)
    }
  }

  private borrowing func run<Failure: Error>(
    _ job: PayloadSchedule.Job, _ buffer: TensorStorage,
    _ visit: (Turn, inout PayloadWindow) throws(CheckpointError) -> CRC32C,
    _ problem: (CheckpointError, PayloadSchedule.Piece) throws(Failure) -> Void
  ) throws(Failure) {
    var window = PayloadWindow(shards, job.shard, memory: buffer)
    let runEnds = job.runEnds
    for (position, piece) in job.pieces.enumerated() {
      do throws(CheckpointError) {
        guard piece.range.count > 0 else {
          try checkEmpty(piece)  // it needs no file
          continue
        }
        try check(piece, &window, readAheadTo: runEnds[position], visit)
      } catch {
        try problem(error, piece)
      }
    }
  }

  private borrowing func checkEmpty(_ piece: PayloadSchedule.Piece) throws(CheckpointError) {
    guard payloads[piece.payload].isVariable else { return try check(CRC32C(), piece) }
    try checkElements(piece) { _ in }
  }

  private borrowing func check(
    _ piece: PayloadSchedule.Piece, _ window: inout PayloadWindow, readAheadTo end: UInt64,
    _ visit: (Turn, inout PayloadWindow) throws(CheckpointError) -> CRC32C
  ) throws(CheckpointError) {
    guard !payloads[piece.payload].isVariable else {
      return try checkElements(piece) { elements throws(CheckpointError) in
        try window.forEachPart(of: piece.range, readAheadTo: end) {
          part throws(CheckpointError) in
          try elements.update(part)
        }
      }
    }
    let start = Int(piece.range.offset - payloads[piece.payload].range.offset)
    let turn = Turn(
      payload: piece.payload, range: piece.range,
      place: start..<start + Int(piece.range.count),  // within memory for the whole
      end: end)
    try check(visit(turn, &window), piece)
  }

  // Strings and variants come in one piece.
  private borrowing func checkElements(
    _ piece: PayloadSchedule.Piece,
    _ read: (inout VariablePayload) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var elements = try VariablePayload(
      payloads[piece.payload], isBigEndian: shards.isBigEndian, keepsElements: false)
    try read(&elements)
    _ = try elements.finish()
  }

  private borrowing func check(_ sum: CRC32C, _ piece: PayloadSchedule.Piece)
    throws(CheckpointError)
  {
    let reader = PayloadReader(payload: payloads[piece.payload], shards: shards)
    guard !piece.isWhole else { return try reader.check(sum) }  // small ones need no lock
    let whole = sums.withLock { $0.add(sum, of: piece, byteCount: reader.payload.range.count) }
    if let whole { try reader.check(whole) }
  }

  private static let jobByteCount: UInt64 = 4 << 20
}
