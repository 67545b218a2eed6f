/// A histogram in a line: `▁▂▅█▃▁`.
enum HistogramLine {
  /// A character for each number, without those at the end that are 0; the largest has a full block, and only
  /// 0 has none.
  static func text(_ counts: [Int]) -> String {
    guard let most = counts.max(), most > 0 else { return "" }
    let end = (counts.lastIndex { $0 > 0 } ?? 0) + 1
    return String(counts[..<end].map { block($0, most) })
  }

  // From level 0 to 8, and 1 at least for what is there.
  private static func block(_ count: Int, _ most: Int) -> Character {
    let level = Int((Double(count) / Double(most) * Double(blocks.count)).rounded(.up))
    return level == 0 ? " " : blocks[min(level, blocks.count) - 1]
  }

  private static let blocks = Array("▁▂▃▄▅▆▇█")
}
