import CheckpointIO
import CheckpointStore
import CheckpointTensors

/// A page about a checkpoint for browsers, or about two and what they differ in: one file that needs no network.
///
///     try ReportPage([checkpoint], comparison: nil).write(to: file)
struct ReportPage {
  private let checkpoints: [ReportedCheckpoint]
  private let comparison: LayerComparison?

  /// - Parameters:
  ///   - checkpoints: The checkpoints.
  ///   - comparison: What two differ in.
  init(_ checkpoints: [ReportedCheckpoint], comparison: LayerComparison?) {
    (self.checkpoints, self.comparison) = (checkpoints, comparison)
  }

  /// Writes it.
  ///
  /// - Throws: What writing throws.
  func write(to file: TextFile) throws(CheckpointError) {
    try file.write(head)
    try ReportSummary(checkpoints, names).write(to: file)
    if let comparison { try ReportedChanges(comparison).write(to: file) }
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

  // What they are called: by the last part of the path, unless that is the same.
  private var names: [String] {
    let names = checkpoints.map { $0.name.shown.html }
    return Set(names).count == names.count ? names : checkpoints.map { $0.path.shown.html }
  }

  private var head: String {
    let title = names.joined(separator: " and ")
    let paths = checkpoints.map { "<p>\($0.path.shown.html): \($0.form.html)</p>\n" }.joined()
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
      style-src 'unsafe-inline'; script-src 'unsafe-inline'">
      <title>\(title)</title>
      <style>
      \(ReportStyle.sheet)
      </style>
      </head>
      <body>
      <h1>\(title)</h1>
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
