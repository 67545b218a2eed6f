import CheckpointStore
import CheckpointTensors

/// How the tensors of a list are sorted.
enum TensorOrder: String, CaseIterable {
  /// By their names, byte by byte; in a tree, numbers by their values.
  case name
  /// Those of the most bytes first.
  case size
  /// Those of the most elements first.
  case count

  /// Whether one tensor goes before another.
  func areInOrder(_ one: TensorEntry, _ other: TensorEntry) -> Bool {
    switch self {
    case .size where one.byteCount != other.byteCount: one.byteCount > other.byteCount
    case .count where one.spec.shape.elementCount != other.spec.shape.elementCount:
      one.spec.shape.elementCount > other.spec.shape.elementCount
    default: one.key < other.key
    }
  }

  /// Whether one layer goes before another in the same one.
  func areInOrder(_ one: LayerTree.Node, _ other: LayerTree.Node) -> Bool {
    switch self {
    case .size where one.byteCount != other.byteCount: one.byteCount > other.byteCount
    case .count where one.parameterCount != other.parameterCount:
      one.parameterCount > other.parameterCount
    default: Self.areInOrder(one.part, other.part)
    }
  }

  // Layers that are numbers come first, in the order of these: 2 before 10.
  private static func areInOrder(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    let areNumbers = (isNumber(one), isNumber(other))
    if areNumbers.0 != areNumbers.1 { return areNumbers.0 }
    if areNumbers.0, one.count != other.count { return one.count < other.count }
    return one.lexicographicallyPrecedes(other)
  }

  private static func isNumber(_ part: [UInt8]) -> Bool {
    part.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}
