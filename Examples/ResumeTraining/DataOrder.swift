import DigitsModel

/// In which order the digits come: shuffled anew each time they have all been seen.
///
/// A checkpoint in the middle of an epoch has to know the rest of it, and the state of the generator
/// for the next.
struct DataOrder: Codable {
  private var generator: SplitMix
  private var order: [Int]
  private var seen: Int

  /// Begins with an epoch that has been seen already: the first batch shuffles.
  init(count: Int, seed: UInt64) {
    generator = SplitMix(state: seed)
    order = Array(0..<count)
    seen = count
  }

  /// The numbers of the next digits; fewer at the end of an epoch.
  mutating func nextBatch(_ size: Int) -> ArraySlice<Int> {
    if seen == order.count {
      order.shuffle(using: &generator)
      seen = 0
    }
    let batch = order[seen...].prefix(size)
    seen += batch.count
    return batch
  }
}
