package import CheckpointIO
package import CheckpointTensors
import CheckpointWire

// Listing: the index holds an entry for each tensor and, for tensors stored in parts, one for each
// part under a key made of name and slice. Readers see the tensors.

extension BundleReader {
  /// Calls `body` with every tensor, in byte order of the keys.
  ///
  /// - Throws: What `body` throws; `corrupt` or `truncated` if the index is damaged anywhere.
  package func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    var budget = Self.sliceKeyBudget
    try forEachWhole { key, entry throws(CheckpointError) in
      try body(try tensorEntry(key, entry, &budget))
    }
  }

  /// Every tensor, in byte order of the keys.
  ///
  /// - Throws: `corrupt` or `truncated` if the index is damaged anywhere.
  package func entries() throws(CheckpointError) -> [TensorEntry] {
    var entries: [TensorEntry] = []
    var budget = Self.sliceKeyBudget
    try forEachWhole { key, entry throws(CheckpointError) in
      // Made in its place: a copy of each would count references.
      entries.append(try tensorEntry(key, entry, &budget))
    }
    return entries
  }

  // Calls `body` with the entries of whole tensors.
  private func forEachWhole(_ body: (TensorKey, BundleEntry) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    var owners = PartOwners(index: index)
    try index.forEachEntry { key, entry throws(CheckpointError) in
      let key = TensorKey(copying: key)
      if key.bytes.first == 0, try owners.list(key) { return }
      try body(key, entry)
    }
  }

  /// What the index says of one tensor.
  package func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry? {
    guard let entry = try index.entry(for: key) else { return nil }
    var budget = Self.sliceKeyBudget
    return try tensorEntry(key, entry, &budget)
  }

  /// What the index says of a tensor, from its entry.
  ///
  /// - Parameters:
  ///   - key: The key.
  ///   - entry: The entry.
  ///   - budget: How many bytes of keys may still be spelt out, of slices that have to be looked up.
  /// - Returns: What readers see.
  /// - Throws: `limitExceeded` beyond the budget; what looking slices up throws.
  func tensorEntry(_ key: TensorKey, _ entry: BundleEntry, _ budget: inout Int)
    throws(CheckpointError) -> TensorEntry
  {
    TensorEntry(
      key: key, spec: entry.spec, byteCount: try payloadByteCount(key, entry, &budget),
      shard: entry.slices.isEmpty ? entry.shard : nil, slices: entry.slices)
  }

  // What parts of fixed width take follows from the list. Parts of strings have to be looked up.
  private func payloadByteCount(_ key: TensorKey, _ entry: BundleEntry, _ budget: inout Int)
    throws(CheckpointError) -> UInt64
  {
    guard !entry.slices.isEmpty else { return entry.range.count }
    let hasWidth = entry.spec.dtype.byteWidth != nil
    let keys = hasWidth ? nil : SliceKeys(of: key)
    var total: UInt64 = 0
    for slice in entry.slices {
      let count =
        if let keys {
          try partByteCount(key, keys, slice, &budget)
        } else {
          (try? slice.region(in: entry.spec.shape))
            .flatMap { TensorSpec(entry.spec.dtype, $0.shape).byteCount }.map(UInt64.init)
        }
      total = total.adding(count ?? 0) ?? .max
    }
    return total
  }

  private func partByteCount(
    _ key: TensorKey, _ keys: SliceKeys, _ slice: TensorSlice, _ budget: inout Int
  ) throws(CheckpointError) -> UInt64? {
    budget -= key.bytes.count
    guard budget >= 0 else {
      throw CheckpointError(
        .limitExceeded, "the names and slices of the tensors in parts are too long to be listed",
        file: path, key: key.description)
    }
    return try index.entry(for: keys[slice])?.range.count
  }

  // A slice takes a few bytes of the index, its key as many as the name has: how many bytes of keys
  // a listing may spell out.
  static let sliceKeyBudget = 1 << 28
}

/// Tells entries of parts, which are no tensors of their own, from tensors whose names look the same.
///
/// The key of a part has the name of the tensor; its entry lists the part. Keys of one tensor follow
/// each other, so that one list has to be kept.
private struct PartOwners {
  private let index: BundleIndexReader
  private var name: TensorKey?
  private var slices: Set<TensorSlice> = []

  init(index: BundleIndexReader) { self.index = index }

  /// Whether a tensor lists the part that a key stands for.
  mutating func list(_ key: TensorKey) throws(CheckpointError) -> Bool {
    guard let part = key.asSliceKey else { return false }
    if part.name != name {
      slices = Set(try index.entry(for: part.name)?.slices ?? [])
      name = part.name
    }
    return slices.contains(part.slice)
  }
}
