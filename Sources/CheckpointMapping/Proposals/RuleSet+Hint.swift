package import CheckpointIO
package import CheckpointTensors

extension KeyMapping.RuleSet {
  /// What the error of a restore says of a rule set that is made for the names of a checkpoint.
  ///
  /// - Parameters:
  ///   - missing: The names that the checkpoint does not have.
  ///   - reader: The checkpoint.
  /// - Returns: A part of a sentence; `nil` if there is no set by which it has any of them.
  /// - Throws: `corrupt` if the checkpoint's list of tensors is damaged.
  package static func hint(for missing: [TensorKey], in reader: any TensorReader)
    throws(CheckpointError) -> String?
  {
    for set in try recognizing(reader) {
      let named = "KeyMapping(named: \"\(set.name)\")"
      let mapping = try KeyMapping(named: set.name)
      for (mapping, text) in [
        (mapping, named), (mapping.then(.names(.slashed)), named + ".then(.names(.slashed))"),
      ] {
        // Rules that do not fit are no help.
        guard let mapped = try? MappedReader(reader, mapping).entries().map(\.key) else { continue }
        let count = Set(mapped).intersection(missing).count
        guard count > 0 else { continue }
        return "\(set.name) is the rule set for this checkpoint, and has \(count) of the "
          + "\(missing.count) missing: restore with mapping: \(text)"
      }
    }
    return nil
  }
}
