/// A histogram as a picture in a page.
enum HistogramPicture {
  /// The element: a bar for each number, the largest of the full height; an empty one if all are 0.
  static func element(_ counts: [Int]) -> String {
    guard let most = counts.max(), most > 0 else { return "<span></span>" }
    let bars = counts.map { count in
      let bar = count == 0 ? 0 : max(1, (Double(count) / Double(most) * Double(height)).rounded())
      return "V\(height - Int(bar))h\(barWidth)"
    }
    let width = counts.count * barWidth
    let words = HistogramLine.text(counts)
    return "<svg viewBox=\"0 0 \(width) \(height)\" role=\"img\" aria-label=\"histogram \(words)\">"
      + "<path d=\"M0 \(height)\(bars.joined())V\(height)z\"/></svg>"
  }

  private static let (barWidth, height) = (6, 20)
}
