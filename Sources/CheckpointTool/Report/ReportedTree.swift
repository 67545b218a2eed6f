import CheckpointIO
import CheckpointStore
import CheckpointTensors

/// The layers and tensors of a checkpoint as a tree that opens and closes: sizes, statistics, histograms.
struct ReportedTree {
  private let checkpoint: ReportedCheckpoint
  private let title: String
  private let number: Int
  private let lines: [LayerTree.Line]
  private let badCounts: [Int]

  /// - Parameters:
  ///   - checkpoint: The checkpoint.
  ///   - title: How the section names it.
  ///   - number: Which of the page's checkpoints it is.
  init(_ checkpoint: ReportedCheckpoint, _ title: String, number: Int) {
    (self.checkpoint, self.title, self.number) = (checkpoint, title, number)
    let all = checkpoint.tree.lines(by: TensorOrder.name.areInOrder)
    let bad = Self.badCounts(all, checkpoint)
    // Layers that are too deep for a page that a browser takes are left out.
    let depth = Self.depth(of: all, lineLimit: Self.lineLimit)
    let shown = all.indices.filter { all[$0].depth <= depth }.prefix(Self.lineLimit)
    lines = shown.map { all[$0] }
    badCounts = shown.map { bad[$0] }
  }

  // Of each line, how many tensors in it and below it are bad.
  private static func badCounts(
    _ lines: [LayerTree.Line], _ checkpoint: ReportedCheckpoint
  ) -> [Int] {
    var counts = lines.map { line in
      line.node.tensor.map { checkpoint.isBad($0.key) ? 1 : 0 } ?? 0
    }
    // By depth: those of the lines that stand behind, up to the next one above.
    var below: [Int] = []
    for index in lines.indices.reversed() {
      let depth = lines[index].depth
      while below.count < depth + 2 { below.append(0) }
      counts[index] += below[depth + 1]
      below[depth + 1] = 0
      below[depth] += counts[index]
    }
    return counts
  }

  // The largest depth down to which there are so many lines at most; 0 if there is none.
  private static func depth(of lines: [LayerTree.Line], lineLimit: Int) -> Int {
    var counts: [Int] = []
    for line in lines {
      while counts.count <= line.depth { counts.append(0) }
      counts[line.depth] += 1
    }
    var (depth, sum) = (-1, 0)
    while depth + 1 < counts.count, sum + counts[depth + 1] <= lineLimit {
      depth += 1
      sum += counts[depth]
    }
    return max(0, depth)
  }

  // More would make a page that a browser takes minutes for.
  private static let lineLimit = 50_000
  // As much as somebody looks through before opening layers.
  private static let openLineLimit = 200

  // MARK: Writing

  /// Writes it.
  func write(to file: TextFile) throws(CheckpointError) {
    try file.write("<h2>Layers and tensors\(title)</h2>\n")
    guard !lines.isEmpty else { return try file.write("<p>No tensors.</p>\n") }
    let rows = lines.indices.map { ReportedRow(lines[$0], badCount: badCounts[$0], in: checkpoint) }
    try writeHead(file, ReportedRow.columnWidths(of: rows))
    let openDepth = Self.depth(of: lines, lineLimit: Self.openLineLimit)
    var open: [Int] = []
    for (index, line) in lines.enumerated() {
      while let last = open.last, last >= line.depth {
        open.removeLast()
        try file.write("</details>\n")
      }
      let kind = line.node.tensor == nil ? "r" : "r t"
      let cells = rows[index].cells
      let isLayer = index + 1 < lines.count && lines[index + 1].depth > line.depth
      if isLayer {
        let state = line.depth < openDepth ? " open" : ""
        try file.write("<details\(state)><summary class=\"\(kind)\">\(cells)</summary>\n")
        open.append(line.depth)
      } else {
        try file.write("<div class=\"\(kind)\">\(cells)</div>\n")
      }
    }
    try file.write(String(repeating: "</details>\n", count: open.count) + "</div></div>\n")
  }

  private func writeHead(_ file: TextFile, _ columns: String) throws(CheckpointError) {
    let missing = checkpoint.entries.count - lines.count { $0.node.tensor != nil }
    if missing > 0 {
      try file.write(
        "<p>\(UInt64(missing).grouped) of \(UInt64(checkpoint.entries.count).grouped) tensors have no line "
          + "of their own here; 'checkpoint stats PREFIX LAYER' shows those of a layer.</p>\n")
    }
    try file.write(
      """
      <p class="tools"><input type="search" placeholder="part of a name" aria-label="part of a name" \
      data-tree="t\(number)"> <span class="none hidden">No tensor has it in its name.</span></p>
      <div class="wide"><div class="tree" id="t\(number)" style="--columns: \(columns)">
      <div class="r head">\(ReportedRow.heads)</div>

      """)
  }
}
