package import CheckpointIO
import CheckpointSlices
import CheckpointTensors

// How much room a save needs is known before its first byte is written:
//
//   values    exactly: numbers by their shapes, strings by their lengths; in the format V1, where small
//             numbers take fewer bytes, at least
//   index     at most: an entry's key, 64 bytes for what it says (more for one in parts), and blocks
//             around them
//
// Files take whole blocks of the disk, and a few small files come on top.

/// The room that a checkpoint needs.
struct SaveSize: Hashable {
  /// The bytes of the values.
  var dataByteCount: UInt64 = 0
  /// The bytes of the index, at most.
  var indexByteCount: UInt64 = 4_096

  /// Nothing yet.
  init() {}

  static func + (one: SaveSize, other: SaveSize) -> SaveSize {
    var sum = one
    sum.dataByteCount = one.dataByteCount.adding(other.dataByteCount) ?? .max
    sum.indexByteCount = one.indexByteCount.adding(other.indexByteCount) ?? .max
    return sum
  }

  /// Works it out.
  init(of plan: SavePlan, isV1: Bool) throws(CheckpointError) {
    let items = plan.items.span  // looked at in their places: copies would count references
    for index in items.indices {
      let rank = UInt64(items[index].spec.shape.rank)
      let count = try Self.byteCount(items[index], isV1: isV1)
      dataByteCount = dataByteCount.adding(count) ?? .max
      // A part stands in the whole tensor's entry, and in its own.
      let parts: UInt64 = items[index].part == nil ? 1 : 3
      indexByteCount += (UInt64(items[index].key.bytes.count) + 64 + 24 * rank) * parts * 5 / 4
    }
  }

  private static func byteCount(_ item: SavePlan.Item, isV1: Bool) throws(CheckpointError) -> UInt64
  {
    if isV1, let byteCount = SlicesWriter.leastByteCount(of: item.spec) { return byteCount }
    return UInt64(try item.byteCount)
  }

  /// The room on a disk with the usual blocks, with some for the small files beside a checkpoint.
  var room: UInt64 {
    let block: UInt64 = 4_096
    let blocks = (dataByteCount / block + 1) + (indexByteCount / block + 1) + 16
    return blocks.multipliedReportingOverflow(by: block).overflow ? .max : blocks * block
  }
}

extension SaveSize {
  /// Refuses to begin where there is too little room.
  ///
  /// - Parameters:
  ///   - prefix: Where the checkpoint is to be.
  ///   - fileSystem: In which file system; if it does not tell how much is free, writing will.
  /// - Throws: `io` with `ENOSPC` if there is too little room.
  func check(at prefix: String, _ fileSystem: any FileSystem) throws(CheckpointError) {
    guard let free = fileSystem.availableByteCount(near: Path(prefix).directory), room > free else {
      return
    }
    var error = CheckpointError(
      .io,
      "the checkpoint has \(dataByteCount) bytes of values and an index of up to "
        + "\(indexByteCount), and \(free) bytes are free; free some room, or save elsewhere; "
        + "nothing has changed", file: prefix)
    error.systemError = noSpace
    throw error
  }
}

extension SavePlan {
  /// Refuses to begin where there is too little room.
  ///
  /// - Parameters:
  ///   - prefix: Where the checkpoint is to be.
  ///   - fileSystem: In which file system; if it does not tell how much is free, writing will.
  ///   - isV1: Whether it is saved in the format V1.
  /// - Throws: `io` with `ENOSPC` if there is too little room.
  package func checkRoom(at prefix: String, _ fileSystem: any FileSystem, isV1: Bool = false)
    throws(CheckpointError)
  {
    try SaveSize(of: self, isV1: isV1).check(at: prefix, fileSystem)
  }
}

extension FileSystem {
  // Of the directory, or of the one above it that exists; `nil` where the system does not tell.
  fileprivate func availableByteCount(near directory: String) -> UInt64? {
    do throws(CheckpointError) {
      var current = directory
      while try status(of: current) == nil {
        let parent = Path(current).directory
        guard parent != current else { return nil }
        current = parent
      }
      return availableByteCount(at: current)
    } catch {
      return nil
    }
  }
}
