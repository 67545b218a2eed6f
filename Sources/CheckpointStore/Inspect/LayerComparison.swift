package import CheckpointIO
package import CheckpointTensors

/// What two checkpoints differ in, layer by layer: how far each has moved.
///
///     for change in try LayerComparison(first, second).changes { print(change.name, change.relative) }
///
/// The relative change is the length of the difference of all floating-point numbers of a layer by the length of
/// the first checkpoint's: 0.01 means that it has moved by a hundredth of its size. Integers, which count steps, have
/// no part in it. Two tensors are in memory at a time.
package struct LayerComparison: Sendable {
  /// What has become of a layer.
  package struct Change: Sendable {
    /// The name of the layer, as ``LayerNames/layer(of:depth:)`` has it.
    package let name: [UInt8]
    /// How many tensors both checkpoints have of one type and shape.
    package fileprivate(set) var tensorCount = 0
    /// How many of these are different.
    package fileprivate(set) var changedCount = 0
    /// How many tensors only the first checkpoint has.
    package fileprivate(set) var onlyInFirst = 0
    /// How many tensors only the second checkpoint has.
    package fileprivate(set) var onlyInSecond = 0
    /// How many tensors have another type or shape.
    package fileprivate(set) var reshapedCount = 0
    /// How many tensors cannot be read in one of the two.
    package fileprivate(set) var damagedCount = 0
    /// The largest distance of two numbers; infinite if one of two is not finite, `nil` if none is different.
    package fileprivate(set) var largestDistance: Double?
    fileprivate var difference = ScaledSquares()
    fileprivate var first = ScaledSquares()

    /// How far the floating-point numbers have moved, by what they were; infinite if they were all 0, or if
    /// one of two is not finite; 0 if none is different.
    package var relative: Double {
      largestDistance == .infinity ? .infinity : difference.root(of: first)
    }

    /// Whether a floating-point number has moved; if none has, what is different is of other kinds.
    package var hasMoved: Bool { relative > 0 }

    /// Whether anything is different.
    package var isChanged: Bool {
      changedCount + onlyInFirst + onlyInSecond + reshapedCount + damagedCount > 0
    }

    /// Whether all floating-point numbers of the layer were 0, and are not now.
    package var isFromZero: Bool { first.isZero && !difference.isZero }

    // In the order in which people want to see them.
    fileprivate enum Rank: Int { case notFinite, moved, fromZero, otherwise, same }

    fileprivate var rank: Rank {
      if largestDistance == .infinity { return .notFinite }
      if isFromZero { return .fromZero }
      if hasMoved { return .moved }
      return isChanged ? .otherwise : .same
    }

    fileprivate init(name: [UInt8]) { self.name = name }
  }

  /// All layers, those that have changed most first; those that were 0 after those that were not.
  package let changes: [Change]
  /// What is wrong with the tensors that cannot be read.
  package let problems: [CheckpointError]

  /// Compares two checkpoints.
  ///
  /// - Parameters:
  ///   - first: One.
  ///   - second: The other.
  ///   - depth: How many parts the names of layers have at most.
  ///   - progress: As for ``CheckpointReader/Comparison``.
  /// - Throws: What reading throws, unless a tensor is damaged.
  package init(
    _ first: any TensorReader, _ second: any TensorReader, depth: Int = .max,
    progress: (_ compared: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(CheckpointError) {
    let entries = try first.entries()
    var others: [TensorKey: TensorSpec] = [:]
    try second.forEachEntry { others[$0.key] = $0.spec }
    let names = LayerNames(entries.map(\.key) + others.keys)
    let total = entries.reduce(UInt64(0)) { $0.adding($1.byteCount) ?? .max }
    var compared: UInt64 = 0
    var changes: [[UInt8]: Change] = [:]
    var problems: [CheckpointError] = []
    for entry in entries {
      let layer = names.layer(of: entry.key, depth: depth)
      var change = changes[layer] ?? Change(name: layer)
      let other = others.removeValue(forKey: entry.key)
      do throws(CheckpointError) {
        try change.add(entry, other, first, second)
      } catch  where error.isDamage {
        change.damagedCount += 1
        problems.append(error)
      }
      changes[layer] = change
      compared = compared.adding(entry.byteCount) ?? .max
      progress(compared, total)
    }
    for key in others.keys {
      let layer = names.layer(of: key, depth: depth)
      changes[layer, default: Change(name: layer)].onlyInSecond += 1
    }
    self.problems = problems
    self.changes = changes.values.sorted(by: Self.areInOrder)
  }

  // What has moved most comes first, and before what is the same what is different otherwise.
  private static func areInOrder(_ one: Change, _ other: Change) -> Bool {
    if one.rank != other.rank { return one.rank.rawValue < other.rank.rawValue }
    if one.rank == .moved, one.relative != other.relative { return one.relative > other.relative }
    return one.name.lexicographicallyPrecedes(other.name)
  }
}

extension LayerComparison.Change {
  fileprivate mutating func add(
    _ entry: TensorEntry, _ other: TensorSpec?, _ first: any TensorReader,
    _ second: any TensorReader
  ) throws(CheckpointError) {
    guard let other else { return onlyInFirst += 1 }
    guard other == entry.spec else { return reshapedCount += 1 }
    let tensors = (try first.tensor(for: entry.key), try second.tensor(for: entry.key))
    tensorCount += 1
    let distance = ValueDistance(tensors.0, tensors.1, tolerance: 0)
    if distance.differingCount > 0 {
      changedCount += 1
      if let largest = distance.largest { largestDistance = max(largestDistance ?? 0, largest) }
    }
    guard entry.spec.dtype.isFloatingPoint, let decoder = ElementDecoder(entry.spec.dtype) else {
      return
    }
    try tensors.0.withLittleEndianBytes { bytes throws(CheckpointError) in
      try tensors.1.withLittleEndianBytes { others throws(CheckpointError) in
        decoder.forEachBlock(of: bytes, and: others) { add($0, $1) }
      }
    }
  }

  // Where one is not finite there is no difference: one that comes or goes makes the largest distance infinite.
  private mutating func add(_ numbers: Span<Double>, _ others: Span<Double>) {
    var (values, differences): ([Double], [Double]) = ([], [])
    for index in 0..<min(numbers.count, others.count)
    where (others[index] - numbers[index]).isFinite {
      values.append(numbers[index])
      differences.append(others[index] - numbers[index])
    }
    first.add(values.span)
    difference.add(differences.span)
  }
}
