import CheckpointIO
import CheckpointTensors

/// Prints a tensor as nested brackets, in columns, the middle of large ones left out: as numpy does.
///
/// Source: numpy/core/arrayprint.py, `_formatArray`.
struct TensorPrinter {
  private let shape: TensorShape
  private let strides: [Int]
  private let isAbbreviated: Bool
  private var elements: any ElementPrinter
  private let output: StandardOutput
  private var column = 0  // how many characters the current line has
  private var pendingSpaces = 0  // before what comes next, if that does not go to a new line

  /// Prepares to print a tensor: all elements, however many there are, if it is to be the whole.
  init(_ tensor: AnyTensor, isWhole: Bool, output: StandardOutput) {
    shape = tensor.spec.shape
    strides = shape.strides
    isAbbreviated = !isWhole && shape.elementCount > Self.threshold
    elements = tensor.elementPrinter(isWhole: isWhole)
    self.output = output
  }

  /// Prints the tensor.
  mutating func print() throws(CheckpointError) {
    guard shape.elementCount > 0 else { return try output.write("[]\n") }
    measure(axis: 0, base: 0)
    try print(axis: 0, base: 0)
    try output.write("\n")
  }

  // MARK: Elements

  private mutating func measure(axis: Int, base: Int) {
    guard axis < shape.rank else { return elements.measure(base) }
    for range in shownRanges(axis) {
      for index in range { measure(axis: axis + 1, base: base + index * strides[axis]) }
    }
  }

  // One range, or two with a gap between them.
  private func shownRanges(_ axis: Int) -> [Range<Int>] {
    let length = shape[axis]
    guard isAbbreviated, length > 2 * Self.edgeCount else { return [0..<length] }
    return [0..<Self.edgeCount, length - Self.edgeCount..<length]
  }

  // MARK: Lines

  private mutating func print(axis: Int, base: Int) throws(CheckpointError) {
    guard axis < shape.rank else { return try print(word: elements.text(base), axis: axis - 1) }
    try write("[")
    var isFirst = true
    for (number, range) in shownRanges(axis).enumerated() {
      if number > 0 {
        try separate(axis: axis)
        try print(word: "...", axis: axis)
      }
      for index in range {
        if !isFirst { try separate(axis: axis) }
        isFirst = false
        try print(axis: axis + 1, base: base + index * strides[axis])
      }
    }
    try write("]")
  }

  // Between neighbours: a space in the last dimension, empty lines in the outer ones.
  private mutating func separate(axis: Int) throws(CheckpointError) {
    let inner = shape.rank - 1 - axis
    if inner == 0 {
      pendingSpaces += 1
    } else {
      try breakLine(count: inner, axis: axis)
    }
  }

  private mutating func breakLine(count: Int, axis: Int) throws(CheckpointError) {
    try output.write(String(repeating: "\n", count: count))
    column = 0
    try write(String(repeating: " ", count: axis + 1))
  }

  private mutating func print(word: String, axis: Int) throws(CheckpointError) {
    let isRow = axis == shape.rank - 1
    let wanted = column + pendingSpaces + word.count
    if isRow, column > axis + 1, wanted > Self.lineWidth - axis - 1 {
      pendingSpaces = 0
      try breakLine(count: 1, axis: axis)
    }
    let end = word.lastIndex { $0 != " " }.map { word.index(after: $0) } ?? word.startIndex
    try write(String(word[..<end]))
    pendingSpaces = word[end...].count
  }

  private mutating func write(_ text: String) throws(CheckpointError) {
    let text = String(repeating: " ", count: pendingSpaces) + text
    pendingSpaces = 0
    column += text.count
    try output.write(text)
  }

  private static let threshold = 1000
  private static let edgeCount = 3
  private static let lineWidth = 75
}
