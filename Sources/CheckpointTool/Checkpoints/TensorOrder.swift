import CheckpointIO
import CheckpointStore
import CheckpointTensors

/// How the tensors of a list are sorted.
enum TensorOrder: String, CaseIterable {
  /// By their names, byte by byte; in a tree, numbers at their ends by their values.
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

  // Layers that only differ in a number at the end stand in the order of these: 2 before 10.
  private static func areInOrder(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    let (first, second) = (numbered(one), numbered(other))
    guard first.stem == second.stem else {
      return first.stem.lexicographicallyPrecedes(second.stem)
    }
    if first.digits.count != second.digits.count { return first.digits.count < second.digits.count }
    if first.digits != second.digits {
      return first.digits.lexicographicallyPrecedes(second.digits)
    }
    return one.count < other.count  // zeros before the number
  }

  // A name and the number at its end, without zeros before it.
  private static func numbered(_ part: [UInt8]) -> (
    stem: ArraySlice<UInt8>, digits: ArraySlice<UInt8>
  ) {
    let digits = part.reversed().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      .count
    let stem = part.dropLast(digits)
    return (stem, part[stem.endIndex...].drop { $0 == UInt8(ascii: "0") })
  }
}

extension ArgumentScanner {
  /// The order that `--sort` names; that of names without it.
  ///
  /// - Throws: `invalidArgument` for a word that is none.
  func order() throws(CheckpointError) -> TensorOrder {
    guard let name = value(of: "--sort") else { return .name }
    guard let order = TensorOrder(rawValue: name) else {
      throw misuse("'\(name.shown)' is no order: name, size or count")
    }
    return order
  }
}
