internal import CheckpointIO

/// The index block of a table, checked: where its blocks are, and which keys they may hold.
struct TableIndex: Sendable {
  /// For each block a key that none of its keys comes after, and none of the next precedes: see
  /// ``isBounded``.
  private(set) var separators = KeyList()
  /// Where the blocks are: in ascending order, without overlap, within the file.
  private(set) var handles: [BlockHandle] = []

  /// How many blocks there are: at least one.
  var count: Int { handles.count }

  /// Reads the index block.
  init(at handle: BlockHandle, of file: any ReadableFile, limits: TableLimits)
    throws(CheckpointError)
  {
    let block = try Block(
      at: handle, of: file, order: .notDescending, byteLimit: limits.blockByteCount)
    try block.check(keyByteCount: limits.keyByteCount(ofIndex: block))
    var entries = block.entries
    while true {
      let start = entries.position
      guard try entries.next() else { break }
      let next = try Self.handle(entries.value, number: count, entryAt: start, place: block.place)
      try next.checked(within: file, what: "block \(count)")
      try checkPlace(of: next, index: handle, file: file)
      separators.append(entries.key)
      handles.append(next)
    }
    guard count > 0 else {
      throw .damaged(
        "the index names no block, a checkpoint has at least one", file: file.path,
        offset: handle.offset)
    }
  }

  /// Whether the last separator is one.
  ///
  /// The writer of Swift for TensorFlow derives it from the key before the last restart, which may be
  /// none; all its keys are in one block. Where that has no other key than the empty one, it makes no
  /// difference.
  var isBounded: Bool { count > 1 || !separators[0].isEmpty }

  /// The first block from `start` on that may have a key, or `count`.
  func firstBlock(for key: Span<UInt8>, from start: Int = 0) -> Int {
    isBounded ? separators.firstIndex(notBelow: key, from: start) : start
  }

  private static func handle(
    _ value: Span<UInt8>, number: Int, entryAt start: Int, place: BlockPlace
  ) throws(CheckpointError) -> BlockHandle {
    var reader = ByteReader(value)  // what follows the handle is ignored, as TensorFlow does
    do throws(CheckpointError) {
      return try BlockHandle(from: &reader)
    } catch {
      throw place.damaged("handle of block \(number): \(error.message)", at: start)
    }
  }

  private func checkPlace(of next: BlockHandle, index: BlockHandle, file: any ReadableFile)
    throws(CheckpointError)
  {
    // All handles have been checked against the file: their ends are numbers.
    let start = next.offset
    let last = handles.last.flatMap(\.end) ?? 0
    guard let end = next.end, let indexEnd = index.end else { return }
    guard start >= last else {
      throw .damaged(
        "block \(count) begins at byte \(start), but the block before it ends at byte \(last)",
        file: file.path, offset: start)
    }
    guard end <= index.offset || start >= indexEnd else {
      throw .damaged(
        "block \(count), bytes \(start) to \(end), overlaps the index block, bytes "
          + "\(index.offset) to \(indexEnd)", file: file.path, offset: start)
    }
  }
}
