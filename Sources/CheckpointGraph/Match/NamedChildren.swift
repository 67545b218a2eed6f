import CheckpointIO
import CheckpointTensors

/// Children found by name, mostly in the order in which they stand: those of the saved object and of
/// the program's are the same, as a rule.
struct NamedChildren {
  private let children: ArraySlice<ObjectGraph.Child>
  private var place: Int
  private lazy var table: [TensorKey: Int] = Dictionary(
    children.map { (TensorKey($0.name), $0.node) }, uniquingKeysWith: { first, _ in first })

  init(_ children: ArraySlice<ObjectGraph.Child>) {
    self.children = children
    place = children.startIndex
  }

  mutating func next(_ name: Span<UInt8>) -> Int? {
    if place < children.endIndex, children[place].name.utf8.matches(name) {
      place += 1
      return children[place - 1].node
    }
    guard children.count <= 8 else { return table[TensorKey(copying: name)] }
    let found = children.firstIndex { $0.name.utf8.matches(name) }
    guard let found else { return nil }
    place = found + 1
    return children[found].node
  }
}
