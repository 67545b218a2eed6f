internal import CheckpointIO

extension CheckpointError {
  /// An error about bytes that no writer of tables produces.
  static func damaged(_ finding: String, file: String?, offset: UInt64?) -> CheckpointError {
    let message = "\(finding); the file is damaged, restore another checkpoint"
    return CheckpointError(.corrupt, message, file: file, offset: offset)
  }

  /// What a parser of a part of a table found, as an error of the whole: a number that promises
  /// more bytes than its block has is damage, although the file does not end there.
  func asDamage(of part: String, file: String?, offset base: UInt64) -> CheckpointError {
    .damaged("\(part): \(message)", file: file, offset: base &+ (offset ?? 0))
  }
}
