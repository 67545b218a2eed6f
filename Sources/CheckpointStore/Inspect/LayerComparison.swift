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
    /// The largest distance of two numbers; infinite if one of two is not finite, or if no `Double` is as large;
    /// `nil` if none is different.
    package fileprivate(set) var largestDistance: Double?
    /// Whether one of two different numbers is NaN or infinite.
    package fileprivate(set) var hasNonFinite = false
    fileprivate var difference = ScaledSquares()
    fileprivate var first = ScaledSquares()

    /// How far the floating-point numbers have moved, by what they were; infinite if they were all 0, or if
    /// one of two is not finite; 0 if none is different.
    package var relative: Double {
      hasNonFinite ? .infinity : difference.root(of: first)
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
      if hasNonFinite { return .notFinite }
      if isFromZero { return .fromZero }
      if hasMoved { return .moved }
      return isChanged ? .otherwise : .same
    }

    fileprivate init(name: [UInt8]) { self.name = name }
  }

  /// All layers, those that have changed most first; those that were 0 after those that were not.
  package let changes: [Change]
  /// The tensors that cannot be read, in byte order of the names.
  package let damaged: [DamagedTensor]

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
    var pairs = try TensorPairs(first, second)
    let names = LayerNames(pairs.keys)
    var changes: [[UInt8]: Change] = [:]
    var damaged: [DamagedTensor] = []
    try pairs.forEach(progress: progress) { key, pair throws(CheckpointError) in
      let layer = names.layer(of: key, depth: depth)
      try changes[layer, default: Change(name: layer)].add(pair)
      if case .damaged(let tensor) = pair { damaged.append(tensor) }
    }
    self.damaged = damaged
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
  fileprivate mutating func add(_ pair: TensorPairs.Pair) throws(CheckpointError) {
    switch pair {
    case .onlyInFirst: onlyInFirst += 1
    case .onlyInSecond: onlyInSecond += 1
    case .spec: reshapedCount += 1
    case .damaged: damagedCount += 1
    case .tensors(let tensor, let other): try add(tensor, other)
    }
  }

  private mutating func add(_ tensor: AnyTensor, _ other: AnyTensor) throws(CheckpointError) {
    tensorCount += 1
    let distance = ValueDistance(tensor, other, tolerance: 0)
    if distance.differingCount > 0 {
      changedCount += 1
      if let largest = distance.largest { largestDistance = max(largestDistance ?? 0, largest) }
    }
    let dtype = tensor.spec.dtype
    guard dtype.isFloatingPoint, let decoder = ElementDecoder(dtype) else { return }
    try tensor.withLittleEndianBytes { bytes throws(CheckpointError) in
      try other.withLittleEndianBytes { others throws(CheckpointError) in
        decoder.forEachBlock(of: bytes, and: others) { add($0, $1) }
      }
    }
  }

  // Where one is not finite there is no difference. That of two large ones may be larger than any `Double`: half
  // of it is none.
  private mutating func add(_ numbers: Span<Double>, _ others: Span<Double>) {
    var (values, differences, halves): ([Double], [Double], [Double]) = ([], [], [])
    for index in 0..<min(numbers.count, others.count) {
      let (number, other) = (numbers[index], others[index])
      let difference = other - number
      if difference.isFinite {
        values.append(number)
        differences.append(difference)
      } else if number.isFinite, other.isFinite {
        values.append(number)
        halves.append(other / 2 - number / 2)
      } else if number != other, !number.isNaN || !other.isNaN {
        hasNonFinite = true
      }
    }
    first.add(values.span)
    difference.add(differences.span)
    difference.add(twice: halves.span)
  }
}
