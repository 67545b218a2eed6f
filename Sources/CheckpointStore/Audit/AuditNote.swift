import CheckpointIO

/// What an audit says of a file.
struct AuditNote: Hashable, Sendable {
  /// All of it: a line for each of several problems.
  let text: String
  /// One line: of several problems the first.
  let summary: String

  init(_ text: String) { (self.text, summary) = (text, text) }

  init(_ error: CheckpointError) { (text, summary) = (error.description, error.summary) }

  /// The same after a beginning.
  func after(_ beginning: String) -> AuditNote {
    AuditNote(text: beginning + text, summary: beginning + summary)
  }

  private init(text: String, summary: String) { (self.text, self.summary) = (text, summary) }
}
