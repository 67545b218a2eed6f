import Synchronization

/// A line on the terminal that says how far work has come, if it takes longer than a second.
final class ProgressBar: Sendable {
  private let isShown = StandardError.isTerminal
  private let start = ContinuousClock.now
  private let lastShown = Mutex<ContinuousClock.Instant?>(nil)

  /// Shows how far it is, now and then.
  func show(_ done: UInt64, of total: UInt64) {
    let now = ContinuousClock.now
    guard isShown, now - start > .seconds(1) else { return }
    lastShown.withLock { last in
      if let last, now - last < .milliseconds(100) { return }
      last = now
      StandardError.write("\r\(Self.line(done, of: total))")
    }
  }

  /// Removes the line.
  func clear() {
    lastShown.withLock { last in
      guard last != nil else { return }
      StandardError.write("\r\(String(repeating: " ", count: 70))\r")
      last = nil
    }
  }

  // At most 70 characters.
  private static func line(_ done: UInt64, of total: UInt64) -> String {
    let share = total == 0 ? 1 : Double(done) / Double(total)
    let filled = Int(share * 30)  // from 0 to 30: `done` is at most `total`
    let bar = String(repeating: "#", count: filled).paddedRight(to: 30)
    let text = "[\(bar)] \(Int(share * 100)) %  \(done.byteText) of \(total.byteText)"
    return text.paddedRight(to: 70)
  }
}
