import CheckpointIO
import CheckpointTensors

/// The stored slices that a wanted region of a tensor is put together from.
///
/// Everything that can be known without reading a record is checked here: no slice overlaps another,
/// together they cover the region, and the files are large enough to hold them.
struct WantedSlices {
  /// A stored slice, and what of it is wanted.
  struct Part {
    let stored: SlicesCatalog.StoredSlice
    /// Its place in the whole tensor.
    let region: TensorRegion
    /// What of it is wanted.
    let wanted: TensorRegion
  }

  /// The region of the whole tensor that is wanted.
  let region: TensorRegion
  /// The dtype and the shape of what is wanted.
  let spec: TensorSpec
  /// How the values are stored.
  let list: TensorValueList
  /// The slices that matter.
  let parts: [Part]

  /// Finds the slices that a part of a tensor is in; all of it for `nil`.
  ///
  /// - Throws: `mismatch` for a slice that leaves the tensor's shape; `notFound` if some of it is in
  ///   no file; `unsupported` for a dtype that V1 cannot hold; `corrupt` for slices that overlap, and
  ///   for more elements than the files can have.
  init(of tensor: SlicesCatalog.SavedTensor, slice: TensorSlice?, files: [SlicesFile])
    throws(CheckpointError)
  {
    guard let list = TensorValueList(tensor.spec.dtype) else {
      throw CheckpointError(
        .unsupported,
        "V1 checkpoints have no form for values of \(tensor.spec.dtype.name), TensorFlow reads none "
          + "either")
    }
    region = try slice?.region(in: tensor.spec.shape) ?? TensorRegion(all: tensor.spec.shape)
    spec = TensorSpec(tensor.spec.dtype, region.shape)
    self.list = list
    parts = try Self.parts(of: tensor, region, files)
    try checkRoom(in: files)
  }

  private static func parts(
    of tensor: SlicesCatalog.SavedTensor, _ region: TensorRegion, _ files: [SlicesFile]
  ) throws(CheckpointError) -> [Part] {
    let regions = try regions(tensor)
    var parts: [Part] = []
    var covered = 0
    for (stored, place) in zip(tensor.slices, regions) {
      // Nothing has no intersection; but an empty tensor has a record like any other.
      let isAll = place == region
      guard let wanted = isAll ? region : place.intersection(region) else { continue }
      parts.append(Part(stored: stored, region: place, wanted: wanted))
      covered += wanted.shape.elementCount  // disjoint parts of one tensor: at most its count
    }
    guard covered == region.shape.elementCount else {
      throw CheckpointError(
        .notFound,
        "only \(covered) of the \(region.shape.elementCount) elements asked for are stored, "
          + "in \(tensor.slices.count) slices; \(absenceHint(files))")
    }
    return parts
  }

  private static func absenceHint(_ files: [SlicesFile]) -> String {
    guard files.count == 1, let all = SlicesPath(shard: files[0].path) else {
      return "the others were never saved"
    }
    return "the others may be in other shards, open '\(all.pattern)'"
  }

  private static func regions(_ tensor: SlicesCatalog.SavedTensor) throws(CheckpointError)
    -> [TensorRegion]
  {
    guard tensor.slices.count <= largestCount else {
      throw CheckpointError(
        .limitExceeded,
        "\(tensor.slices.count) slices of one tensor, at most \(largestCount) are read")
    }
    do throws(CheckpointError) {
      return try TensorSlice.checkDisjoint(tensor.slices.map(\.slice), in: tensor.spec.shape)
    } catch {
      throw CheckpointError(error.code == .mismatch ? .corrupt : error.code, error.message)
    }
  }

  // Memory is asked for only if the files can have that many elements.
  private func checkRoom(in files: [SlicesFile]) throws(CheckpointError) {
    var needed: UInt64 = 0
    for part in parts {
      let count = UInt64(part.region.shape.elementCount)
      needed = count.multiplied(by: UInt64(list.leastByteCount))?.adding(needed) ?? .max
    }
    var room: UInt64 = 0
    for number in Set(parts.map(\.stored.file)) {
      room = files[number].byteCount.multiplied(by: Self.largestExpansion)?.adding(room) ?? .max
    }
    guard needed <= room else {
      throw CheckpointError(
        .corrupt,
        "the list of tensors promises \(spec), for which the records need \(needed) bytes at "
          + "least, more than the file can hold")
    }
  }

  // No tensor of a real program is cut into more; comparing them all takes time.
  private static let largestCount = 1 << 16
  // Blocks may be compressed with Snappy, whose copies give 64 bytes for 3.
  private static let largestExpansion: UInt64 = 22
}
