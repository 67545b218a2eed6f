import CheckpointGraph
import CheckpointIO
import CheckpointTensors

// Which data file an item goes to.

extension SavePlan {
  /// Spreads the items over data files.
  ///
  /// - Throws: `invalidArgument` for numbers that make no sense; `limitExceeded` for more data files
  ///   than can have names.
  package mutating func distribute(_ sharding: Sharding) throws(CheckpointError) {
    switch sharding {
    case .none: break
    case .perDevice: try distributeByDevice()
    case .count(let count): try distribute(over: count)
    case .maxBytes(let limit):
      var cutter = try ShardCutter(limit: limit)
      for item in items { try cutter.add(item) }
      (items, shardCount, notes) = cutter.finish()
    }
  }

  private mutating func distributeByDevice() throws(CheckpointError) {
    // Compared as bytes: two ways to write an accented letter are two labels.
    let labels = items.map { TensorKey(($0.variable as? any TensorVariable)?.device ?? "") }
    let numbers = Dictionary(
      uniqueKeysWithValues: Set(labels).sorted().enumerated().map { ($1, $0) }
    )
    try Self.check(numbers.count)
    for (index, label) in labels.enumerated() { items[index].shard = numbers[label] ?? 0 }
    shardCount = max(1, numbers.count)
  }

  // Goes on to the next file where that brings the files before closer to their share.
  private mutating func distribute(over count: Int) throws(CheckpointError) {
    try Self.check(count)
    guard count > 0 else {
      throw CheckpointError(.invalidArgument, "\(count) data files; one at least is needed")
    }
    let sizes = try items.map { item throws(CheckpointError) in try item.byteCount }
    let total = sizes.reduce(0.0) { $0 + Double($1) }
    shardCount = max(1, min(count, items.count))
    var (shard, used, done) = (0, 0, 0.0)
    for index in items.indices {
      let share = total * Double(shard + 1) / Double(shardCount)
      let isFull = used > 0 && done + Double(sizes[index]) / 2 > share
      let areNeeded = items.count - index <= shardCount - shard - (used > 0 ? 1 : 0)
      if (isFull || (used > 0 && areNeeded)) && shard + 1 < shardCount {
        (shard, used) = (shard + 1, 0)
      }
      items[index].shard = shard
      used += 1
      done += Double(sizes[index])
    }
  }

  static func check(_ shardCount: Int) throws(CheckpointError) {
    guard shardCount > 99_999 else { return }
    throw CheckpointError(
      .limitExceeded,
      "more than 99999 data files, which have no names; use larger ones"
    )
  }
}

extension SavePlan.Item {
  /// How many bytes the values take in a file: of strings, at most.
  var byteCount: Int {
    get throws(CheckpointError) {
      if spec.dtype.byteWidth != nil {
        guard let byteCount = spec.byteCount else {
          throw CheckpointError(.mismatch, "a tensor \(spec) is larger than any memory")
        }
        return byteCount
      }
      // A length of up to 5 bytes for each, and a checksum of the lengths.
      return try variable.tensorSnapshot().strings?.reduce(4) { $0 + $1.count + 5 } ?? 0
    }
  }
}
