import CheckpointIO
import CheckpointStore
import CheckpointTensors

/// A table of what is in each checkpoint.
struct ReportSummary {
  private let checkpoints: [ReportedCheckpoint]
  private let names: [String]

  /// - Parameters:
  ///   - checkpoints: The checkpoints.
  ///   - names: What they are called, as HTML.
  init(_ checkpoints: [ReportedCheckpoint], _ names: [String]) {
    (self.checkpoints, self.names) = (checkpoints, names)
  }

  /// Writes it.
  func write(to file: TextFile) throws(CheckpointError) {
    try file.write("<div class=\"wide\"><table class=\"summary\">\n")
    if checkpoints.count > 1 {
      try file.write("<tr><th></th>\(names.map { "<th>\($0)</th>" }.joined())</tr>\n")
    }
    for (title, value) in Self.rows {
      let cells = checkpoints.map { "<td>\(value($0))</td>" }.joined()
      try file.write("<tr><th>\(title)</th>\(cells)</tr>\n")
    }
    try file.write("</table></div>\n")
  }

  private static let rows: [(title: String, value: @Sendable (ReportedCheckpoint) -> String)] = [
    ("tensors", { UInt64($0.entries.count).grouped }),
    ("parameters", { $0.tree.nodes[0].parameterCount.grouped }),
    ("bytes", { $0.tree.nodes[0].byteCount.byteText }),
    ("types", types),
    ("NaN", { count($0, \.nanCount) }),
    ("infinite", { count($0, \.infiniteCount) }),
    ("not readable", { alarming(UInt64($0.damagedCount)) }),
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
    let isAny = checkpoint.entries.isEmpty || checkpoint.damagedCount < checkpoint.entries.count
    return isAny ? alarming(sum) : "-"
  }

  private static func alarming(_ count: UInt64) -> String {
    count > 0 ? "<b class=\"bad\">\(count.grouped)</b>" : "0"
  }
}
