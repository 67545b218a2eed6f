import CheckpointIO
import CheckpointTensors
import CheckpointWire

/// A data file being written: payloads one after the other, without gaps.
///
/// Small payloads are gathered; large ones go to the file from where they are, in chunks that are
/// checksummed while they are in the cache.
final class ShardWriter {
  private let output: AtomicFile
  private var buffer: ByteWriter
  private var written: UInt64 = 0  // bytes in the file; those in the buffer follow
  private var syncing: UInt64 = 0  // bytes that the disk has been asked to begin with

  /// Begins with an empty file.
  ///
  /// - Parameters:
  ///   - output: The file.
  ///   - expectedByteCount: How many bytes will come, as far as known: room is reserved.
  /// - Throws: `io` if there is no room.
  init(
    _ output: AtomicFile,
    expectedByteCount: UInt64
  ) throws(CheckpointError) {
    self.output = output
    buffer = ByteWriter(capacity: Int(min(expectedByteCount, UInt64(Self.bufferByteCount))))
    try output.file.reserve(expectedByteCount)
  }

  /// Appends a payload of numbers.
  ///
  /// - Returns: Where it is, and its checksum.
  func append(_ bytes: RawSpan) throws(CheckpointError) -> (ByteRange, CRC32C) {
    let start = position
    var checksum = CRC32C()
    if bytes.byteCount < Self.gatheredByteCount {
      checksum.update(bytes)
      try gather(bytes)
    } else {
      try flush()
      try forEachChunk(of: bytes) { chunk throws(CheckpointError) in
        checksum.update(chunk)
        try write(chunk)
      }
    }
    return (ByteRange(offset: start, count: UInt64(bytes.byteCount)), checksum)
  }

  /// Appends a payload of numbers that comes piece by piece, as the file is to have it.
  ///
  /// - Parameter pieces: Calls its argument with each piece, in order.
  /// - Returns: Where it is, and its checksum.
  /// - Throws: `io` if the system fails; what `pieces` throws.
  func append(
    pieces: ((RawSpan) throws(CheckpointError) -> Void) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> (ByteRange, CRC32C) {
    let start = position
    var checksum = CRC32C()
    try pieces { piece throws(CheckpointError) in
      checksum.update(piece)
      try gather(piece)
    }
    return (ByteRange(offset: start, count: position - start), checksum)
  }

  /// Appends a payload of strings.
  func append(strings elements: [[UInt8]]) throws(CheckpointError) -> (ByteRange, CRC32C) {
    let encoder = StringTensorEncoder(strings: elements)
    return try append(encoder, elements)
  }

  /// Appends a payload of variants.
  func append(variants elements: [[UInt8]]) throws(CheckpointError) -> (ByteRange, CRC32C) {
    try append(StringTensorEncoder(variants: elements), [])
  }

  private func append(
    _ encoder: StringTensorEncoder,
    _ elements: [[UInt8]]
  ) throws(CheckpointError) -> (ByteRange, CRC32C) {
    let start = position
    unsafe try gather(encoder.head.bytes.span.bytes)
    for element in elements { unsafe try gather(element.span.bytes) }
    return (ByteRange(offset: start, count: position - start), encoder.checksum)
  }

  /// Writes what is left, and gives the file its name.
  func commit() throws(CheckpointError) {
    try flush()
    try output.commit()
  }

  private var position: UInt64 { written + UInt64(buffer.count) }

  private func gather(_ bytes: RawSpan) throws(CheckpointError) {
    if bytes.byteCount >= Self.gatheredByteCount {
      try flush()
      try forEachChunk(of: bytes) { chunk throws(CheckpointError) in try write(chunk) }
    } else {
      if buffer.count + bytes.byteCount > Self.bufferByteCount { try flush() }
      buffer.write(Span<UInt8>(_bytes: bytes))
    }
  }

  private func flush() throws(CheckpointError) {
    guard buffer.count > 0 else { return }
    var full = ByteWriter()
    swap(&full, &buffer)
    unsafe try write(full.bytes.span.bytes)
    full.bytes.removeAll(keepingCapacity: true)
    swap(&full, &buffer)
  }

  private func write(_ bytes: RawSpan) throws(CheckpointError) {
    try output.file.write(bytes, at: written)
    written += UInt64(bytes.byteCount)
    guard output.durability == .full, written - syncing >= Self.writebackByteCount else { return }
    output.file.startWriteback(ByteRange(offset: syncing, count: written - syncing))
    syncing = written
  }

  private func forEachChunk(
    of bytes: RawSpan,
    _ body: (RawSpan) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var start = 0
    while start < bytes.byteCount {
      let end = min(bytes.byteCount, start + Self.chunkByteCount)
      try body(bytes.extracting(start..<end))
      start = end
    }
  }

  private static let bufferByteCount = 1 << 20
  private static let gatheredByteCount = 256 << 10
  private static let chunkByteCount = 512 << 10
  private static let writebackByteCount: UInt64 = 32 << 20
}
