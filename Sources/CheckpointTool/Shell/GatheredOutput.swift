import CheckpointIO

/// Output that is gathered into large writes.
struct GatheredOutput {
  private var buffer = ByteWriter(capacity: byteCount)

  /// Adds bytes; writes what there is first, if they do not fit.
  ///
  /// - Throws: What `write` throws.
  mutating func add(
    _ bytes: RawSpan, _ write: (RawSpan) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    if buffer.count + bytes.byteCount > Self.byteCount { try flush(write) }
    if bytes.byteCount >= Self.byteCount {
      try write(bytes)
    } else {
      buffer.write(Span<UInt8>(_bytes: bytes))
    }
  }

  /// Writes what there is.
  ///
  /// - Throws: What `write` throws.
  mutating func flush(_ write: (RawSpan) throws(CheckpointError) -> Void) throws(CheckpointError) {
    var full = ByteWriter()
    swap(&full, &buffer)
    unsafe try write(full.bytes.span.bytes)  // bytes have no padding
    full.bytes.removeAll(keepingCapacity: true)
    swap(&full, &buffer)
  }

  private static let byteCount = 64 << 10
}
