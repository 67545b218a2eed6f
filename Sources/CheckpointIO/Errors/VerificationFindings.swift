/// What a check of a checkpoint from end to end has found, whatever its format.
package struct VerificationFindings: Sendable {
  /// How many tensors there are; a tensor in slices is one.
  package var tensorCount = 0
  /// How many bytes their values take in the files.
  package var byteCount: UInt64 = 0
  /// What is wrong.
  package var problems = ProblemList()
  /// What is unusual, but allowed; and what a format does not let anybody check.
  package var notes: [String] = []

  /// Begins with nothing found.
  package init() {}

  /// Takes down what is unusual, as long as somebody may read it all.
  package mutating func note(_ text: @autoclosure () -> String) {
    if notes.count < ProblemList.limit { notes.append(text()) }
  }

  /// Takes down what is wrong with bytes that nobody needs: a note, unless the system refused to read them.
  package mutating func noteUnused(_ error: CheckpointError) {
    guard !error.saysNothingOfContent else { return problems.append(error) }
    notes.append("nobody reads it, but it has changed: \(error)")
  }
}
