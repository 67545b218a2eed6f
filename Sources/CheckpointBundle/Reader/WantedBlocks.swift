import CheckpointIO
package import CheckpointTensors
import CheckpointWire

/// The stored blocks that a wanted region of a tensor is put together from: the tensor itself, or the
/// parts of a partitioned one.
///
/// Everything is checked before the first element is read: each part exists, has the dtype and the
/// shape that the list promises, none overlaps another, and together they cover the region.
/// Source: tensorflow/core/util/tensor_slice_set.cc, which checks neither dtype nor shape.
package struct WantedBlocks: FoundTensor {
  /// What is wanted, and the parts that have it.
  package let wanted: WantedRegion
  /// The entry of each of these parts.
  let entries: [BundleEntry]

  /// Finds the blocks of a part of the tensor that `full` describes; of all of it for `nil`.
  init(of key: TensorKey, _ full: BundleEntry, slice: TensorSlice?, index: BundleIndexReader)
    throws(CheckpointError)
  {
    guard !full.slices.isEmpty else {
      wanted = try WantedRegion(of: full.spec, slice: slice)
      entries = [full]
      return
    }
    try Self.checkKeys(key, full)
    wanted = try WantedRegion(of: full.spec, slice: slice, in: full.slices)
    entries = try wanted.parts.map { part throws(CheckpointError) in
      let expected = TensorSpec(full.spec.dtype, part.place.shape)
      return try Self.entry(of: full.slices[part.index], expected, key, index)
    }
  }

  /// Checks that the data files have the bytes of all parts.
  ///
  /// Parts that lie on top of each other would make a small file a tensor of any size: whoever gets
  /// memory for it afterwards gets no more than the files have.
  func checkBytes(in shards: ShardSet) throws(CheckpointError) {
    var totals: [Int: UInt64] = [:]
    for entry in entries where entry.range.count > 0 {
      let file = try shards.file(entry.shard, holding: entry.range)
      let total = totals[entry.shard, default: 0].adding(entry.range.count) ?? .max
      guard total <= file.byteCount else {
        throw CheckpointError(
          .corrupt,
          "its parts take \(byteCount(in: entry.shard)) bytes of data file \(entry.shard), which "
            + "has \(file.byteCount)")
      }
      totals[entry.shard] = total
    }
  }

  private func byteCount(in shard: Int) -> UInt64 {
    entries.filter { $0.shard == shard }.reduce(0) { $0.adding($1.range.count) ?? .max }
  }

  /// Checks that the keys of all slices that an entry lists can be spelt out: the name and the list are
  /// bounded by the index, their product is not.
  static func checkKeys(_ key: TensorKey, _ full: BundleEntry) throws(CheckpointError) {
    let byteCount = full.slices.count.multipliedReportingOverflow(by: key.bytes.count)
    guard !byteCount.overflow, byteCount.partialValue <= largestKeys else {
      throw CheckpointError(
        .limitExceeded, "\(full.slices.count) slices of a name of \(key.bytes.count) bytes")
    }
  }

  private static func entry(
    of slice: TensorSlice, _ expected: TensorSpec, _ key: TensorKey, _ index: BundleIndexReader
  ) throws(CheckpointError) -> BundleEntry {
    guard let entry = try index.entry(for: key.sliceKey(slice)) else {
      throw CheckpointError(.corrupt, "slice \(slice) is listed, but has no entry")
    }
    guard entry.spec == expected, entry.slices.isEmpty else {
      throw CheckpointError(
        .corrupt, "slice \(slice) is stored as \(entry.spec), it should be \(expected)")
    }
    return entry
  }

  // The bytes of the keys of all slices of a tensor.
  private static let largestKeys = 1 << 28
}
