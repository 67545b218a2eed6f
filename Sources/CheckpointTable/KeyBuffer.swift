internal import CheckpointIO

/// The key of a block's current entry, of which each entry replaces the end.
struct KeyBuffer: Sendable {
  private var bytes: [UInt8] = []  // the key, and behind it what was part of longer ones
  /// How many bytes the key has.
  private(set) var count = 0

  /// The key.
  var key: Span<UInt8> {
    @_lifetime(borrow self)
    get { bytes.span.extracting(..<count) }
  }

  /// Makes the key empty.
  mutating func removeAll() { count = 0 }

  /// Keeps `start` bytes of the key, of which it has as many, and goes on with others.
  mutating func replace(from start: Int, with end: Span<UInt8>) {
    precondition(start <= count)
    let needed = start &+ end.count
    if needed > bytes.count {
      bytes += Array(repeating: 0, count: max(needed, 2 * bytes.count, 64) &- bytes.count)
    }
    var place = bytes.mutableSpan
    place.copy(end, to: start)
    count = needed
  }
}
