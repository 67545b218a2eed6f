import Foundation

/// A picture of results: for each operation, the time of the library as a ratio to that of the others.
///
///     checkpoint-benchmarks --peers --json > results.json
///     checkpoint-benchmarks --svg performance.svg < results.json
///
/// The axis is logarithmic. Bars begin at 1: they go to the left where the library is faster, and to the
/// right where it is slower.
struct Chart {
  /// A result, as `--json` prints it.
  private struct Line: Decodable {
    let workload: String
    let operation: String
    let ratio: Double
    let peer: String?
    let ratioToPeer: Double?

    enum CodingKeys: String, CodingKey {
      case workload, operation, ratio, peer
      case ratioToPeer = "ours_over_peer"
    }

    var contender: String { peer ?? "program in C" }
    var value: Double { ratioToPeer ?? ratio }
  }

  private let lines: [Line]
  private let width = 800.0
  // In powers of ten: where the axis begins, and where it ends.
  private let low: Double
  private let high: Double

  /// Draws the results of the standard input into a file.
  static func draw(to path: String) throws {
    let chart = try Chart(json: FileHandle.standardInput.readDataToEndOfFile())
    try Data((chart.svg + "\n").utf8).write(to: URL(fileURLWithPath: path))
  }

  // One JSON object a line.
  private init(json: Data) throws {
    let decoder = JSONDecoder()
    let all = try json.split(separator: UInt8(ascii: "\n")).map {
      try decoder.decode(Line.self, from: $0)
    }
    lines = all.filter { $0.value > 0 && $0.value.isFinite }
    let powers = lines.map { log10($0.value) }
    low = min(-1, powers.min() ?? 0) - 0.2
    high = max(1, powers.max() ?? 0) + 0.2
  }

  // MARK: Drawing

  // The background is part of the picture, so that it can be read on a dark page too.
  private var svg: String {
    var rows: [String] = []
    var y = 40.0
    for (line, previous) in zip(lines, [nil] + lines.map(Optional.some)) {
      let isNewWorkload = line.workload != previous?.workload
      if isNewWorkload {
        y += 30
        rows.append(text(title(of: line), x: 12, y: y, "font-weight=\"bold\""))
      }
      y += 18
      if isNewWorkload || line.operation != previous?.operation {
        rows.append(text(line.operation, x: 24, y: y))
      }
      rows += bar(of: line, y: y)
    }
    let height = y + 20
    let head = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" \
      width="\(number(width))" height="\(number(height))" font-family="sans-serif" font-size="12" \
      fill="#000" role="img">
      <title>Time of the library as a ratio to the time of others; bars to the left: faster</title>
      <rect width="100%" height="100%" fill="#fff"/>
      """
    return ([head] + axis(to: height) + rows + ["</svg>"]).joined(separator: "\n")
  }

  private func title(of line: Line) -> String {
    "\(line.workload): \(Workload.named(line.workload, .full)?.title ?? "")"
  }

  private func axis(to height: Double) -> [String] {
    let ticks = Int(low.rounded(.up))...Int(high.rounded(.down))
    let center = "text-anchor=\"middle\""
    return [
      text("the library is faster", x: x(0) - 12, y: 18, "text-anchor=\"end\""),
      text("slower", x: x(0) + 12, y: 18),
    ]
      + ticks.flatMap { power -> [String] in
        let place = number(x(Double(power)))
        let label =
          power < 0 ? "1/\(number(pow(10, Double(-power))))" : number(pow(10, Double(power)))
        return [
          text(label, x: x(Double(power)), y: 36, center),
          "<path d=\"M\(place) 44V\(number(height - 12))\" stroke=\"\(power == 0 ? "#000" : "#ddd")\"/>",
        ]
      }
  }

  private func bar(of line: Line, y: Double) -> [String] {
    let (start, end) = (x(0), x(log10(line.value)))
    let isFaster = end < start
    let size =
      "x=\"\(number(min(start, end)))\" y=\"\(number(y - 10))\" "
      + "width=\"\(number(abs(end - start)))\" height=\"11\""
    let color = line.peer == nil ? "#333" : "#999"
    return [
      text(line.contender, x: 180, y: y),
      "<rect \(size) fill=\"\(color)\"/>",
      text(
        label(of: line.value), x: end + (isFaster ? -5 : 5), y: y,
        isFaster ? "text-anchor=\"end\"" : ""),
    ]
  }

  private func label(of ratio: Double) -> String {
    if ratio < 0.095 { return "1/\(number((1 / ratio).rounded()))" }
    return String(format: ratio < 2 ? "%.2f" : "%.1f", ratio)
  }

  private func text(_ content: String, x: Double, y: Double, _ attributes: String = "") -> String {
    let attributes = attributes.isEmpty ? "" : " " + attributes
    return "<text x=\"\(number(x))\" y=\"\(number(y))\"\(attributes)>\(content)</text>"
  }

  // Where a power of ten is.
  private func x(_ power: Double) -> Double {
    let (left, right) = (345.0, width - 40)
    return left + (power - low) / (high - low) * (right - left)
  }

  private func number(_ value: Double) -> String {
    value == value.rounded() ? String(Int(value)) : String(format: "%.1f", value)
  }
}
