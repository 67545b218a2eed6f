public import CheckpointIO
public import CheckpointTensors
import CheckpointWire

// Listing: the index holds an entry for each tensor and, for tensors stored in parts, one for each
// part under a key made of name and slice. Readers see the tensors.

extension BundleReader {
  /// Calls `body` with every tensor, in byte order of the keys.
  ///
  /// - Throws: What `body` throws; `corrupt` or `truncated` if the index is damaged anywhere.
  public func forEachEntry(
    _ body: (TensorEntry) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var parts: Set<TensorKey>?
    try forEachBundleEntry { key, entry throws(CheckpointError) in
      let key = TensorKey(copying: key)
      if key.bytes.first == 0 {
        if parts == nil { parts = try sliceKeys() }
        guard parts?.contains(key) == false else { return }
      }
      try body(try tensorEntry(key, entry))
    }
  }

  /// What the index says of one tensor.
  public func entry(for key: TensorKey) throws(CheckpointError) -> TensorEntry? {
    guard let entry = try bundleEntry(for: key) else { return nil }
    return try tensorEntry(key, entry)
  }

  private func tensorEntry(
    _ key: TensorKey,
    _ entry: BundleEntry
  ) throws(CheckpointError) -> TensorEntry {
    TensorEntry(
      key: key,
      spec: entry.spec,
      byteCount: try payloadByteCount(key, entry),
      shard: entry.slices.isEmpty ? entry.shard : nil,
      slices: entry.slices
    )
  }

  private func payloadByteCount(
    _ key: TensorKey,
    _ entry: BundleEntry
  ) throws(CheckpointError) -> UInt64 {
    guard !entry.slices.isEmpty else { return entry.range.count }
    var total: UInt64 = 0
    for slice in entry.slices {
      let part = try bundleEntry(for: key.sliceKey(slice))
      total = total.adding(part?.range.count ?? 0) ?? .max
    }
    return total
  }

  // The keys of all parts that some entry lists: their entries are no tensors of their own.
  private func sliceKeys() throws(CheckpointError) -> Set<TensorKey> {
    var keys: Set<TensorKey> = []
    try forEachBundleEntry { key, entry throws(CheckpointError) in
      for slice in entry.slices { keys.insert(TensorKey(copying: key).sliceKey(slice)) }
    }
    return keys
  }
}
