/// Lines of cells in columns, two spaces apart at least, whatever the cells hold.
struct TextTable {
  /// A column.
  struct Column {
    /// What stands above it.
    var title = ""
    /// Whether its cells stand at the right end: numbers do.
    var isRight = false
    /// Cells that are wider do not widen the column: a few long names are no reason to push everything to
    /// the right.
    var widthLimit = Int.max

    /// A column of words.
    static func left(_ title: String = "", widthLimit: Int = .max) -> Column {
      Column(title: title, widthLimit: widthLimit)
    }

    /// A column of numbers.
    static func right(_ title: String = "") -> Column { Column(title: title, isRight: true) }
  }

  /// A text in a column.
  struct Cell: ExpressibleByStringInterpolation {
    var text: String
    var paint: Paint?

    init(_ text: String, _ paint: Paint? = nil) { (self.text, self.paint) = (text, paint) }
    init(stringLiteral text: String) { self.init(text) }
  }

  private let columns: [Column]
  private var widths: [Int]
  private var rows: [[Cell]] = []

  /// Begins without a row; the titles are one, if there are any.
  init(_ columns: [Column]) {
    self.columns = columns
    widths = columns.map { _ in 0 }
    if columns.contains(where: { !$0.title.isEmpty }) { add(columns.map { Cell($0.title) }) }
  }

  /// Makes the columns as wide as a row needs: a cell for each column; cells at its end may be missing.
  mutating func fit(_ cells: [Cell]) {
    for (index, cell) in cells.enumerated() {
      let width = cell.text.width
      if width <= columns[index].widthLimit { widths[index] = max(widths[index], width) }
    }
  }

  /// Adds a row.
  mutating func add(_ cells: [Cell]) {
    fit(cells)
    rows.append(cells)
  }

  /// The rows that were added as lines, without spaces at their ends.
  func forEachLine<Failure: Error>(_ body: (String) throws(Failure) -> Void) throws(Failure) {
    for row in rows { try body(line(row)) }
  }

  /// A row as a line, whether it was added or not.
  func line(_ row: [Cell]) -> String {
    var line = ""
    var spaces = 0  // before the next cell that is not empty
    for (index, cell) in row.enumerated() {
      let padding = max(0, widths[index] - cell.text.width)
      if columns[index].isRight { spaces += padding }
      if !cell.text.isEmpty {
        line += String(repeating: " ", count: spaces) + (cell.paint?.on(cell.text) ?? cell.text)
        spaces = 0
      }
      spaces += columns[index].isRight ? 2 : padding + 2
    }
    return line
  }
}
