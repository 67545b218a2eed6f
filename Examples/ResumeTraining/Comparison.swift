import Checkpoints

/// The ends of two trainings, tensor by tensor.
struct Comparison: CustomStringConvertible {
  private var counts: [Kind: (equal: Int, different: Int)] = [:]

  private enum Kind: String, CaseIterable {
    case weights = "weights"
    case slots = "slot variables"
    case optimizer = "other variables of the optimizer"
    case step = "step"
    case order = "generator state and order of the data"

    init?(_ key: String) {
      let kinds: [(Kind, Bool)] = [
        (.slots, key.contains("/.OPTIMIZER_SLOT/")), (.step, key.hasPrefix("model/step/")),
        (.weights, key.hasPrefix("model/")), (.optimizer, key.hasPrefix("optimizer/")),
        (.order, key.hasPrefix("order/")),
      ]
      // The save counter and the graph that it is part of belong to the saves, not to the training.
      guard let kind = kinds.first(where: \.1) else { return nil }
      self = kind.0
    }
  }

  /// Compares two checkpoints.
  init(_ one: String, _ other: String) throws(CheckpointError) {
    let readers = (try CheckpointReader(one), try CheckpointReader(other))
    let keys = Set(try readers.0.entries().map(\.key) + readers.1.entries().map(\.key))
    for key in keys {
      guard let kind = Kind(key.description) else { continue }
      let isEqual = try Self.isEqual(key, readers.0, readers.1)
      let count = counts[kind] ?? (0, 0)
      counts[kind] =
        isEqual ? (count.equal + 1, count.different) : (count.equal, count.different + 1)
    }
  }

  private static func isEqual(_ key: TensorKey, _ one: CheckpointReader, _ other: CheckpointReader)
    throws(CheckpointError) -> Bool
  {
    guard let entry = try one.entry(for: key), let second = try other.entry(for: key),
      entry.spec == second.spec
    else { return false }
    return try one.tensor(for: key) == other.tensor(for: key)
  }

  /// Whether everything is the same, and there is something.
  var isEqual: Bool {
    counts[.weights] != nil && counts.values.allSatisfy { $0.different == 0 }
  }

  /// A line for each kind of tensor.
  var description: String {
    Kind.allCases.compactMap { kind in
      counts[kind].map { count in
        "  \(kind.rawValue): \(count.equal) equal, \(count.different) different"
      }
    }.joined(separator: "\n")
  }
}
