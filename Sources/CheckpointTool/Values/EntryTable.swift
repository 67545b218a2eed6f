import CheckpointIO
import CheckpointTensors

/// The list of tensors for people: in columns, with totals.
struct EntryTable {
  private var rows: [[String]] = []
  private var slices: [Int] = []
  private var widths = [0, 0, 0, 0]
  private var byteCount: UInt64 = 0

  /// Adds a tensor.
  mutating func add(_ entry: TensorEntry) {
    let row = [
      TensorName.shown(entry.key.bytes), entry.spec.dtype.name, entry.spec.shape.description,
      entry.byteCount.byteText,
    ]
    for (column, text) in row.enumerated() {
      // A few long names are no reason to push everything to the right.
      let limit = column == 0 ? Self.nameWidth : .max
      let width = text.width
      if width <= limit { widths[column] = max(widths[column], width) }
    }
    rows.append(row)
    slices.append(entry.slices.count)
    byteCount = byteCount.adding(entry.byteCount) ?? .max
  }

  /// Writes the table.
  func write(to output: StandardOutput, shardCount: Int) throws(CheckpointError) {
    for (row, slices) in zip(rows, slices) {
      var line = ""
      for column in 0..<3 { line += row[column] + spaces(widths[column] - row[column].width + 2) }
      line += spaces(widths[3] - row[3].width) + row[3]
      if slices > 0 { line += "  in \(slices.of("slice"))" }
      try output.write(line + "\n")
    }
    let files = shardCount.of("data file")
    try output.write("\(rows.count.of("tensor")), \(byteCount.byteText) in \(files)\n")
  }

  private func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }

  private static let nameWidth = 72
}

extension String {
  // ASCII need not be taken apart into characters.
  fileprivate var width: Int {
    utf8.allSatisfy { $0 < 0x80 } ? utf8.count : count
  }
}
