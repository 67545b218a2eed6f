import CheckpointIO

/// Messages for tensors that cannot be read.
///
/// What is wrong with a file is wrong with many of them: of each file and kind the first is told, and how many there
/// are.
struct DamageReport {
  /// How many there are.
  private(set) var count = 0
  private var known: Set<[String]> = []

  /// Counts an error, and tells it if it is the first of its kind.
  mutating func add(_ error: CheckpointError) {
    count += 1
    let kind = [error.code.description, error.file ?? ""]
    if known.insert(kind).inserted { StandardError.report(error.description) }
  }

  /// Tells how many tensors there were.
  func summarize(_ consequence: String) {
    if count > 0 { StandardError.report("\(count.of("tensor")) cannot be read\(consequence)") }
  }
}
