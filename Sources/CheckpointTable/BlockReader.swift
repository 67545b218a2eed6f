internal import CheckpointIO

/// A cursor over the entries of one block.
///
///     var entries = block.entries
///     while try entries.next() { use(entries.key, entries.value) }
///
/// Every step is checked, whether or not the block was: lengths are added as 64-bit numbers and
/// compared with the entry area, and keys must ascend.
struct BlockReader: ~Copyable, ~Escapable {
  /// How the keys of neighbours must compare.
  enum Order: Sendable {
    /// Each key comes after the one before: data blocks.
    case ascending
    /// A key may be repeated: index blocks, whose separators bound empty blocks too.
    case notDescending
  }

  private let entries: Span<UInt8>
  private let restarts: Span<UInt8>  // 4 bytes each
  private let order: Order
  private let place: BlockPlace
  private var keyBytes = KeyBuffer()
  private var current = Header(shared: 0, keyStart: 0, valueStart: 0, end: 0)
  private var hasEntry = false

  /// Creates a cursor before the first entry.
  @_lifetime(copy entries, copy restarts)
  init(entries: Span<UInt8>, restarts: Span<UInt8>, order: Order, place: BlockPlace) {
    self.entries = entries
    self.restarts = restarts
    self.order = order
    self.place = place
  }

  /// Where the next entry begins within the block.
  var position: Int { current.end }

  /// How many bytes of the current key were taken from the one before.
  var shared: Int { current.shared }

  /// The key of the current entry; after the end, of the last one.
  var key: Span<UInt8> {
    @_lifetime(borrow self)
    get { keyBytes.key }
  }

  /// The value of the current entry.
  var value: Span<UInt8> {
    @_lifetime(copy self)
    get { entries.extracting(current.valueStart..<current.end) }
  }

  /// Goes to the next entry; false if there is none.
  ///
  /// - Throws: `corrupt` for an entry that leaves the block or is out of order.
  @_lifetime(self: copy self)
  mutating func next() throws(CheckpointError) -> Bool {
    guard current.end < entries.count else {
      hasEntry = false
      return false
    }
    let start = current.end
    let header = try header(at: start)
    guard header.shared <= keyBytes.count else {
      throw place.damaged(
        "entry shares \(header.shared) bytes with the key before it, which has \(keyBytes.count)",
        at: start)
    }
    let tail = entries.extracting(header.keyStart..<header.valueStart)
    if hasEntry { try checkOrder(tail, shared: header.shared, at: start) }
    keyBytes.replace(from: header.shared, with: tail)
    current = header
    hasEntry = true
    return true
  }

  /// Goes to the first entry whose key is `wanted` or comes after it.
  ///
  /// Looks at about log2(restarts) keys, and at the entries after one restart.
  ///
  /// - Returns: Which of both it is; `before` if there is none, and all keys come before `wanted`.
  @_lifetime(self: copy self)
  mutating func seek(_ wanted: Span<UInt8>) throws(CheckpointError) -> KeyOrder {
    var (low, high) = (0, restarts.count / 4)
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if try restartKey(middle).precedes(wanted) { low = middle } else { high = middle }
    }
    keyBytes.removeAll()
    hasEntry = false
    current.end = high > 0 ? try restartOffset(low) : 0
    return try scan(to: wanted, budget: .max) ?? .before
  }

  /// Like `seek`, for keys wanted in order: near ones are found by going on from here.
  @_lifetime(self: copy self)
  mutating func advance(to wanted: Span<UInt8>) throws(CheckpointError) -> KeyOrder {
    if hasEntry {
      let order = keyBytes.key.order(to: wanted)
      if order != .before { return order }
    }
    if let order = try scan(to: wanted, budget: 32) { return order }
    return try seek(wanted)
  }

  // `nil` if the budget was spent before an answer was found.
  @_lifetime(self: copy self)
  private mutating func scan(to wanted: Span<UInt8>, budget: Int) throws(CheckpointError)
    -> KeyOrder?
  {
    var left = budget
    while left > 0 {
      guard try next() else { return .before }
      let order = keyBytes.key.order(to: wanted)
      if order != .before { return order }
      left &-= 1
    }
    return nil
  }

  private func checkOrder(_ tail: Span<UInt8>, shared: Int, at start: Int) throws(CheckpointError) {
    let rest = keyBytes.key.extracting(shared...)
    // Writers leave out all that two keys share: most often the first bytes decide.
    if rest.count > 0, tail.count > 0, rest[0] < tail[0] { return }
    let common = rest.commonPrefixCount(with: tail)
    if rest.precedes(tail, afterCommon: common) { return }
    let isRepeated = common == rest.count && common == tail.count
    if isRepeated && order == .notDescending { return }
    let before = keyBytes.key.keyText
    throw place.damaged(
      isRepeated ? "key \(before) occurs twice" : "the key after \(before) is smaller", at: start)
  }
}

extension BlockReader {
  /// The lengths at the start of an entry, as positions within the block.
  ///
  /// `keyStart <= valueStart <= end`, and `end` is at most the size of the entry area.
  private struct Header {
    var shared: Int
    var keyStart: Int
    var valueStart: Int
    var end: Int
  }

  private func header(at start: Int) throws(CheckpointError) -> Header {
    if entries.count - start >= 3 {
      let (a, b, c) = (entries[start], entries[start &+ 1], entries[start &+ 2])
      if a | b | c < 0x80 {
        return try header(
          at: start, shared: UInt32(a), unshared: UInt32(b), value: UInt32(c), keyStart: start &+ 3)
      }
    }
    var reader = ByteReader(entries.extracting(start...))
    let (shared, unshared, value): (UInt32, UInt32, UInt32)
    do throws(CheckpointError) {
      shared = try reader.readVarint32()
      unshared = try reader.readVarint32()
      value = try reader.readVarint32()
    } catch {
      throw place.damaged("entry: \(error.message)", at: start)
    }
    return try header(
      at: start, shared: shared, unshared: unshared, value: value, keyStart: start + reader.offset)
  }

  private func header(at start: Int, shared: UInt32, unshared: UInt32, value: UInt32, keyStart: Int)
    throws(CheckpointError) -> Header
  {
    // Each sum is of two 32-bit numbers and a position: no 64 bits overflow.
    let valueStart = UInt64(keyStart) &+ UInt64(unshared)
    let end = valueStart &+ UInt64(value)
    guard end <= UInt64(entries.count) else {
      throw place.damaged(
        "entry of \(unshared) key bytes and \(value) value bytes, but only "
          + "\(entries.count - keyStart) are left", at: start)
    }
    return Header(
      shared: Int(clamping: shared), keyStart: keyStart, valueStart: Int(valueStart), end: Int(end))
  }

  /// Where restart number `index` says that an entry begins.
  func restartOffset(_ index: Int) throws(CheckpointError) -> Int {
    var reader = ByteReader(restarts.extracting((4 &* index)..<(4 &* index &+ 4)))
    let offset = try reader.readUInt32()
    guard offset < entries.count || offset == 0 else {
      throw place.damaged(
        "restart \(index) is at \(offset), the entries end at \(entries.count)", at: entries.count)
    }
    return Int(offset)  // less than `entries.count`, or 0
  }

  @_lifetime(copy self)
  private func restartKey(_ index: Int) throws(CheckpointError) -> Span<UInt8> {
    let header = try header(at: restartOffset(index))
    return entries.extracting(header.keyStart..<header.valueStart)
  }
}
