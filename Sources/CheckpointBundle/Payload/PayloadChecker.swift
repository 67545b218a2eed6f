import CheckpointIO
import CheckpointTensors
import Synchronization

/// Compares the checksums of payloads with those of their entries, on all cores, and finds all that are
/// wrong.
final class PayloadChecker: Sendable {
  private struct State: Sendable {
    var problems: ProblemList
    var failed: Set<Int> = []  // large payloads with a problem, of which one is enough
    var checkedByteCount: UInt64 = 0
  }

  private let payloads: [StoredPayload]
  private let shards: ShardSet
  private let state: Mutex<State>
  private let reporting = Mutex(())
  private let totalByteCount: UInt64
  private let naming: PayloadNaming
  private let progress: @Sendable (UInt64, UInt64) -> Void

  /// Prepares to check payloads that are ordered by data file and offset, and lie within their files.
  ///
  /// What is found is added to the problems that were found before, with names that `naming` gives.
  init(
    payloads: [StoredPayload], shards: ShardSet, problems: ProblemList,
    naming: @escaping PayloadNaming,
    progress: @escaping @Sendable (UInt64, UInt64) -> Void
  ) {
    self.payloads = payloads
    self.shards = shards
    self.naming = naming
    self.progress = progress
    totalByteCount = payloads.reduce(0) { $0.adding($1.range.count) ?? .max }
    state = Mutex(State(problems: problems))
  }

  /// Checks all payloads, and returns all problems.
  func run() -> ProblemList {
    PayloadPass(payloads, shards).run { turn, window throws(CheckpointError) in
      var checksum = CRC32C()
      try window.forEachPart(of: turn.range, readAheadTo: turn.end) { checksum.update($0) }
      return checksum
    } problem: { error, piece in
      note(error, piece)
    } done: { job in
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

  private func note(_ error: CheckpointError, _ piece: PayloadSchedule.Piece) {
    let payload = payloads[piece.payload]
    let error = naming(error, payload.number).located(file: shards.path(payload.shard))
    state.withLock { state in
      guard piece.isWhole || state.failed.insert(piece.payload).inserted else { return }
      state.problems.append(error, place: piece.payload)
    }
  }
}
