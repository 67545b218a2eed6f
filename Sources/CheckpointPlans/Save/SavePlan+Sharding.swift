import CheckpointGraph
package import CheckpointIO
import CheckpointTensors

// Which data file an item goes to.

extension SavePlan {
  /// Spreads the items over data files.
  ///
  /// - Throws: `invalidArgument` for numbers that make no sense; `limitExceeded` for more data files
  ///   than can have names.
  package mutating func distribute(_ sharding: SaveOptions.Sharding) throws(CheckpointError) {
    switch sharding {
    case .none: break
    case .perDevice: try distributeByDevice()
    case .count(let count): try distribute(over: count)
    case .maxBytes(let limit): try cut(limit)
    case .rule(let rule): try distribute(by: rule)
    }
  }

  private mutating func cut(_ limit: Int) throws(CheckpointError) {
    var cutter = try ShardCutter(limit: limit)
    try checkElements(limit)
    for item in items { try cutter.add(item) }
    (items, shardCount, notes) = cutter.finish()
  }

  // An element is the smallest part of a tensor.
  private func checkElements(_ limit: Int) throws(CheckpointError) {
    let tooWide = items.filter {
      ShardCutter.canCut($0.spec) && ($0.spec.dtype.byteWidth ?? 1) > limit
    }
    let problems = tooWide.map { item in
      CheckpointError(
        .invalidArgument,
        "data files of \(limit) bytes; an element of \(item.spec) takes "
          + "\(item.spec.dtype.byteWidth ?? 1)", key: item.key.description)
    }
    let error = CheckpointError.combining(problems) {
      "data files of \(limit) bytes are too small for an element of \($0) tensors; "
        + "\(tooWide.compactMap(\.spec.dtype.byteWidth).max() ?? 1) bytes are needed"
    }
    if let error { throw error }
  }

  private mutating func distribute(by rule: SaveOptions.Sharding.Rule) throws(CheckpointError) {
    var problems: [CheckpointError] = []
    var files: [Int] = []
    for item in items {
      let file = try rule.file(for: try item.shardable)
      files.append(file)
      guard file < 0 else { continue }
      problems.append(
        CheckpointError(
          .invalidArgument,
          "the sharding rule names the data file \(file); they are counted from 0",
          key: item.key.description))
    }
    let error = CheckpointError.combining(problems) {
      "the sharding rule names \($0) data files that cannot be"
    }
    if let error { throw error }
    try number(files)
  }

  // In their order, without gaps.
  private mutating func number<Label: Hashable & Comparable>(_ labels: [Label])
    throws(CheckpointError)
  {
    let numbers = Dictionary(
      uniqueKeysWithValues: Set(labels).sorted().enumerated().map { ($1, $0) })
    try Self.check(numbers.count)
    for (index, label) in labels.enumerated() { items[index].shard = numbers[label] ?? 0 }
    shardCount = max(1, numbers.count)
  }

  private mutating func distributeByDevice() throws(CheckpointError) {
    // Compared as bytes: two ways to write an accented letter are two labels.
    try number(items.map { TensorKey($0.device ?? "") })
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
      .limitExceeded, "more than 99999 data files, which have no names; use larger ones")
  }
}

extension SavePlan.Item {
  /// The label of the device that it belongs to.
  var device: String? { (variable as? any TensorVariable)?.device }

  fileprivate var shardable: SaveOptions.Sharding.ShardableTensor {
    get throws(CheckpointError) {
      SaveOptions.Sharding.ShardableTensor(
        key: key, spec: spec, slice: part, device: device, byteCount: try byteCount)
    }
  }

  /// How many bytes the values take in a data file: of strings with their lengths and checksums.
  var byteCount: Int {
    get throws(CheckpointError) {
      guard spec.dtype.byteWidth == nil else {
        guard let byteCount = spec.byteCount else {
          throw CheckpointError(
            .mismatch, "a tensor \(spec) is larger than any memory", key: key.description)
        }
        return byteCount
      }
      let strings = try variable.tensorSnapshot().strings ?? []
      let lengths = strings.reduce(0) {
        $0 + $1.count + ByteWriter.varintLength(UInt64($1.count))
      }
      // A checksum of four bytes: one for all strings, one for each variant.
      return lengths + 4 * (spec.dtype == .variant ? strings.count : 1)
    }
  }
}
