import CheckpointIO
import CheckpointStore

/// What two checkpoints differ in, layer by layer, that which has moved farthest first.
struct ReportedChanges {
  private let changes: [LayerComparison.Change]
  private let sameCount: Int
  private let most: Double

  init(_ comparison: LayerComparison) {
    changes = comparison.changes.filter(\.isChanged)
    sameCount = comparison.changes.count - changes.count
    most = changes.map(\.relative).filter(\.isFinite).max() ?? 0
  }

  /// Writes it.
  func write(to file: TextFile) throws(CheckpointError) {
    let same = sameCount.of("layer")
    try file.write("<h2>What has changed, by layer</h2>\n")
    guard !changes.isEmpty else { return try file.write("<p>No difference: \(same).</p>\n") }
    try file.write(
      """
      <p>\(changes.count.of("layer")) changed, \(same) the same. The relative change is the length of
      the difference of all floating-point numbers of a layer, by their length in the first checkpoint; 'from 0' where that is 0.</p>
      <div class="wide"><table>
      <tr><th class="l">layer</th><th class="l">relative change</th><th>largest distance</th>\
      <th>tensors changed</th><th class="l">besides</th></tr>

      """)
    for change in changes.prefix(Self.rowLimit) { try file.write(row(change)) }
    try file.write("</table></div>\n")
    let rest = changes.count - Self.rowLimit
    if rest > 0 { try file.write("<p>And \(rest.of("layer")) more.</p>\n") }
  }

  private func row(_ change: LayerComparison.Change) -> String {
    let cells = [
      "<td>\(change.largestDistance?.shortText ?? "-")</td>",
      "<td>\(change.changedCount) of \(change.tensorCount)</td>",
      "<td class=\"l\">\(change.besides)</td>",
    ]
    let name = TensorName.shown(change.name).htmlName
    return "<tr><td class=\"l\">\(name)</td>\(bar(change))\(cells.joined())</tr>\n"
  }

  private func bar(_ change: LayerComparison.Change) -> String {
    guard change.hasMoved, change.relative.isFinite else {
      return "<td class=\"l\(change.isAlarming ? " bad" : "")\">\(change.relativeText)</td>"
    }
    let share = most > 0 ? change.relative / most : 0
    return
      "<td class=\"bar\(change.isAlarming ? " bad" : "")\" style=\"--w:\((share * 100).text(fractionDigits: 1))%\">"
      + "\(change.relativeText)</td>"
  }

  private static let rowLimit = 10_000
}
