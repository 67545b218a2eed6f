import CheckpointIO
import CheckpointTensors

/// Messages for tensors that cannot be read.
///
/// What is wrong with a file is wrong with many of them: of each file and kind the first is told, and then
/// which tensors they are.
struct DamageReport {
  /// How many there are.
  private(set) var count = 0
  private var known: Set<[String]> = []
  private var names: [String] = []

  /// Counts a tensor that cannot be read, and tells why if it is the first of its kind.
  mutating func add(_ key: TensorKey, _ error: CheckpointError) {
    count += 1
    names.append(TensorName.shown(key.bytes))
    let kind = [error.code.description, error.file ?? ""]
    if known.insert(kind).inserted { StandardError.report(error.description) }
  }

  /// Tells which tensors they were.
  func summarize(_ consequence: String) {
    guard count > 0 else { return }
    StandardError.report(
      "\(count.of("tensor")) cannot be read\(consequence): \(NameList.text(names))")
  }
}
