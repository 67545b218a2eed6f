import CheckpointIO
import CheckpointTensors

/// The tensors of two checkpoints, name by name: what comparisons go through, whatever they look for.
///
/// The lists of both checkpoints are in memory, and two tensors at a time.
struct TensorPairs {
  /// What two checkpoints have of one name.
  enum Pair {
    /// The second checkpoint does not have it.
    case onlyInFirst(TensorSpec)
    /// The first checkpoint does not have it.
    case onlyInSecond(TensorSpec)
    /// Dtype or shape are different.
    case spec(TensorSpec, TensorSpec)
    /// Two tensors of one dtype and shape.
    case tensors(AnyTensor, AnyTensor)
    /// The tensor cannot be read in one of the two.
    case damaged(DamagedTensor)
  }

  private let first: any TensorReader
  private let second: any TensorReader
  private let entries: [TensorEntry]
  private var others: [TensorKey: TensorSpec] = [:]

  /// Reads both lists.
  ///
  /// - Throws: `corrupt` if one of them is damaged.
  init(_ first: any TensorReader, _ second: any TensorReader) throws(CheckpointError) {
    (self.first, self.second) = (first, second)
    entries = try first.entries()
    try second.forEachEntry { others[$0.key] = $0.spec }
  }

  /// The names in both lists, before these have been gone through.
  var keys: [TensorKey] { entries.map(\.key) + others.keys }

  /// Calls `body` with each name, once: first with those of the first checkpoint, in byte order.
  ///
  /// - Parameters:
  ///   - progress: As for ``CheckpointReader/Comparison``.
  ///   - body: What is done with each.
  /// - Throws: What `body` throws; what reading throws, unless a tensor is damaged.
  mutating func forEach(
    progress: (_ compared: UInt64, _ total: UInt64) -> Void,
    _ body: (TensorKey, Pair) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    let total = entries.reduce(UInt64(0)) { $0.adding($1.byteCount) ?? .max }
    var compared: UInt64 = 0
    for entry in entries {
      let other = others.removeValue(forKey: entry.key)
      try body(entry.key, pair(entry, other))
      compared = compared.adding(entry.byteCount) ?? .max
      progress(compared, total)
    }
    for (key, spec) in others { try body(key, .onlyInSecond(spec)) }
  }

  private func pair(_ entry: TensorEntry, _ other: TensorSpec?) throws(CheckpointError) -> Pair {
    guard let other else { return .onlyInFirst(entry.spec) }
    guard other == entry.spec else { return .spec(entry.spec, other) }
    do throws(CheckpointError) {
      return .tensors(try first.tensor(for: entry.key), try second.tensor(for: entry.key))
    } catch  where error.isDamage {
      return .damaged(DamagedTensor(key: entry.key, spec: entry.spec, error: error))
    }
  }
}
