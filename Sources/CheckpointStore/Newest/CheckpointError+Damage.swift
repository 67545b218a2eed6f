package import CheckpointIO

extension CheckpointError {
  /// Whether it says that files are damaged, rather than that something else is wrong.
  ///
  /// What the system refuses to read says nothing of the bytes, nor does what has gone meanwhile: an error that
  /// has one such problem says of none that it is damage.
  package var isDamage: Bool {
    guard !isOutdated, !problems.contains(where: \.saysNothingOfContent) else { return false }
    switch code {
    case .corrupt, .truncated, .limitExceeded, .notACheckpoint: return true
    // A data file or a part that is missing, and not a key.
    case .notFound:
      switch file.map({ CheckpointFileName(Path($0).name) }) {
      case .data: return true
      case .part where key == nil: return true
      default: break
      }
    default: break
    }
    return problems.contains(where: \.isDamage)
  }
}
