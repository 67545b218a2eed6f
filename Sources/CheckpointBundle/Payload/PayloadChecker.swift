import CheckpointIO
import CheckpointTensors
import Synchronization

/// Compares the checksums of payloads with those of their entries, on all cores.
final class PayloadChecker: Sendable {
  private struct State: Sendable {
    var schedule: PayloadSchedule
    var sums = PayloadSums()
    var problems: ProblemList
    var failed: Set<Int> = []  // large payloads with a problem, of which one is enough
    var checkedByteCount: UInt64 = 0
  }

  private let payloads: [StoredPayload]
  private let shards: ShardSet
  private let state: Mutex<State>
  private let reporting = Mutex(())
  private let totalByteCount: UInt64
  private let progress: @Sendable (UInt64, UInt64) -> Void

  /// Prepares to check payloads that are ordered by data file and offset, and lie within their files.
  ///
  /// What is found is added to the problems that were found before.
  init(
    payloads: [StoredPayload], shards: ShardSet, problems: ProblemList,
    progress: @escaping @Sendable (UInt64, UInt64) -> Void
  ) {
    self.payloads = payloads
    self.shards = shards
    self.progress = progress
    totalByteCount = payloads.reduce(0) { $0.adding($1.entry.range.count) ?? .max }
    let schedule = PayloadSchedule(payloads, jobByteCount: Self.jobByteCount)
    state = Mutex(State(schedule: schedule, problems: problems))
  }

  /// Checks all payloads, and returns all problems.
  func run() -> ProblemList {
    SharedWork.run {
      state.withLock { $0.schedule.next() }
    } with: {
      TensorStorage(uninitializedByteCount: PayloadWindow.byteCount)
    } _: { job, memory in
      check(job, memory)
      report(job)
    }
    return state.withLock { $0.problems }
  }

  // One thread at a time, so that the numbers grow.
  private func report(_ job: PayloadSchedule.Job) {
    reporting.withLock { _ in
      let checked = state.withLock { state in
        state.checkedByteCount = state.checkedByteCount.adding(job.byteCount) ?? .max
        return state.checkedByteCount
      }
      progress(checked, totalByteCount)
    }
  }

  private func check(_ job: PayloadSchedule.Job, _ memory: TensorStorage) {
    var window: PayloadWindow?
    for piece in job.pieces {
      do throws(CheckpointError) {
        if window == nil, piece.range.count > 0 {
          window = PayloadWindow(try shards.file(job.shard), memory: memory)
        }
        try check(piece, &window, readAheadTo: job.end)
      } catch {
        report(error, piece)
      }
    }
  }

  private func check(
    _ piece: PayloadSchedule.Piece, _ window: inout PayloadWindow?, readAheadTo end: UInt64
  ) throws(CheckpointError) {
    let payload = payloads[piece.payload]
    guard payload.isVariable else {
      var checksum = CRC32C()
      try window?.forEachPart(of: piece.range, readAheadTo: end) { checksum.update($0) }
      let byteCount = payload.entry.range.count
      let sum = state.withLock { $0.sums.add(checksum, of: piece, byteCount: byteCount) }
      guard let sum, sum.masked != payload.entry.maskedCRC else { return }
      throw PayloadReader.damaged(sum, payload.entry, file: shards.path(payload.entry.shard))
    }
    var check = try VariablePayloadCheck(payload.entry, isBigEndian: shards.isBigEndian)
    try window?.forEachPart(of: piece.range, readAheadTo: end) { part throws(CheckpointError) in
      try check.update(part)
    }
    try check.finish()
  }

  private func report(_ error: CheckpointError, _ piece: PayloadSchedule.Piece) {
    let payload = payloads[piece.payload]
    let error = payload.located(error).located(file: shards.path(payload.entry.shard))
    state.withLock { state in
      guard piece.isWhole || state.failed.insert(piece.payload).inserted else { return }
      state.problems.append(error, place: piece.payload)
    }
  }

  private static let jobByteCount: UInt64 = 4 << 20
}
