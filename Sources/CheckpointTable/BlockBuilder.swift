internal import CheckpointIO

/// The entries of one block on their way into a file.
///
/// Keys come in ascending order, which the caller sees to; a builder is used for block after block.
struct BlockBuilder {
  private let restartInterval: Int
  private var output = ByteWriter()
  private var restarts: [UInt32] = [0]
  private var entriesSinceRestart = 0

  init(restartInterval: Int) { self.restartInterval = restartInterval }

  /// Whether the block has no entry yet.
  var isEmpty: Bool { output.count == 0 }

  /// How many bytes the block would have if it ended here.
  var byteCount: Int { output.count + 4 * restarts.count + 4 }

  /// Appends an entry, whose key has its first `common` bytes in common with the one before.
  mutating func add(_ key: Span<UInt8>, _ value: Span<UInt8>, common: Int) {
    var shared = isEmpty ? 0 : common
    if entriesSinceRestart == restartInterval {
      restarts.append(UInt32(output.count))  // the caller keeps blocks below 4 GiB
      entriesSinceRestart = 0
      shared = 0
    }
    output.write(varint: UInt64(shared))
    output.write(varint: UInt64(key.count - shared))
    output.write(varint: UInt64(value.count))
    output.write(key.extracting(shared...))
    output.write(value)
    entriesSinceRestart += 1
  }

  /// Ends the block, hands it over with its trailer, starts the next one, and tells how many bytes
  /// the block had without the trailer.
  mutating func finish(_ sink: (Span<UInt8>) throws(CheckpointError) -> Void)
    throws(CheckpointError) -> Int
  {
    for restart in restarts { output.write(restart) }
    output.write(UInt32(restarts.count))
    let count = output.count
    output.write(byte: TableFormat.uncompressed)
    unsafe output.write(CRC32C(of: output.bytes.span.bytes).masked)
    try sink(output.bytes.span)
    output.bytes.removeAll(keepingCapacity: output.bytes.capacity <= 4 * TableFormat.blockByteCount)
    restarts = [0]
    entriesSinceRestart = 0
    return count
  }
}
