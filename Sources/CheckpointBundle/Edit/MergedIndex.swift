import CheckpointIO
import CheckpointTable
import CheckpointTensors
import CheckpointWire
import Synchronization

/// The entries of several bundles, with the data files numbered anew.
///
/// Each index is read once, from the beginning to the end. Each is in order, so that putting them together
/// takes one look at the next entry of each.
struct MergedIndex {
  /// What is merged.
  enum Source: String {
    /// Checkpoints, which have their names.
    case checkpoints
    /// What processes have written of one checkpoint: nothing may be missing in the end.
    case processes

    fileprivate var advice: String {
      switch self {
      case .checkpoints: "give it another name in one of them first"
      case .processes: "each part of a tensor is one process's, and what all have goes by itself"
      }
    }
  }

  private let source: Source
  /// The paths of the data files, in the order of their new numbers.
  private(set) var dataFiles: [String] = []
  /// The new numbers of those that hold values: a number may come from an entry without any.
  private(set) var holdsValues: Set<Int> = []
  private(set) var isBigEndian = false

  // The entries of each bundle, and last those that are made of entries of several; and the bundles' prefixes.
  private var lists: [EntryList] = []
  private var paths: [String] = []
  // In ascending order of the keys, each key once.
  private var order: [MergeQueue.Place] = []

  /// Begins without entries.
  init(of source: Source = .checkpoints) { self.source = source }

  /// Takes in what processes have written, whose data files have their numbers.
  ///
  /// - Throws: `corrupt` for what is no index of its part.
  mutating func add(_ parts: [(name: String, part: BundlePart)]) throws(CheckpointError) {
    var firstShards: [Int] = []
    var shardCount = 0
    for (_, part) in parts {
      firstShards.append(shardCount)
      shardCount += part.byteCounts.count
    }
    let found = Mutex(Array(repeating: EntryList(), count: parts.count))
    try SharedWork.run(count: parts.count) { [firstShards] index throws(CheckpointError) in
      let entries = try Self.entries(of: parts[index], firstShard: firstShards[index])
      found.withLock { $0[index] = entries }
    }
    lists += found.withLock { $0 }
    paths += parts.map(\.name)
  }

  private static func entries(of part: (name: String, part: BundlePart), firstShard: Int)
    throws(CheckpointError) -> EntryList
  {
    var entries = EntryList()
    guard part.part != .empty else { return entries }
    let byteCounts = part.part.byteCounts
    let table = try TableReader(BytesFile(part.part.index, path: part.name))
    try table.forEach { key, message throws(CheckpointError) in
      guard !key.isEmpty else { return }  // the header's
      var entry = try BundleEntry(message: message)
      guard byteCounts.indices.contains(entry.shard),
        entry.range.end.map({ $0 <= byteCounts[entry.shard] }) ?? false
      else {
        throw CheckpointError(
          .corrupt, "the entry is of no data file of this process",
          key: TensorKey(copying: key).description)
      }
      entry.shard += firstShard
      entries.append(key, entry)
    }
    return entries
  }

  /// Takes the entries of another bundle in.
  mutating func add(_ reader: BundleReader) throws(CheckpointError) {
    guard lists.isEmpty || reader.isBigEndian == isBigEndian else {
      throw CheckpointError(.mismatch, "its numbers have another byte order than those before")
    }
    isBigEndian = reader.isBigEndian
    var entries = EntryList()
    var numbers: [Int: Int] = [:]
    try reader.index.forEachEntry { key, entry throws(CheckpointError) in
      var entry = entry
      entry.shard = self.number(of: entry, &numbers, reader)
      entries.append(key, entry)
    }
    lists.append(entries.compact)
    paths.append(reader.path)
  }

  private mutating func number(
    of entry: BundleEntry, _ numbers: inout [Int: Int], _ reader: BundleReader
  ) -> Int {
    let number = numbers[entry.shard] ?? dataFiles.count
    if number == dataFiles.count {
      numbers[entry.shard] = number
      dataFiles.append(reader.shards.path(entry.shard))
    }
    if entry.range.count > 0 { holdsValues.insert(number) }
    return number
  }

  /// Calls `body` with the key and the message of each entry, in ascending order of the keys.
  func forEachEntry(
    _ body: (Span<UInt8>, Span<UInt8>) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    let lists = lists.span  // looked at in their places: copies would count references
    for place in order {
      let (list, index) = (Int(place.list), Int(place.index))
      try body(lists[list].key(index), lists[list].message(index))
    }
  }

  // MARK: Joining

  // What becomes of the entries of some consecutive keys.
  private struct Stretch {
    /// In ascending order of the keys, each key once; behind the last list is `joined`.
    var order: [MergeQueue.Place] = []
    /// What is made of entries of several bundles.
    var joined = EntryList()
    /// What two of the bundles have.
    var duplicates: [CheckpointError] = []
    /// Parts of a tensor that nobody could read: two bundles may have the same one, or one is missing.
    var overlap: CheckpointError?
  }

  /// Puts the entries into order, and those of the parts of a tensor together.
  ///
  /// - Parameter prefix: What errors name.
  /// - Throws: `duplicateName` for everything that two of the bundles have; `mismatch` if parts of a tensor
  ///   disagree or overlap.
  mutating func join(for prefix: String) throws(CheckpointError) {
    let ranges = self.ranges()
    let found = Mutex(Array(repeating: Stretch(), count: ranges.count))
    try SharedWork.run(count: ranges.count) { index throws(CheckpointError) in
      let stretch = try stretch(ranges[index], prefix)
      found.withLock { $0[index] = stretch }
    }
    let stretches = found.withLock { $0 }
    let count = lists.count
    order.reserveCapacity(stretches.reduce(0) { $0 + $1.order.count })
    for (number, stretch) in stretches.enumerated() {
      order += stretch.order.lazy.map {
        $0.list < count ? $0 : MergeQueue.Place(list: count + number, index: Int($0.index))
      }
      lists.append(stretch.joined)
    }
    let duplicates = stretches.flatMap(\.duplicates)
    let error = CheckpointError.combining(duplicates, file: prefix) {
      "\($0) tensors are in two of the \(source)"
    }
    if let error { throw error.adding(source.advice) }
    if let overlap = stretches.lazy.compactMap(\.overlap).first { throw overlap }
  }

  // For each stretch of keys, the entries of each list: all of one key are in one stretch.
  private func ranges() -> [[Range<Int>]] {
    let total = lists.reduce(0) { $0 + $1.count }
    guard let longest = lists.max(by: { $0.count < $1.count }) else { return [] }
    let count = max(1, min(Self.mostStretches, total / Self.leastEntries, longest.count))
    var starts = Array(repeating: 0, count: lists.count)
    return (1...count).map { number in
      let ends = lists.map { list in
        number == count
          ? list.count : list.count(before: longest.key(longest.count * number / count))
      }
      defer { starts = ends }
      return zip(starts, ends).map { $0..<$1 }
    }
  }

  private static let mostStretches = 16
  private static let leastEntries = 2_048

  private func stretch(_ ranges: [Range<Int>], _ prefix: String) throws(CheckpointError) -> Stretch
  {
    var stretch = Stretch()
    var queue = MergeQueue(lists, ranges)
    stretch.order.reserveCapacity(ranges.map(\.count).max() ?? 0)
    var same: [MergeQueue.Place] = []  // the entries of one key, in the order of the bundles
    while let next = queue.popFirst() {
      if let first = same.first, !isSame(first, next) {
        try join(same, into: &stretch, prefix)
        same.removeAll(keepingCapacity: true)
      }
      same.append(next)
    }
    if !same.isEmpty { try join(same, into: &stretch, prefix) }
    return stretch
  }

  private func join(_ same: [MergeQueue.Place], into stretch: inout Stretch, _ prefix: String)
    throws(CheckpointError)
  {
    stretch.order.append(same[0])
    if same.count == 1 { guard try isPartitioned(same[0]) else { return } }
    let key = key(same[0])
    var entry = try self.entry(same[0])
    for place in same.dropFirst() {
      let other = try self.entry(place)
      guard !entry.slices.isEmpty, !other.slices.isEmpty else {
        stretch.duplicates.append(duplicate(same[0], place, entry, key))
        continue
      }
      do throws(CheckpointError) {
        for slice in other.slices { try entry.add(slice, of: other.spec) }
      } catch {
        throw error.located(file: paths[Int(place.list)], key: key.description)
      }
    }
    guard !entry.slices.isEmpty else { return }
    do throws(CheckpointError) {
      let parts = try StoredParts(entry.slices, of: entry.spec.shape)
      if source == .processes { try Self.checkWhole(parts) }
    } catch {
      stretch.overlap = stretch.overlap ?? error.located(file: prefix, key: key.description)
    }
    if same.count > 1 {
      stretch.order[stretch.order.count - 1] = MergeQueue.Place(
        list: lists.count, index: stretch.joined.count)
      stretch.joined.append(key.bytes.span, entry)
    }
  }

  private static func checkWhole(_ parts: StoredParts) throws(CheckpointError) {
    guard parts.elementCount < parts.shape.elementCount else { return }
    throw CheckpointError(
      .mismatch,
      "all processes together have \(parts.elementCount) of the \(parts.shape.elementCount) elements of "
        + "\(parts.shape); each needs its part of it")
  }

  private func isSame(_ one: MergeQueue.Place, _ other: MergeQueue.Place) -> Bool {
    let lists = lists.span
    return lists[Int(one.list)].key(Int(one.index))
      .matches(lists[Int(other.list)].key(Int(other.index)))
  }

  private func key(_ place: MergeQueue.Place) -> TensorKey {
    let lists = lists.span
    return TensorKey(copying: lists[Int(place.list)].key(Int(place.index)))
  }

  private func isPartitioned(_ place: MergeQueue.Place) throws(CheckpointError) -> Bool {
    let lists = lists.span
    guard lists[Int(place.list)].hasParts else { return false }
    return try BundleEntry.isPartitioned(lists[Int(place.list)].message(Int(place.index)))
  }

  private func entry(_ place: MergeQueue.Place) throws(CheckpointError) -> BundleEntry {
    let lists = lists.span
    return try BundleEntry(message: lists[Int(place.list)].message(Int(place.index)))
  }

  private func duplicate(
    _ first: MergeQueue.Place, _ second: MergeQueue.Place, _ entry: BundleEntry, _ key: TensorKey
  ) -> CheckpointError {
    let slice = entry.slices.isEmpty ? key.asSliceKey : nil
    let what = slice.map { "slice \($0.slice) of this tensor" } ?? "this tensor"
    let (one, other) = (paths[Int(first.list)], paths[Int(second.list)])
    return CheckpointError(
      .duplicateName, "two of the \(source) have \(what), '\(one)' and '\(other)'",
      file: other, key: (slice?.name ?? key).description)
  }
}
