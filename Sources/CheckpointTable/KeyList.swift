internal import CheckpointIO

/// Keys one after the other in one piece of memory, so that many of them cost few allocations.
///
///     var wanted = KeyList()
///     for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
///       wanted.append(name)
///     }
package struct KeyList: Sendable {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []

  /// Creates an empty list.
  package init() {}

  /// Creates a list of one key.
  package init(_ key: Span<UInt8>) { append(key) }

  /// How many keys there are.
  package var count: Int { ends.count }

  /// How many bytes all keys have together.
  package var byteCount: Int { bytes.count }

  /// Adds a key after the others.
  package mutating func append(_ key: Span<UInt8>) {
    unsafe key.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    ends.append(bytes.count)
  }

  /// Adds the UTF-8 form of a name after the others.
  package mutating func append(_ name: String) { name.utf8.withSpan { append($0) } }

  /// The key at a position.
  package subscript(index: Int) -> Span<UInt8> {
    @_lifetime(borrow self)
    get {
      // The ends ascend, and the last one is `bytes.count`.
      bytes.span.extracting((index == 0 ? 0 : ends[index &- 1])..<ends[index])
    }
  }

  /// The first position from `start` on with a key that is `key` or comes after it, or `count`.
  ///
  /// The keys must be in order.
  package func firstIndex(notBelow key: Span<UInt8>, from start: Int = 0) -> Int {
    var (low, high) = (start, count)
    while low < high {
      let middle = low &+ (high &- low) / 2
      if self[middle].precedes(key) { low = middle &+ 1 } else { high = middle }
    }
    return low
  }
}
