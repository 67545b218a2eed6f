import CheckpointIO
import CheckpointTensors
import Synchronization

/// A data file being written: payloads one after the other, without gaps unless they are aligned.
///
/// Small payloads are gathered; large ones go to the file from where they are, in chunks that are
/// checksummed while they are in the cache, by all cores.
struct ShardWriter {
  private let output: AtomicFile
  private let pool: OutputPool
  private let alignment: Int
  private var buffer: ByteWriter
  private var written: UInt64 = 0  // bytes in the file; those in the buffer follow
  private var syncing: UInt64 = 0  // bytes that the disk has been asked to begin with

  /// Begins with an empty file.
  ///
  /// - Parameters:
  ///   - output: The file.
  ///   - pool: What keeps it open.
  ///   - expectedByteCount: How many bytes will come, as far as known: room is reserved.
  ///   - alignment: What the offset of each payload is a multiple of.
  /// - Throws: `io` if there is no room.
  init(_ output: AtomicFile, in pool: OutputPool, expectedByteCount: UInt64, alignment: Int)
    throws(CheckpointError)
  {
    self.output = output
    self.pool = pool
    self.alignment = alignment
    buffer = ByteWriter(capacity: Int(min(expectedByteCount, UInt64(Self.bufferByteCount))))
    try output.file.reserve(expectedByteCount)
  }

  /// Appends a payload of numbers.
  ///
  /// - Returns: Where it is, and its checksum.
  mutating func append(_ bytes: RawSpan) throws(CheckpointError) -> (ByteRange, CRC32C) {
    let start = position
    var checksum = CRC32C()
    if bytes.byteCount < Self.gatheredByteCount {
      checksum.update(bytes)
      try gather(bytes)
    } else {
      checksum = try writeThrough(bytes)
    }
    try align()
    return (ByteRange(offset: start, count: UInt64(bytes.byteCount)), checksum)
  }

  /// Appends a payload of numbers that comes piece by piece, as the file is to have it.
  ///
  /// - Parameter pieces: Calls its argument with each piece, in order.
  /// - Returns: Where it is, and its checksum.
  /// - Throws: `io` if the system fails; what `pieces` throws.
  mutating func append(
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
  mutating func append(strings elements: [[UInt8]]) throws(CheckpointError) -> (ByteRange, CRC32C) {
    let encoder = StringTensorEncoder(strings: elements)
    return try append(encoder, elements)
  }

  /// Appends a payload of variants.
  mutating func append(variants elements: [[UInt8]]) throws(CheckpointError) -> (ByteRange, CRC32C)
  {
    try append(StringTensorEncoder(variants: elements), [])
  }

  private mutating func append(_ encoder: StringTensorEncoder, _ elements: [[UInt8]])
    throws(CheckpointError) -> (ByteRange, CRC32C)
  {
    let start = position
    unsafe try gather(encoder.head.bytes.span.bytes)
    for element in elements { unsafe try gather(element.span.bytes) }
    let count = position - start
    try align()
    return (ByteRange(offset: start, count: count), encoder.checksum)
  }

  // As TensorFlow aligns: after each payload, the last one too.
  // Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, `PadAlignment`.
  private mutating func align() throws(CheckpointError) {
    let excess = Int(position % UInt64(alignment))
    guard excess > 0 else { return }
    let padding = [UInt8](repeating: 0, count: alignment - excess)
    unsafe try gather(padding.span.bytes)
  }

  /// Writes what is left, and gives the file its name.
  mutating func commit() throws(CheckpointError) {
    try flush()
    pool.remove(output)
    try output.commit()
  }

  /// How many bytes have been appended.
  var byteCount: UInt64 { position }

  private var position: UInt64 { written + UInt64(buffer.count) }

  private mutating func gather(_ bytes: RawSpan) throws(CheckpointError) {
    guard bytes.byteCount < Self.gatheredByteCount else {
      _ = try writeThrough(bytes)
      return
    }
    if buffer.count + bytes.byteCount > Self.bufferByteCount { try flush() }
    buffer.write(Span<UInt8>(_bytes: bytes))
  }

  private mutating func flush() throws(CheckpointError) {
    let count = buffer.count
    guard count > 0 else { return }
    try pool.use(output)
    unsafe try output.file.write(buffer.bytes.span.bytes, at: written)
    // With more data files than may be open at once, the buffers of all of them would take too much memory.
    buffer.bytes.removeAll(keepingCapacity: !pool.isCrowded)
    advance(by: count)
  }

  // Stretch by stretch, so that the disk can begin with one while the next is written.
  private mutating func writeThrough(_ bytes: RawSpan) throws(CheckpointError) -> CRC32C {
    try flush()
    try pool.use(output)
    var checksum = CRC32C()
    for stretch in Chunks(of: 0..<bytes.byteCount, by: Self.stretchByteCount) {
      let sum = try write(bytes.extracting(stretch))
      checksum.append(sum, count: UInt64(stretch.count))
      advance(by: stretch.count)
    }
    return checksum
  }

  // By all cores: while one is in the system's call, which locks the file, another computes checksums.
  private func write(_ bytes: RawSpan) throws(CheckpointError) -> CRC32C {
    let (file, start) = (output.file, written)
    let pieces = Chunks(of: 0..<bytes.byteCount, by: Self.pieceByteCount)
    let sums = Mutex(PieceSums())
    try SharedWork.run(count: pieces.count) { number throws(CheckpointError) in
      let piece = pieces[number]
      var checksum = CRC32C()
      for chunk in Chunks(of: piece, by: Self.chunkByteCount) {
        checksum.update(bytes.extracting(chunk))
        try file.write(bytes.extracting(chunk), at: start + UInt64(chunk.lowerBound))
      }
      sums.withLock { $0.add(checksum, count: UInt64(piece.count), number: number) }
    }
    return sums.withLock { $0.checksum }
  }

  private mutating func advance(by byteCount: Int) {
    written += UInt64(byteCount)
    guard output.durability == .full, written - syncing >= UInt64(Self.stretchByteCount) else {
      return
    }
    output.file.startWriteback(ByteRange(offset: syncing, count: written - syncing))
    syncing = written
  }

  private static let bufferByteCount = 1 << 20
  private static let gatheredByteCount = 256 << 10
  private static let chunkByteCount = 256 << 10
  private static let pieceByteCount = 1 << 20
  private static let stretchByteCount = 32 << 20
}
