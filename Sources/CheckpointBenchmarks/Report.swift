import Foundation

/// Prints results as they come: as a table for people, or as JSON.
struct Report {
  private let options: Options

  init(_ options: Options) { self.options = options }

  /// What stands above everything.
  func begin() {
    guard !options.isJSON else { return }
    let cores = ProcessInfo.processInfo.activeProcessorCount
    print("Medians of runs in turn; times in ms; \(cores) cores; memory on top of what was there.")
  }

  /// What stands above a workload.
  func begin(_ workload: Workload) {
    guard !options.isJSON else { return }
    print("\n\(workload.name): \(workload.title)")
    print(row("", ["library", "best", "limit", "best", "ratio", "CPU", "memory"]))
  }

  /// A result.
  func add(_ result: Result) {
    if options.isJSON { addJSON(result) } else { addRows(result) }
    fflush(nil)
  }

  /// What stands below everything.
  func end() {
    guard !options.isJSON else { return }
    print(
      "\n! more memory than is promised: 16 MiB over the model, or over the restored tensors; 150 MB "
        + "for a merge")
  }

  // MARK: For people

  private func addRows(_ result: Result) {
    let (ours, limit) = (result.ours, result.limit)
    let memory = String(format: "%.1f MB", Double(ours.growthByteCount) / 1e6)
    print(
      row(
        result.operation.rawValue,
        [
          milliseconds(ours.seconds), milliseconds(ours.best),
          milliseconds(limit.seconds), milliseconds(limit.best),
          String(format: "%.2f", result.ratio), milliseconds(ours.cpuSeconds),
          memory + (result.exceedsMemory ? " !" : ""),
        ]))
    for (peer, series) in result.peers {
      let share = String(format: "%.3f", ours.seconds / series.seconds)
      print(
        "    \(peer.rawValue): \(milliseconds(series.seconds)), the library takes \(share) of it")
    }
  }

  private func row(_ name: String, _ cells: [String]) -> String {
    "  " + name.padding(toLength: 22, withPad: " ", startingAt: 0)
      + cells.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
  }

  private func milliseconds(_ seconds: Double) -> String {
    String(format: seconds < 0.1 ? "%.3f" : "%.1f", seconds * 1000)
  }

  // MARK: For programs

  private func addJSON(_ result: Result) {
    let (ours, limit) = (result.ours, result.limit)
    let line: [(String, String)] = [
      ("workload", quoted(result.workload.name)), ("operation", quoted(result.operation.rawValue)),
      ("ours_s", "\(ours.seconds)"), ("limit_s", "\(limit.seconds)"), ("ratio", "\(result.ratio)"),
      ("ours_best_s", "\(ours.best)"), ("limit_best_s", "\(limit.best)"),
      ("ours_cpu_s", "\(ours.cpuSeconds)"), ("limit_cpu_s", "\(limit.cpuSeconds)"),
      ("ours_rss_bytes", "\(ours.peakByteCount)"),
      ("ours_growth_bytes", "\(ours.growthByteCount)"),
      ("bytes", "\(result.byteCount)"), ("runs", "\(ours.runs.count)"),
    ]
    printObject(line)
    for (peer, series) in result.peers {
      printObject(
        line + [
          ("peer", quoted(peer.rawValue)), ("peer_s", "\(series.seconds)"),
          ("ours_over_peer", "\(ours.seconds / series.seconds)"),
        ])
    }
  }

  private func printObject(_ fields: [(String, String)]) {
    print("{" + fields.map { "\(quoted($0.0)): \($0.1)" }.joined(separator: ", ") + "}")
  }

  // The names here need no escapes.
  private func quoted(_ text: String) -> String { "\"\(text)\"" }
}
