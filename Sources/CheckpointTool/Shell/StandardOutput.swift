import CheckpointIO

/// The output of a command, gathered into large writes.
final class StandardOutput {
  private let stream = StandardStream.output
  private var buffer = ByteWriter(capacity: bufferByteCount)

  /// Writes text.
  func write(_ text: String) throws(CheckpointError) {
    let text = Array(text.utf8)
    unsafe try write(text.span.bytes)  // bytes have no padding
  }

  /// Writes bytes.
  ///
  /// - Throws: `io` if the system does not take them: the disk is full, nobody reads any more.
  func write(_ bytes: RawSpan) throws(CheckpointError) {
    if buffer.count + bytes.byteCount > Self.bufferByteCount { try flush() }
    if bytes.byteCount >= Self.bufferByteCount {
      try stream.write(bytes)
    } else {
      buffer.write(Span<UInt8>(_bytes: bytes))
    }
  }

  /// Writes what has been gathered.
  func flush() throws(CheckpointError) {
    var full = ByteWriter()
    swap(&full, &buffer)
    unsafe try stream.write(full.bytes.span.bytes)
    full.bytes.removeAll(keepingCapacity: true)
    swap(&full, &buffer)
  }

  private static let bufferByteCount = 64 << 10
}
