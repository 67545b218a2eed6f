import CheckpointIO
import CheckpointTensors

/// The list of tensors for people: in columns, with totals.
struct EntryTable {
  private var table = TextTable([
    .left(widthLimit: nameWidth), .left(), .left(), .right(), .left(),
  ])
  private var count = 0
  private var byteCount: UInt64 = 0

  /// Adds a tensor.
  mutating func add(_ entry: TensorEntry) {
    let slices = entry.slices.count
    let cells = [
      TensorName.shown(entry.key.bytes), entry.spec.dtype.name, entry.spec.shape.description,
      entry.byteCount.byteText, slices > 0 ? "in \(slices.of("slice"))" : "",
    ]
    table.add(cells.map { TextTable.Cell($0) })
    count += 1
    byteCount = byteCount.adding(entry.byteCount) ?? .max
  }

  /// Writes the table.
  func write(to output: StandardOutput, shardCount: Int) throws(CheckpointError) {
    try table.forEachLine { line throws(CheckpointError) in try output.write(line + "\n") }
    let files = shardCount.of("data file")
    try output.write("\(count.of("tensor")), \(byteCount.byteText) in \(files)\n")
  }

  /// How wide a column of names becomes, at most.
  static let nameWidth = 72
}
