import CheckpointIO
package import CheckpointTensors

/// The stored slices that a wanted region of a tensor is put together from.
///
/// Everything that can be known without reading a record is checked here: no slice overlaps another,
/// together they cover the region, and the files are large enough to hold them.
package struct WantedSlices: FoundTensor {
  /// What is wanted, and the slices that have it.
  package let wanted: WantedRegion
  /// The key of the tensor.
  let key: TensorKey
  /// How the values are stored.
  let list: TensorValueList
  /// All slices that are stored.
  let slices: [SlicesCatalog.StoredSlice]

  /// Finds the slices that a part of a tensor is in; all of it for `nil`.
  ///
  /// - Throws: `mismatch` for a slice that leaves the tensor's shape; `notFound` if some of it is in
  ///   no file; `unsupported` for a dtype that V1 cannot hold; `corrupt` for slices that overlap, and
  ///   for more elements than the files can have.
  init(
    of key: TensorKey, _ tensor: SlicesCatalog.SavedTensor, slice: TensorSlice?,
    files: [SlicesFile]
  ) throws(CheckpointError) {
    guard let list = TensorValueList(tensor.spec.dtype) else {
      throw CheckpointError(
        .unsupported,
        "V1 checkpoints have no form for values of \(tensor.spec.dtype.name), TensorFlow reads none "
          + "either")
    }
    self.key = key
    wanted = try WantedRegion(
      of: tensor.spec, slice: slice, in: tensor.slices.map(\.slice), absence: Self.absence(files))
    self.list = list
    slices = tensor.slices
    try checkRoom(in: files)
  }

  private static func absence(_ files: [SlicesFile]) -> String {
    guard files.count == 1, let all = SlicesPath(shard: files[0].path) else {
      return "the others were never saved"
    }
    return "the others may be in other shards, open '\(all.pattern)'"
  }

  // Memory is asked for only if the files can have that many elements.
  private func checkRoom(in files: [SlicesFile]) throws(CheckpointError) {
    var needed: UInt64 = 0
    for part in wanted.parts {
      let count = UInt64(part.place.shape.elementCount)
      needed = count.multiplied(by: UInt64(list.leastByteCount))?.adding(needed) ?? .max
    }
    var room: UInt64 = 0
    for number in Set(wanted.parts.map { slices[$0.index].file }) {
      room = files[number].byteCount.multiplied(by: Self.largestExpansion)?.adding(room) ?? .max
    }
    guard needed <= room else {
      throw CheckpointError(
        .corrupt,
        "the list of tensors promises \(wanted.spec), for which the records need \(needed) bytes at "
          + "least, more than the file can hold")
    }
  }

  // Blocks may be compressed with Snappy, whose copies give 64 bytes for 3.
  private static let largestExpansion: UInt64 = 22
}
