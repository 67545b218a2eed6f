import CheckpointIO
import CheckpointTensors
import CheckpointWire

/// The entries of several bundles, with the data files numbered anew.
///
/// Each index is read once, from the beginning to the end. Each is in order, so that putting them together
/// takes one look at the next entry of each.
struct MergedIndex {
  /// The paths of the data files, in the order of their new numbers.
  private(set) var dataFiles: [String] = []
  /// The new numbers of those that hold values: a number may come from an entry without any.
  private(set) var holdsValues: Set<Int> = []
  private(set) var isBigEndian = false

  // What each bundle has, and at last what is made of entries of several; and the prefixes.
  private var lists: [EntryList] = []
  private var paths: [String] = []
  // In ascending order of the keys, each key once.
  private var order: [MergeQueue.Place] = []

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

  private struct Problems {
    /// What two of the bundles have.
    var duplicates: [CheckpointError] = []
    /// Parts of a tensor that nobody could read: two bundles may have the same one.
    var overlap: CheckpointError?
  }

  /// Puts the entries into order, and those of the parts of a tensor together.
  ///
  /// - Parameter prefix: What errors name.
  /// - Throws: `duplicateName` for everything that two of the bundles have; `mismatch` if parts of a tensor
  ///   disagree or overlap.
  mutating func join(for prefix: String) throws(CheckpointError) {
    var problems = Problems()
    var joined = EntryList()
    var queue = MergeQueue(lists)
    order.reserveCapacity(lists.map(\.count).max() ?? 0)
    var same: [MergeQueue.Place] = []  // the entries of one key, in the order of the bundles
    while let next = queue.popFirst() {
      if let first = same.first, !isSame(first, next) {
        try join(same, into: &joined, prefix, &problems)
        same.removeAll(keepingCapacity: true)
      }
      same.append(next)
    }
    if !same.isEmpty { try join(same, into: &joined, prefix, &problems) }
    lists.append(joined)
    let error = CheckpointError.combining(problems.duplicates, file: prefix) {
      "\($0) tensors are in two of the checkpoints"
    }
    guard var error else {
      if let overlap = problems.overlap { throw overlap }
      return
    }
    error.message += "; give it another name in one of them first"
    throw error
  }

  private mutating func join(
    _ same: [MergeQueue.Place], into joined: inout EntryList, _ prefix: String,
    _ problems: inout Problems
  ) throws(CheckpointError) {
    order.append(same[0])
    if same.count == 1 { guard try isPartitioned(same[0]) else { return } }
    let key = key(same[0])
    var entry = try self.entry(same[0])
    for place in same.dropFirst() {
      let other = try self.entry(place)
      guard !entry.slices.isEmpty, !other.slices.isEmpty else {
        problems.duplicates.append(duplicate(same[0], place, entry, key))
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
      _ = try StoredParts(entry.slices, of: entry.spec.shape)
    } catch {
      problems.overlap = problems.overlap ?? error.located(file: prefix, key: key.description)
    }
    if same.count > 1 {
      order[order.count - 1] = MergeQueue.Place(list: lists.count, index: joined.count)
      joined.append(key.bytes.span, entry)
    }
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
      .duplicateName, "two of the checkpoints have \(what), '\(one)' and '\(other)'",
      file: other, key: (slice?.name ?? key).description)
  }
}
