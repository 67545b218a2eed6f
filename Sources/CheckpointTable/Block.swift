internal import CheckpointIO

/// The decompressed bytes of a block, and where its parts are.
struct Block: Sendable {
  private let bytes: [UInt8]
  /// How many bytes the entries take; the restarts follow.
  let entriesEnd: Int
  private let restartCount: Int
  private let order: BlockReader.Order
  /// Where the block is from.
  let place: BlockPlace
  /// How many bytes of the file it took.
  let storedByteCount: Int

  /// How much memory the block takes.
  var byteCount: Int { bytes.count }

  /// Takes a block of `byteCount` bytes apart; the array may be longer.
  ///
  /// Its entries are checked by ``check(after:upTo:keyByteCount:)``.
  init(
    _ bytes: [UInt8], byteCount: Int, storedByteCount: Int, order: BlockReader.Order,
    place: BlockPlace
  ) throws(CheckpointError) {
    guard byteCount >= 4 else {
      throw place.damaged("a block has at least 4 bytes, this one has \(byteCount)", at: 0)
    }
    let last = bytes.span.extracting((byteCount - 4)..<byteCount)
    var reader = ByteReader(last)
    let count = UInt64(try reader.readUInt32())
    guard 4 * count + 4 <= UInt64(byteCount) else {  // `count` has 32 bits
      throw place.damaged(
        "the block of \(byteCount) bytes has no room for \(count) restarts", at: byteCount - 4)
    }
    let entriesEnd = byteCount - 4 - 4 * Int(count)  // `count` is less than `byteCount`
    let leadsNowhere = try Self.endsBehindEntries(bytes, byteCount, count: count, entriesEnd)
    self.bytes = bytes
    self.restartCount = Int(count) - (leadsNowhere ? 1 : 0)
    self.entriesEnd = entriesEnd
    self.order = order
    self.place = place
    self.storedByteCount = storedByteCount
  }

  // Whether the last restart is where the entries end. The writer of Swift for TensorFlow sets one after
  // every 15 or 16 entries, whether or not another entry follows. No search needs it.
  // Source: github.com/tensorflow/swift-models, Checkpoints/CheckpointIndexWriter.swift.
  private static func endsBehindEntries(
    _ bytes: [UInt8], _ byteCount: Int, count: UInt64, _ entriesEnd: Int
  ) throws(CheckpointError) -> Bool {
    guard count > 1, entriesEnd > 0 else { return false }
    var reader = ByteReader(bytes.span.extracting((byteCount - 8)..<(byteCount - 4)))
    return UInt64(try reader.readUInt32()) == UInt64(entriesEnd)
  }

  /// A cursor before the first entry.
  var entries: BlockReader {
    @_lifetime(borrow self)
    get {
      let span = bytes.span
      return BlockReader(
        entries: span.extracting(..<entriesEnd),
        restarts: span.extracting(entriesEnd..<(entriesEnd + 4 * restartCount)), order: order,
        place: place)
    }
  }

  /// Checks every entry: a block is used only after that, so that damage is never taken for the
  /// absence of a key.
  ///
  /// - Parameters:
  ///   - lower: A key that none of the block's may precede.
  ///   - upper: A key that each of the block's is or precedes.
  ///   - limit: How many bytes all keys may have together.
  /// - Throws: `corrupt` at the first entry or restart that is wrong; `limitExceeded` for too many
  ///   key bytes.
  func check(
    after lower: Span<UInt8>? = nil, upTo upper: Span<UInt8>? = nil,
    keyByteCount limit: UInt64
  ) throws(CheckpointError) {
    var restarts = RestartCheck(count: restartCount)
    var keyBytesLeft = limit
    var reader = entries
    while true {
      let start = reader.position
      guard try reader.next() else { break }
      try restarts.visit(entryAt: start, in: reader, place: place)
      guard UInt64(reader.key.count) <= keyBytesLeft else { throw tooManyKeyBytes(limit) }
      keyBytesLeft -= UInt64(reader.key.count)
      if start == 0, let lower { try checkLower(lower, reader.key) }
      if reader.position == entriesEnd, let upper { try checkUpper(upper, reader.key, at: start) }
    }
    try restarts.finish(in: reader, place: place, entriesEnd: entriesEnd)
  }

  private func checkLower(_ lower: Span<UInt8>, _ key: Span<UInt8>) throws(CheckpointError) {
    guard key.precedes(lower) else { return }
    throw place.damaged(
      "first key \(key.keyText) of the block precedes \(lower.keyText), which the index gives as "
        + "the end of the block before", at: 0)
  }

  private func checkUpper(_ upper: Span<UInt8>, _ key: Span<UInt8>, at start: Int)
    throws(CheckpointError)
  {
    guard upper.precedes(key) else { return }
    throw place.damaged(
      "last key \(key.keyText) of the block comes after \(upper.keyText), which the index gives as "
        + "its end", at: start)
  }

  private func tooManyKeyBytes(_ limit: UInt64) -> CheckpointError {
    CheckpointError(
      .limitExceeded,
      "the keys of a block of \(storedByteCount) stored bytes have more than \(limit) bytes, which no "
        + "writer needs; the limit is in TableLimits", file: place.file, offset: place.offset)
  }
}
