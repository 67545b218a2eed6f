import CheckpointIO
import CheckpointStore
import CheckpointTensors

/// A page about a checkpoint for browsers, or about two and what they differ in: one file that needs no network.
///
///     try ReportPage([checkpoint], comparison: nil).write(to: file)
struct ReportPage {
  private let checkpoints: [ReportedCheckpoint]
  private let comparison: Result<LayerComparison, CheckpointError>?

  /// - Parameters:
  ///   - checkpoints: The checkpoints.
  ///   - comparison: What two differ in, or why they cannot be compared.
  init(_ checkpoints: [ReportedCheckpoint], comparison: Result<LayerComparison, CheckpointError>?) {
    (self.checkpoints, self.comparison) = (checkpoints, comparison)
  }

  /// Writes it.
  ///
  /// - Throws: What writing throws.
  func write(to file: TextFile) throws(CheckpointError) {
    try file.write(head)
    try ReportSummary(checkpoints).write(to: file)
    switch comparison {
    case .success(let comparison): try ReportedChanges(comparison).write(to: file)
    case .failure(let error):
      let reason = error.description.shownAsLines.html
      try file.write("<p class=\"bad\">The two cannot be compared. \(reason)</p>\n")
    case nil: break
    }
    for checkpoint in checkpoints {
      try BadTensors(checkpoint, title(checkpoint)).write(to: file)
    }
    for (number, checkpoint) in checkpoints.enumerated() {
      try ReportedTree(checkpoint, title(checkpoint), number: number).write(to: file)
    }
    try file.write(Self.foot)
  }

  // How sections name a checkpoint: not at all, if there is only one.
  private func title(_ checkpoint: ReportedCheckpoint) -> String {
    checkpoints.count == 1 ? "" : " of \(checkpoint.path.shown.html)"
  }

  private var head: String {
    let names = checkpoints.map { $0.name.shown.html }.joined(separator: " and ")
    let paths = checkpoints.map { "<p>\($0.path.shown.html): \($0.form.html)</p>\n" }.joined()
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
      style-src 'unsafe-inline'; script-src 'unsafe-inline'">
      <title>\(names)</title>
      <style>
      \(ReportStyle.sheet)
      </style>
      </head>
      <body>
      <h1>\(names)</h1>
      \(paths)
      """
  }

  private static let foot = """
    <footer><p>Smallest, largest, mean, std (the standard deviation of these numbers) and the histogram
    (sixteenths of the range) are those of the finite numbers; of complex numbers, of their magnitudes.
    Written by checkpoint \(ToolVersion.number).</p></footer>
    <script>
    \(ReportStyle.script)
    </script>
    </body>
    </html>

    """
}
