import CheckpointIO
import CheckpointStore
import CheckpointTensors

/// A table of what is in each checkpoint.
struct ReportSummary {
  private let checkpoints: [ReportedCheckpoint]

  init(_ checkpoints: [ReportedCheckpoint]) { self.checkpoints = checkpoints }

  /// Writes it.
  func write(to file: TextFile) throws(CheckpointError) {
    try file.write("<table class=\"summary\">\n")
    if checkpoints.count > 1 {
      try file.write("<tr><th></th>\(cells("th") { $0.name.shown.html })</tr>\n")
    }
    for (title, value) in Self.rows {
      try file.write("<tr><th>\(title)</th>\(cells("td", value))</tr>\n")
    }
    try file.write("</table>\n")
  }

  private func cells(_ element: String, _ value: (ReportedCheckpoint) -> String) -> String {
    checkpoints.map { "<\(element)>\(value($0))</\(element)>" }.joined()
  }

  private static let rows: [(title: String, value: @Sendable (ReportedCheckpoint) -> String)] = [
    ("tensors", { UInt64($0.entries.count).grouped }),
    ("parameters", { $0.tree.nodes[0].parameterCount.grouped }),
    ("bytes", { $0.tree.nodes[0].byteCount.byteText }),
    ("types", types),
    ("NaN", { count($0, \.nanCount) }),
    ("infinite", { count($0, \.infiniteCount) }),
  ]

  // The types by the numbers of their tensors: "62 float32, 1 int64".
  private static func types(_ checkpoint: ReportedCheckpoint) -> String {
    var counts: [DType: Int] = [:]
    for entry in checkpoint.entries { counts[entry.spec.dtype, default: 0] += 1 }
    return counts.sorted { ($1.value, $0.key.name) < ($0.value, $1.key.name) }
      .map { "\($0.value) \($0.key.name)" }.joined(separator: ", ")
  }

  private static func count(
    _ checkpoint: ReportedCheckpoint, _ count: (TensorStatistics) -> Int
  ) -> String {
    let sum = checkpoint.entries.reduce(UInt64(0)) {
      $0.adding(UInt64(checkpoint.statistics(of: $1.key).map(count) ?? 0)) ?? .max
    }
    return sum > 0 ? "<b class=\"bad\">\(sum.grouped)</b>" : "0"
  }
}
