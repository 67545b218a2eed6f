/// For each node of one graph the number of a node of another one, or none.
package struct NodeNumbers {
  private var numbers: [Int32]  // -1 for none

  /// Begins with none.
  init(count: Int) { numbers = Array(repeating: -1, count: count) }

  /// The number for a node.
  package internal(set) subscript(node: Int) -> Int? {
    get { numbers[node] < 0 ? nil : Int(numbers[node]) }
    set { numbers[node] = newValue.map { Int32($0) } ?? -1 }
  }

  /// The nodes that have a number.
  package var indices: Range<Int> { numbers.indices }
}
