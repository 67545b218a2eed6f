import CheckpointGraph
import CheckpointIO
import CheckpointMapping
import CheckpointTensors

/// Saved values that meet in one object, and are equal: no conflict.
extension RestoreSession {
  /// The saved nodes whose values are equal to those that their objects have.
  ///
  /// What cannot be read is not equal.
  func agreedNodes(_ conflicts: [GraphMatch.Conflict]) -> Set<Int> {
    let agreed = conflicts.filter { conflict in
      guard let source = conflict.source else { return false }
      return (try? haveEqualValues(conflict.savedNode, source)) == true
    }
    return Set(agreed.map(\.savedNode))
  }

  private func haveEqualValues(_ one: Int, _ other: Int) throws(CheckpointError) -> Bool {
    let (values, others) = (saved.attributes(of: one), saved.attributes(of: other))
    guard values.map(\.name) == others.map(\.name) else { return false }
    for (value, other) in zip(values, others) {
      let keys = [TensorKey(value.key), TensorKey(other.key)]
      for key in keys where try reader.entry(for: key) == nil { return false }
      guard try reader.commonKey(of: keys) != nil else { return false }
    }
    return true
  }
}
