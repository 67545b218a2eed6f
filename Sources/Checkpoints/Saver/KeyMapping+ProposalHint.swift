import CheckpointPlans
import CheckpointMapping
import CheckpointIO
import CheckpointTensors

extension KeyMapping.Proposal {
  /// What the error of a restore says of a mapping that would help.
  ///
  /// - Parameters:
  ///   - missing: The names that the checkpoint does not have.
  ///   - wanted: What is asked for.
  ///   - reader: The checkpoint.
  /// - Returns: The end of a sentence; nothing if no mapping would help.
  /// - Throws: `corrupt` if the checkpoint's list of tensors is damaged.
  static func hint(
    for missing: [TensorKey], of wanted: [RestorePlan.Request], in reader: any TensorReader
  ) throws(CheckpointError) -> String {
    let stored = try reader.entries()
    if let set = try KeyMapping.RuleSet.hint(for: missing, in: reader) { return "; \(set)" }
    if let style = KeyMapping.NameStyle.hint(
      for: missing, in: stored.map(\.key), isMapped: reader is MappedReader)
    {
      return "; \(style)"
    }
    guard missing.count > 1 else { return "" }  // of a single one, its own error names what is near
    let proposal = KeyMapping.Proposal(
      stored: stored.map { ($0.key, $0.spec) },
      wanted: wanted.map { ($0.key, $0.fullSpec) })
    return proposal.hint(for: Set(missing)).map { "; \($0)" } ?? ""
  }
}
