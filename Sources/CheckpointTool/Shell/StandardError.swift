import CheckpointIO

/// Messages for the person at the terminal.
enum StandardError {
  /// Whether a person sees it at once.
  static var isTerminal: Bool { StandardStream.error.isTerminal }

  /// Writes a message as a line, or lines, after the tool's name.
  static func report(_ message: String) { write("checkpoint: \(message.shownAsLines)\n") }

  /// Writes text; whoever does not take messages gets none.
  static func write(_ text: String) { StandardStream.error.writeIfPossible(text) }
}
