/// The next of several ascending runs, over and over: a heap of their first elements.
///
/// Of equal elements, that of the earlier run comes first.
struct MergeQueue {
  /// Which run, and which of its elements.
  struct Element {
    let run: Int
    fileprivate(set) var index: Int
  }

  private var heap: [Element] = []
  private let counts: [Int]
  private let isBefore: (Element, Element) -> Bool

  /// Begins with all runs.
  ///
  /// - Parameters:
  ///   - counts: How many elements each has.
  ///   - isBefore: Whether an element is less than another one; those of a run ascend.
  init(_ counts: [Int], _ isBefore: @escaping (Element, Element) -> Bool) {
    self.counts = counts
    self.isBefore = isBefore
    heap = counts.indices.filter { counts[$0] > 0 }.map { Element(run: $0, index: 0) }
    for place in heap.indices.reversed() { sink(place) }
  }

  /// Takes the least element out.
  mutating func popFirst() -> Element? {
    guard let first = heap.first else { return nil }
    heap[0].index += 1
    if heap[0].index == counts[first.run] {
      heap.swapAt(0, heap.count - 1)
      heap.removeLast()
    }
    sink(0)
    return first
  }

  private mutating func sink(_ start: Int) {
    var place = start
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
        if precedes(heap[child], heap[least]) { least = child }
      }
      guard least != place else { return }
      heap.swapAt(place, least)
      place = least
    }
  }

  private func precedes(_ one: Element, _ other: Element) -> Bool {
    if isBefore(one, other) { return true }
    return one.run < other.run && !isBefore(other, one)
  }
}
