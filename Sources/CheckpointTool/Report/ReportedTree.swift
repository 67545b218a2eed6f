import CheckpointIO
import CheckpointStore
import CheckpointTensors

/// The layers and tensors of a checkpoint as a tree that opens and closes: sizes, statistics, histograms.
struct ReportedTree {
  private let checkpoint: ReportedCheckpoint
  private let title: String
  private let number: Int
  private let tree: LayerTree
  private let lines: [LayerTree.Line]
  private let badCounts: [Int]

  /// - Parameters:
  ///   - checkpoint: The checkpoint.
  ///   - title: How the section names it.
  ///   - number: Which of the page's checkpoints it is.
  init(_ checkpoint: ReportedCheckpoint, _ title: String, number: Int) {
    (self.checkpoint, self.title, self.number) = (checkpoint, title, number)
    tree = checkpoint.tree
    let all = tree.lines(by: TensorOrder.name.areInOrder)
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
    try writeHead(file)
    let openDepth = Self.depth(of: lines, lineLimit: Self.openLineLimit)
    var open: [Int] = []
    for (index, line) in lines.enumerated() {
      while let last = open.last, last >= line.depth {
        open.removeLast()
        try file.write("</details>\n")
      }
      let cells = cells(line, badCount: badCounts[index])
      let isLayer = index + 1 < lines.count && lines[index + 1].depth > line.depth
      if isLayer {
        let state = line.depth < openDepth ? " open" : ""
        try file.write("<details\(state)><summary class=\"r\">\(cells)</summary>\n")
        open.append(line.depth)
      } else {
        try file.write("<div class=\"r\">\(cells)</div>\n")
      }
    }
    try file.write(String(repeating: "</details>\n", count: open.count) + "</div></div>\n")
  }

  private func writeHead(_ file: TextFile) throws(CheckpointError) {
    let shown = lines.count { $0.node.tensor != nil }
    let missing = checkpoint.entries.count - shown
    if missing > 0 {
      try file.write(
        "<p>\(missing.of("tensor")) of \(checkpoint.entries.count) have no line of their own here; "
          + "'checkpoint stats' shows them by layer.</p>\n")
    }
    let values = ["min", "max", "mean", "std", "zeros", "NaN", "inf"]
    let heads = values.map { "<span>\($0)</span>" }.joined()
    try file.write(
      """
      <p class="tools"><input type="search" placeholder="part of a name" aria-label="part of a name" \
      data-tree="t\(number)"></p>
      <div class="wide"><div class="tree" id="t\(number)">
      <div class="r head"><span class="l">layer, tensor</span><span class="l">type</span>\
      <span>parameters</span><span>bytes</span><span class="l">share</span><span class="l">histogram</span>\
      \(heads)</div>

      """)
  }

  // MARK: Lines

  private func cells(_ line: LayerTree.Line, badCount: Int) -> String {
    let isLayer = !line.node.children.isEmpty
    let name = TensorName.shown(line.name + (isLayer ? [tree.names.separator] : [])).html
    let full = line.node.tensor.map { TensorName.shown($0.key.bytes).html } ?? ""
    let spec = line.node.tensor.map { "\($0.spec)" } ?? ""
    let share = line.node.byteCount.share(of: tree.nodes[0].byteCount)
    let size =
      "<span>\(line.node.parameterCount.grouped)</span><span>\(line.node.byteCount.byteText)</span>"
      + "<span class=\"bar\" style=\"--w:\((share * 100).text(fractionDigits: 1))%\"></span>"
    let mark = isLayer && badCount > 0 ? " <b class=\"bad\">\(badCount) bad</b>" : ""
    return "<span class=\"l\" style=\"--d:\(line.depth)\" title=\"\(full)\">"
      + "\(name.isEmpty ? "''" : name)\(mark)</span><span class=\"l\">\(spec)</span>\(size)"
      + (line.node.tensor.map(values) ?? "")
  }

  private func values(_ entry: TensorEntry) -> String {
    guard entry.spec.dtype.byteWidth != nil else { return "" }
    guard let statistics = checkpoint.statistics(of: entry.key) else {
      return "<span class=\"l bad rest\">cannot be read</span>"
    }
    let values = statistics.values
    let numbers = [
      values.map { $0.integers.map { "\($0.minimum)" } ?? $0.minimum.shortText },
      values.map { $0.integers.map { "\($0.maximum)" } ?? $0.maximum.shortText },
      values?.mean.shortText, values?.standardDeviation.shortText,
    ]
    let counts = [statistics.nanCount, statistics.infiniteCount].map { count in
      count > 0 ? "<span class=\"bad\">\(UInt64(count).grouped)</span>" : "<span>0</span>"
    }
    return HistogramPicture.element(values?.histogram ?? [])
      + numbers.map { "<span>\($0 ?? "-")</span>" }.joined()
      + "<span>\(UInt64(statistics.zeroCount).grouped)</span>" + counts.joined()
  }
}
