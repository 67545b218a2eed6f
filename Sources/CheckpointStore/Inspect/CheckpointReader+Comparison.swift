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
        /// two is not finite, or if no `Double` is as large; `nil` for strings, and for dtypes that are
        /// compared by their bytes.
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

    /// The tensors that cannot be read, in byte order of the names; they are in no other list.
    package let damaged: [DamagedTensor]

    /// Whether there is no difference.
    public var isEqual: Bool { differences.isEmpty && damaged.isEmpty }

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
      try self.init(
        first, second, tolerance: tolerance, skipsDamage: false, progress: progress)
    }

    /// Compares two checkpoints, of which some tensors may be damaged.
    ///
    /// - Parameters:
    ///   - first: One.
    ///   - second: The other.
    ///   - tolerance: As above.
    ///   - skipsDamage: Whether tensors that are damaged become ``damaged``, and are not thrown.
    ///   - progress: As above.
    /// - Throws: `invalidArgument` for a tolerance that is negative or no number; what reading throws.
    package init(
      _ first: any TensorReader, _ second: any TensorReader, tolerance: Double = 0,
      skipsDamage: Bool, progress: (_ compared: UInt64, _ total: UInt64) -> Void = { _, _ in }
    ) throws(CheckpointError) {
      guard tolerance >= 0 else {
        throw CheckpointError(.invalidArgument, "the tolerance \(tolerance) is not 0 or more")
      }
      var pairs = try TensorPairs(first, second)
      var (differences, damaged, equalCount) = ([Difference](), [DamagedTensor](), 0)
      try pairs.forEach(progress: progress) { key, pair throws(CheckpointError) in
        if case .damaged(let tensor) = pair {
          guard skipsDamage else { throw tensor.error }
          damaged.append(tensor)
        } else if let kind = Difference.Kind(pair, tolerance) {
          differences.append(Difference(key: key, kind: kind))
        } else {
          equalCount += 1
        }
      }
      self.differences = differences.sorted { $0.key < $1.key }
      (self.damaged, self.equalCount) = (damaged, equalCount)
    }
  }
}

extension CheckpointReader.Comparison.Difference.Kind {
  /// How what two checkpoints have of a name differs; `nil` if it does not, or nobody can tell.
  fileprivate init?(_ pair: TensorPairs.Pair, _ tolerance: Double) {
    switch pair {
    case .onlyInFirst(let spec): self = .onlyInFirst(spec)
    case .onlyInSecond(let spec): self = .onlyInSecond(spec)
    case .spec(let first, let second): self = .spec(first, second)
    case .damaged: return nil
    case .tensors(let tensor, let other):
      let distance = ValueDistance(tensor, other, tolerance: tolerance)
      guard distance.differingCount > 0 else { return nil }
      self = .values(
        tensor.spec, differing: distance.differingCount, largestDistance: distance.largest)
    }
  }
}
