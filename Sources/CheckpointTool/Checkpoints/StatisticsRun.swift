import CheckpointIO
import CheckpointStore
import CheckpointTensors
import Checkpoints

/// Statistics of one tensor after the other, for a person who waits: with progress, and with a message for each
/// that cannot be read.
struct StatisticsRun {
  private var damage = DamageReport()
  private let reader: CheckpointReader
  private let entries: [TensorEntry]

  /// How many tensors could not be read so far.
  var damagedCount: Int { damage.count }

  init(of entries: [TensorEntry], in reader: CheckpointReader) {
    (self.entries, self.reader) = (entries, reader)
  }

  /// Calls `body` with each tensor, and with its statistics or why there are none.
  ///
  /// - Throws: What `body` throws; what reading throws, unless it is the tensor that is damaged.
  mutating func forEach(
    _ body: (TensorEntry, Result<TensorStatistics, CheckpointError>) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    let bar = ProgressBar()
    defer { bar.clear() }
    // There are two looks at each tensor.
    let total = entries.reduce(UInt64(0)) { $0.adding($1.byteCount) ?? .max }
    var done: UInt64 = 0
    for entry in entries {
      let statistics: TensorStatistics
      do throws(CheckpointError) {
        statistics = try TensorStatistics(of: entry, in: reader.reader) { byteCount in
          done = done.adding(UInt64(byteCount)) ?? .max
          bar.show(min(done / 2, total), of: total)
        }
      } catch  where error.isDamage {
        bar.clear()
        damage.add(entry.key, error)
        try body(entry, .failure(error))
        continue
      }
      try body(entry, .success(statistics))
    }
    bar.clear()
    damage.summarize(", and \(damage.count == 1 ? "has" : "have") no statistics")
  }
}
