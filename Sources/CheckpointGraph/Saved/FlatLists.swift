/// Lists with the numbers 0, 1, 2 …, one after the other in one array.
///
/// Each of many nodes has a few short lists: as arrays, they would take memory of their own, which
/// costs more than what is in them.
package struct FlatLists<Element> {
  /// The elements of all lists.
  package private(set) var elements: [Element] = []
  // Where each list ends; the one behind them is open. A graph has fewer nodes and edges than 2^31.
  private var ends: [Int32] = []

  /// Makes room for lists and elements.
  mutating func reserveCapacity(listCount: Int, _ elementCount: Int) {
    ends.reserveCapacity(listCount)
    elements.reserveCapacity(elementCount)
  }

  /// Adds an element to the open list.
  mutating func append(_ element: Element) { elements.append(element) }

  /// Ends the open list: what is appended from now on belongs to the next one.
  mutating func endList() { ends.append(Int32(elements.count)) }

  /// Ends lists until that of a number is open.
  mutating func begin(_ list: Int) {
    while ends.count < list { endList() }
  }

  /// Where the elements of a list are; lists behind the open one are empty.
  package func range(of list: Int) -> Range<Int> {
    (list == 0 ? 0 : end(of: list - 1))..<end(of: list)
  }

  private func end(of list: Int) -> Int { list < ends.count ? Int(ends[list]) : elements.count }

  /// The elements of a list.
  package subscript(list: Int) -> ArraySlice<Element> { elements[range(of: list)] }

  /// The list that an element belongs to.
  func list(of element: Int) -> Int {
    var (low, high) = (0, ends.count)
    while low < high {
      let middle = low + (high - low) / 2
      if Int(ends[middle]) <= element { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension FlatLists {
  /// Whether there are the same lists of the same elements.
  func isEqual(to other: FlatLists, _ isSame: (Element, Element) -> Bool) -> Bool {
    guard elements.count == other.elements.count, ends == other.ends else { return false }
    return elements.indices.allSatisfy { isSame(elements[$0], other.elements[$0]) }
  }
}

extension FlatLists: Sendable where Element: Sendable {}
