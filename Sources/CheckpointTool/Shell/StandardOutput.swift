import CheckpointIO

/// The output of a command.
final class StandardOutput {
  private let stream = StandardStream.output
  private var gathered = GatheredOutput()

  /// Writes text.
  func write(_ text: String) throws(CheckpointError) {
    let text = Array(text.utf8)
    unsafe try write(text.span.bytes)  // bytes have no padding
  }

  /// Writes bytes.
  ///
  /// - Throws: `io` if the system does not take them: the disk is full, nobody reads any more.
  func write(_ bytes: RawSpan) throws(CheckpointError) {
    try gathered.add(bytes) { bytes throws(CheckpointError) in try stream.write(bytes) }
  }

  /// Writes what has been gathered.
  func flush() throws(CheckpointError) {
    try gathered.flush { bytes throws(CheckpointError) in try stream.write(bytes) }
  }
}
