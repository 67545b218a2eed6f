import CheckpointIO
import CheckpointStore
import CheckpointTensors

/// The tensors of a checkpoint that somebody has to look at: those with NaN or infinities, and those that cannot
/// be read.
struct BadTensors {
  private let checkpoint: ReportedCheckpoint
  private let title: String

  init(_ checkpoint: ReportedCheckpoint, _ title: String) {
    (self.checkpoint, self.title) = (checkpoint, title)
  }

  /// Writes them; nothing, if there are none.
  func write(to file: TextFile) throws(CheckpointError) {
    let unsupported = checkpoint.unsupported
    if !unsupported.isEmpty {
      let tensors = unsupported.count.of("tensor")
      let names = NameList.text(unsupported.map { TensorName.shown($0.bytes) }).html
      try file.write(
        "<p class=\"bad\">\(tensors)\(title) of types that are not read here: \(names)</p>\n")
    }
    let entries = checkpoint.badEntries
    guard !entries.isEmpty else { return }
    try file.write(
      """
      <h2>Bad tensors\(title): NaN, infinite, or damaged</h2>
      <div class="wide"><table>
      <tr><th class="l">tensor</th><th class="l">type</th><th>elements</th><th>NaN</th><th>infinite</th></tr>

      """)
    for entry in entries.prefix(Self.rowLimit) { try file.write(row(entry)) }
    try file.write("</table></div>\n")
    let rest = entries.count - Self.rowLimit
    if rest > 0 { try file.write("<p>And \(rest.of("tensor")) more.</p>\n") }
  }

  private func row(_ entry: TensorEntry) -> String {
    let name = TensorName.shown(entry.key.bytes).htmlName
    return
      "<tr><td class=\"l\">\(name)</td><td class=\"l\">\(entry.spec)</td>\(cells(entry))</tr>\n"
  }

  private func cells(_ entry: TensorEntry) -> String {
    switch checkpoint.results[entry.key] {
    case .success(let statistics):
      [statistics.elementCount, statistics.nanCount, statistics.infiniteCount]
        .map { "<td>\(UInt64($0).grouped)</td>" }.joined()
    case .failure(let error):
      "<td class=\"l bad\" colspan=\"3\">\(error.description.shownAsLines.html)</td>"
    case nil: ""
    }
  }

  private static let rowLimit = 1_000
}
