import CheckpointGraph
import CheckpointIO
import CheckpointStore
import CheckpointTensors

/// A line of the tree: what is in each column.
struct ReportedRow {
  /// The cells, as elements.
  let cells: String
  // How many characters the cells of words and numbers have, by column.
  private let widths: [Int]

  private static let titles = [
    "type", "parameters", "bytes", "NaN", "inf", "zeros", "min", "max", "mean", "std",
  ]

  /// The heads of all columns, as elements.
  static let heads: String = {
    let titles = Self.titles.map { "<span>\($0)</span>" }
    let pictures = ["share", "histogram"].map { "<span class=\"l\">\($0)</span>" }
    return (["<span class=\"l\">layer, tensor</span>"] + titles[..<3] + pictures + titles[3...])
      .joined()
  }()

  /// - Parameters:
  ///   - line: The layer or tensor.
  ///   - badCount: How many tensors in it and below it are bad.
  ///   - checkpoint: The checkpoint that has it.
  init(_ line: LayerTree.Line, badCount: Int, in checkpoint: ReportedCheckpoint) {
    let (node, whole) = (line.node, checkpoint.tree.nodes[0])
    var texts = [
      node.tensor.map { "\($0.spec)" } ?? "", node.parameterCount.grouped, node.byteCount.byteText,
    ]
    let share = (node.byteCount.share(of: whole.byteCount) * 100).text(fractionDigits: 1)
    var cells = Self.name(line, badCount, checkpoint) + texts.map(Self.cell).joined()
    cells += "<span class=\"bar\" style=\"--w:\(share)%\"></span>"
    if let tensor = node.tensor {
      let statistics = checkpoint.statistics(of: tensor.key)
      if let statistics, tensor.spec.dtype.byteWidth != nil {
        cells += HistogramPicture.element(statistics.values?.histogram ?? [])
        let counts = [statistics.nanCount, statistics.infiniteCount]
        let values = [UInt64(statistics.zeroCount).grouped] + statistics.valueTexts
        texts += counts.map { UInt64($0).grouped } + values
        cells += counts.map(Self.alarmingCell).joined() + values.map(Self.cell).joined()
      } else if statistics == nil {
        cells += "<span class=\"l bad\">not readable</span>"
      }
    }
    self.cells = cells
    widths = texts.map(\.count)
  }

  private static func name(
    _ line: LayerTree.Line, _ badCount: Int, _ checkpoint: ReportedCheckpoint
  ) -> String {
    let isLayer = !line.node.children.isEmpty
    let separator = checkpoint.tree.names.separator
    let name = TensorName.shown(line.name + (isLayer ? [separator] : [])).htmlName
    let full = line.node.tensor.map { TensorName.shown(Array($0.key.nameOfVariable)).html } ?? ""
    let mark = isLayer && badCount > 0 ? " <b class=\"bad\">\(badCount) bad</b>" : ""
    return "<span class=\"l\" style=\"--d:\(line.depth)\" title=\"\(full)\">"
      + "\(name.isEmpty ? "''" : name)\(mark)</span>"
  }

  private static func cell(_ text: String) -> String { "<span>\(text)</span>" }

  private static func alarmingCell(_ count: Int) -> String {
    count > 0 ? "<span class=\"bad\">\(UInt64(count).grouped)</span>" : "<span>0</span>"
  }

  /// How wide the columns have to be for all rows, in the form of the style sheet.
  static func columnWidths(of rows: [ReportedRow]) -> String {
    var widths = titles.map(\.count)
    for row in rows {
      for (column, width) in row.widths.enumerated() { widths[column] = max(widths[column], width) }
    }
    let columns = widths.map { "\($0 + 1)ch" }
    return (["minmax(17em, 1fr)"] + columns[..<3] + ["5em", "96px"] + columns[3...])
      .joined(separator: " ")
  }
}
