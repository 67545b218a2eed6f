import CheckpointIO

/// The entries of several lists, each in ascending order of its keys, in one order: a heap of the first of
/// each list.
///
/// If several entries have the same key, that of the earlier list comes first.
struct MergeQueue {
  /// Where an entry is.
  ///
  /// There is one for each entry, so it is small.
  struct Place {
    /// The number of the list.
    let list: UInt32
    /// The entry's number in it.
    fileprivate(set) var index: UInt32

    init(list: Int, index: Int) {
      // Both fit in 32 bits: neither arguments nor entries in memory are that many.
      (self.list, self.index) = (UInt32(list), UInt32(index))
    }
  }

  private var heap: [Place] = []
  private let lists: [EntryList]
  private let ranges: [Range<Int>]

  /// Begins with the first entry of each list.
  ///
  /// - Parameters:
  ///   - lists: The lists.
  ///   - ranges: Which entries of each list are to be put in order.
  init(_ lists: [EntryList], _ ranges: [Range<Int>]) {
    (self.lists, self.ranges) = (lists, ranges)
    heap = ranges.indices.filter { !ranges[$0].isEmpty }.map {
      Place(list: $0, index: ranges[$0].lowerBound)
    }
    for place in heap.indices.reversed() { sink(place) }
  }

  /// Takes the first entry out.
  mutating func popFirst() -> Place? {
    guard let first = heap.first else { return nil }
    heap[0].index += 1
    if Int(heap[0].index) == ranges[Int(first.list)].upperBound {
      heap.swapAt(0, heap.count - 1)
      heap.removeLast()
    }
    sink(0)
    return first
  }

  // A place that has to sink mostly sinks far. So its children move up all the way to the bottom, and from there
  // it rises to where it belongs: one comparison a level, and not two.
  private mutating func sink(_ start: Int) {
    guard let first = firstChild(of: start), precedes(first, start) else { return }
    let sinking = heap[start]
    var hole = start
    while let child = firstChild(of: hole) {
      heap[hole] = heap[child]
      hole = child
    }
    heap[hole] = sinking
    while hole > start, precedes(hole, (hole - 1) / 2) {
      heap.swapAt(hole, (hole - 1) / 2)
      hole = (hole - 1) / 2
    }
  }

  // The one of two that comes first.
  private func firstChild(of parent: Int) -> Int? {
    let child = 2 * parent + 1
    guard child + 1 < heap.count else { return child < heap.count ? child : nil }
    return precedes(child, child + 1) ? child : child + 1
  }

  private func precedes(_ one: Int, _ other: Int) -> Bool {
    let (one, other) = (heap[one], heap[other])
    let lists = lists.span  // looked at in their places: copies would count references
    let key = lists[Int(one.list)].key(Int(one.index))
    switch key.order(to: lists[Int(other.list)].key(Int(other.index))) {
    case .before: return true
    case .same: return one.list < other.list
    case .after: return false
    }
  }
}
