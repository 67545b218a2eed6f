import CheckpointIO
import CheckpointTensors
import CheckpointWire

/// The stored blocks that a wanted region of a tensor is put together from: the tensor itself, or the
/// parts of a partitioned one.
///
/// Everything is checked before the first element is read: each part exists, has the dtype and the
/// shape that the list promises, none overlaps another, and together they cover the region.
/// Source: tensorflow/core/util/tensor_slice_set.cc, which checks neither dtype nor shape.
struct StoredParts {
  /// A part that is stored, and what of it is wanted.
  struct Part {
    let entry: BundleEntry
    /// The part's place in the whole tensor.
    let region: TensorRegion
    /// What of it is wanted.
    let wanted: TensorRegion
  }

  /// The region of the whole tensor that is wanted.
  let region: TensorRegion
  /// The dtype and the shape of what is wanted.
  let spec: TensorSpec
  /// The blocks that matter, in the order of the list.
  let parts: [Part]

  /// Finds the blocks of a part of the tensor that `full` describes; of all of it for `nil`.
  init(of key: TensorKey, _ full: BundleEntry, slice: TensorSlice?, index: BundleIndexReader)
    throws(CheckpointError)
  {
    let whole = TensorRegion(all: full.spec.shape)
    region = try slice?.region(in: full.spec.shape) ?? whole
    spec = TensorSpec(full.spec.dtype, region.shape)
    if full.slices.isEmpty {
      parts = [Part(entry: full, region: whole, wanted: region)]
    } else {
      parts = try Self.parts(of: key, full, region, index)
    }
  }

  private static func parts(
    of key: TensorKey, _ full: BundleEntry, _ region: TensorRegion, _ index: BundleIndexReader
  ) throws(CheckpointError) -> [Part] {
    let regions = try regions(key, full)
    var parts: [Part] = []
    var covered = 0
    for (stored, slice) in zip(regions, full.slices) {
      guard let wanted = stored.intersection(region) else { continue }
      let entry = try entry(of: slice, stored, key, full, index)
      parts.append(Part(entry: entry, region: stored, wanted: wanted))
      covered += wanted.shape.elementCount  // disjoint parts of one tensor: at most its count
    }
    guard covered == region.shape.elementCount else {
      throw CheckpointError(
        .notFound,
        "only \(covered) of the \(region.shape.elementCount) elements asked for are stored, "
          + "in \(full.slices.count) slices; the others were never saved")
    }
    return parts
  }

  /// Checks that the data files have the bytes of all parts.
  ///
  /// Parts that lie on top of each other would make a small file a tensor of any size: whoever gets
  /// memory for it afterwards gets no more than the files have.
  func checkBytes(in shards: ShardSet) throws(CheckpointError) {
    var totals: [Int: UInt64] = [:]
    for part in parts where part.entry.range.count > 0 {
      let (shard, range) = (part.entry.shard, part.entry.range)
      let file = try shards.file(shard, holding: range)
      let total = totals[shard, default: 0].adding(range.count) ?? .max
      guard total <= file.byteCount else {
        throw CheckpointError(
          .corrupt,
          "its parts take \(self.byteCount(in: shard)) bytes of data file \(shard), which has "
            + "\(file.byteCount)")
      }
      totals[shard] = total
    }
  }

  private func byteCount(in shard: Int) -> UInt64 {
    parts.filter { $0.entry.shard == shard }
      .reduce(0) { $0.adding($1.entry.range.count) ?? .max }
  }

  /// The regions of all slices that an entry lists: they fit its shape and are disjoint.
  static func regions(_ key: TensorKey, _ full: BundleEntry) throws(CheckpointError)
    -> [TensorRegion]
  {
    guard full.slices.count <= largestCount else {
      throw CheckpointError(
        .limitExceeded,
        "\(full.slices.count) slices of one tensor, at most \(largestCount) are read")
    }
    // Both are bounded by the index, their product is not.
    guard full.slices.count * key.bytes.count <= largestKeys else {
      throw CheckpointError(
        .limitExceeded, "\(full.slices.count) slices of a name of \(key.bytes.count) bytes")
    }
    do throws(CheckpointError) {
      return try TensorSlice.checkDisjoint(full.slices, in: full.spec.shape)
    } catch {
      throw CheckpointError(error.code == .mismatch ? .corrupt : error.code, error.message)
    }
  }

  private static func entry(
    of slice: TensorSlice, _ region: TensorRegion, _ key: TensorKey, _ full: BundleEntry,
    _ index: BundleIndexReader
  ) throws(CheckpointError) -> BundleEntry {
    guard let entry = try index.entry(for: key.sliceKey(slice)) else {
      throw CheckpointError(.corrupt, "slice \(slice) is listed, but has no entry")
    }
    let expected = TensorSpec(full.spec.dtype, region.shape)
    guard entry.spec == expected, entry.slices.isEmpty else {
      throw CheckpointError(
        .corrupt, "slice \(slice) is stored as \(entry.spec), it should be \(expected)")
    }
    return entry
  }

  // No tensor of a real program is cut into more; comparing them all takes time.
  private static let largestCount = 1 << 16
  // The bytes of the keys of all slices of a tensor.
  private static let largestKeys = 1 << 28
}
