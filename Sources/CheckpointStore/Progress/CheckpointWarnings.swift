import CheckpointIO
import Synchronization

/// What happens to warnings: something was left out, and nobody has asked.
///
///     CheckpointWarnings.handler = { logger.warning("\($0)") }
public enum CheckpointWarnings {
  private static let current = Mutex<@Sendable (String) -> Void>(printToStandardError)

  /// Gets every warning; the default writes it to the standard error.
  public static var handler: @Sendable (String) -> Void {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }

  package static func warn(_ text: String) { handler(text) }

  private static let printToStandardError: @Sendable (String) -> Void = { text in
    StandardStream.error.writeIfPossible("checkpoints: warning: \(text)\n")
  }
}
