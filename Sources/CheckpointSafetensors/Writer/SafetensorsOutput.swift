import CheckpointIO
import CheckpointTensors

/// A file of a known layout, being written: in the order of the layout, or in any other.
///
/// Small tensors that follow each other are gathered; large ones go to the file from where they are.
final class SafetensorsOutput {
  private let output: AtomicFile
  private let pool: OutputPool
  private let elementsOffset: UInt64
  private var buffer = ByteWriter()
  private var bufferOffset: UInt64 = 0  // where the buffer's bytes belong, in the file

  /// Begins with the header.
  init(_ output: AtomicFile, _ layout: SafetensorsLayout, _ pool: OutputPool)
    throws(CheckpointError)
  {
    (self.output, self.pool) = (output, pool)
    elementsOffset = UInt64(layout.head.count)
    try output.file.reserve(layout.byteCount)
    unsafe try gather(layout.head.span.bytes, at: 0)
  }

  /// Writes elements.
  ///
  /// - Parameters:
  ///   - bytes: The elements, in this machine's byte order.
  ///   - numberWidth: How many bytes a number takes.
  ///   - offset: Where they belong, counted from the end of the header.
  /// - Throws: `io` if the system fails.
  func write(_ bytes: RawSpan, numberWidth: Int, at offset: UInt64) throws(CheckpointError) {
    let offset = elementsOffset + offset  // a place of the layout: it fits
    guard 1.littleEndian != 1, numberWidth > 1 else { return try gather(bytes, at: offset) }
    let swapped = TensorStorage(copying: bytes)
    try swapped.withMutableBytes { $0.reverseBytes(ofEvery: numberWidth) }
    try gather(swapped.bytes, at: offset)
  }

  /// Writes elements as the file is to have them: in little-endian byte order.
  ///
  /// - Throws: `io` if the system fails.
  func writeLittleEndian(_ bytes: RawSpan, at offset: UInt64) throws(CheckpointError) {
    try gather(bytes, at: elementsOffset + offset)  // a place of the layout: it fits
  }

  /// Writes what is left, and makes the content durable.
  ///
  /// - Returns: The file, which has no name yet.
  func finish() throws(CheckpointError) -> AtomicFile {
    try flush()
    pool.remove(output)
    try output.prepare()
    return output
  }

  private func gather(_ bytes: RawSpan, at offset: UInt64) throws(CheckpointError) {
    let follows = offset == bufferOffset + UInt64(buffer.count)
    if !follows || buffer.count + bytes.byteCount > Self.bufferByteCount { try flush() }
    guard bytes.byteCount <= Self.gatheredByteCount else {
      return try writeChunks(bytes, at: offset)
    }
    if buffer.count == 0 { bufferOffset = offset }
    buffer.write(Span<UInt8>(_bytes: bytes))
  }

  private func flush() throws(CheckpointError) {
    guard buffer.count > 0 else { return }
    let full = buffer.bytes
    buffer = ByteWriter()
    try pool.use(output)
    unsafe try output.file.write(full.span.bytes, at: bufferOffset)
  }

  // In chunks, so that the disk can begin while the rest is still being handed over.
  private func writeChunks(_ bytes: RawSpan, at offset: UInt64) throws(CheckpointError) {
    try pool.use(output)
    var start = 0
    while start < bytes.byteCount {
      let end = min(bytes.byteCount, start + Self.chunkByteCount)
      let place = offset + UInt64(start)
      try output.file.write(bytes.extracting(start..<end), at: place)
      if output.durability == .full, end - start == Self.chunkByteCount {
        output.file.startWriteback(ByteRange(offset: place, count: UInt64(end - start)))
      }
      start = end
    }
  }

  private static let bufferByteCount = 1 << 20
  private static let gatheredByteCount = 256 << 10
  private static let chunkByteCount = 32 << 20
}
