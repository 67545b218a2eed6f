import CheckpointIO
import CheckpointTensors

/// Prints elements of a tensor one by one, so that they make columns.
protocol ElementPrinter {
  /// Takes an element into account: first all that are shown, then ``text(_:)``.
  mutating func measure(_ index: Int)
  /// An element as text.
  func text(_ index: Int) -> String
}

/// Elements that are words: integers, truth values, strings.
struct WordPrinter: ElementPrinter {
  private let word: (Int) -> String
  private let isAligned: Bool
  private var width = 0

  /// Words by index; filled up to one width if they are to be aligned.
  init(isAligned: Bool, word: @escaping (Int) -> String) {
    self.isAligned = isAligned
    self.word = word
  }

  mutating func measure(_ index: Int) {
    if isAligned { width = max(width, word(index).count) }
  }

  func text(_ index: Int) -> String { word(index).paddedLeft(to: width) }
}

/// Elements that are floating-point numbers.
struct FloatPrinter: ElementPrinter {
  private let value: (Int) -> NumberColumn.Value
  private var column = NumberColumn()

  init(value: @escaping (Int) -> NumberColumn.Value) { self.value = value }

  mutating func measure(_ index: Int) { column.measure(value(index)) }

  func text(_ index: Int) -> String { column.text(value(index)) }
}

/// Elements that are complex numbers: `1.5-2.j`.
struct ComplexPrinter: ElementPrinter {
  private let part: (Int) -> NumberColumn.Value
  private var real = NumberColumn()
  private var imaginary = NumberColumn(showsPlus: true)

  /// - Parameter part: The real part of element n for 2 n, the imaginary part for 2 n + 1.
  init(part: @escaping (Int) -> NumberColumn.Value) { self.part = part }

  mutating func measure(_ index: Int) {
    real.measure(part(2 * index))
    imaginary.measure(part(2 * index + 1))
  }

  func text(_ index: Int) -> String {
    let imaginary = imaginary.text(part(2 * index + 1))
    let number = String(imaginary.reversed().drop { $0 == " " }.reversed())
    return real.text(part(2 * index)) + "\(number)j".paddedRight(to: imaginary.count + 1)
  }
}
