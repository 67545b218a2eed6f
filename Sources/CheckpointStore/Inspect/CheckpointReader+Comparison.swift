public import CheckpointIO
public import CheckpointTensors

extension CheckpointReader {
  /// What two checkpoints, of any formats, differ in.
  ///
  ///     let comparison = try CheckpointReader.Comparison(
  ///       CheckpointReader("run/ckpt-7"), CheckpointReader("run/ckpt-8"))
  ///     for difference in comparison.differences { print(difference) }
  ///
  /// Two tensors are in memory at a time, and the lists of both checkpoints. How tensors are stored
  /// (slices, data files, byte order) is no difference.
  public struct Comparison: Sendable {
    /// A tensor that is not the same in both.
    public struct Difference: Sendable, Hashable, CustomStringConvertible {
      /// How it differs.
      public enum Kind: Sendable, Hashable {
        /// The second checkpoint does not have it.
        case onlyInFirst(TensorSpec)
        /// The first checkpoint does not have it.
        case onlyInSecond(TensorSpec)
        /// Dtype or shape are different.
        case spec(TensorSpec, TensorSpec)
        /// So many elements are different. The largest distance is that of numbers: infinite, if one of
        /// two is not finite; `nil` for strings, and for dtypes that are compared by their bytes.
        case values(TensorSpec, differing: Int, largestDistance: Double?)
      }

      /// The name of the tensor.
      public let key: TensorKey
      /// How it differs.
      public let kind: Kind

      /// One line.
      public var description: String {
        switch kind {
        case .onlyInFirst(let spec): "only in the first: '\(key)' \(spec)"
        case .onlyInSecond(let spec): "only in the second: '\(key)' \(spec)"
        case .spec(let first, let second):
          "'\(key)' is \(first) in the first, \(second) in the second"
        case .values(let spec, let count, let largest):
          "'\(key)' \(spec): \(count) of \(spec.shape.elementCount) elements differ"
            + (largest.map { ", by at most \($0)" } ?? "")
        }
      }
    }

    /// All differences, in byte order of the names.
    public let differences: [Difference]
    /// How many tensors are the same.
    public let equalCount: Int

    /// Whether there is no difference.
    public var isEqual: Bool { differences.isEmpty }

    /// Compares two checkpoints.
    ///
    /// - Parameters:
    ///   - first: One.
    ///   - second: The other.
    ///   - tolerance: Numbers that are no farther apart are the same; two that are no numbers (NaN)
    ///     are, too. Strings, truth values, and integers of types that
    ///     Swift does not have, are compared by their bytes.
    ///   - progress: Called after each tensor with the number of bytes that have been compared, and of
    ///     all there are, as the first checkpoint has them.
    /// - Throws: `invalidArgument` for a tolerance that is negative or no number; what reading throws.
    public init(
      _ first: any TensorReader, _ second: any TensorReader, tolerance: Double = 0,
      progress: (_ compared: UInt64, _ total: UInt64) -> Void = { _, _ in }
    ) throws(CheckpointError) {
      guard tolerance >= 0 else {
        throw CheckpointError(.invalidArgument, "the tolerance \(tolerance) is not 0 or more")
      }
      var others: [TensorKey: TensorEntry] = [:]
      try second.forEachEntry { others[$0.key] = $0 }
      let entries = try first.entries()
      let total = entries.reduce(UInt64(0)) { $0.adding($1.byteCount) ?? .max }
      var differences: [Difference] = []
      var compared: UInt64 = 0
      for entry in entries {
        let other = others.removeValue(forKey: entry.key)
        if let kind = try Self.compare(entry, other, first, second, tolerance) {
          differences.append(Difference(key: entry.key, kind: kind))
        }
        compared = compared.adding(entry.byteCount) ?? .max
        progress(compared, total)
      }
      equalCount = entries.count - differences.count
      differences += others.values.map { Difference(key: $0.key, kind: .onlyInSecond($0.spec)) }
      self.differences = differences.sorted { $0.key < $1.key }
    }

    private static func compare(
      _ entry: TensorEntry, _ other: TensorEntry?, _ first: any TensorReader,
      _ second: any TensorReader, _ tolerance: Double
    ) throws(CheckpointError) -> Difference.Kind? {
      guard let other else { return .onlyInFirst(entry.spec) }
      guard entry.spec == other.spec else { return .spec(entry.spec, other.spec) }
      let distance = ValueDistance(
        try first.tensor(for: entry.key), try second.tensor(for: entry.key), tolerance: tolerance)
      guard distance.differingCount > 0 else { return nil }
      return .values(
        entry.spec, differing: distance.differingCount, largestDistance: distance.largest)
    }
  }
}
