import CheckpointIO
import CheckpointTensors

/// The list of tensors for people: in columns, with totals.
struct EntryTable {
  private var table = TextTable([
    .left(widthLimit: nameWidth), .left(), .left(), .right(), .left(),
  ])
  private var count = 0
  private var byteCount: UInt64 = 0

  /// Makes room for a tensor.
  ///
  /// Its line is written once all have room: so the lines of a million need not be kept.
  mutating func fit(_ entry: TensorEntry) {
    table.fit(Self.cells(entry))
    count += 1
    byteCount = byteCount.adding(entry.byteCount) ?? .max
  }

  /// The line of a tensor.
  func line(_ entry: TensorEntry) -> String { table.line(Self.cells(entry)) }

  /// The line with the totals.
  func totals(shardCount: Int) -> String {
    "\(count.of("tensor")), \(byteCount.byteText) in \(shardCount.of("data file"))"
  }

  private static func cells(_ entry: TensorEntry) -> [TextTable.Cell] {
    let slices = entry.slices.count
    return [
      TensorName.shown(entry.key.bytes), entry.spec.dtype.name, entry.spec.shape.description,
      entry.byteCount.byteText, slices > 0 ? "in \(slices.of("slice"))" : "",
    ].map { TextTable.Cell($0) }
  }

  /// How wide a column of names becomes, at most.
  static let nameWidth = 72
}
