import CheckpointIO
import CheckpointTensors

/// Many payloads, read into new memory.
enum PayloadBatch {
  /// Reads and checks payloads of fixed width, ordered by data file and offset.
  ///
  /// - Parameters:
  ///   - payloads: The payloads.
  ///   - shards: The data files.
  ///   - naming: Says whose payload cannot be read.
  /// - Returns: The elements of each, in this machine's byte order.
  /// - Throws: For the first that cannot be read: `corrupt` for a wrong checksum, what reading throws.
  static func read(_ payloads: [StoredPayload], from shards: ShardSet, naming: PayloadNaming)
    throws(CheckpointError) -> [TensorStorage]
  {
    let memory = try memory(for: payloads, shards, naming)
    try PayloadPass(payloads, shards).run(naming: naming) { turn, window throws(CheckpointError) in
      try memory[turn.payload].withMutableBytes(in: turn.place) { bytes throws(CheckpointError) in
        try read(turn, through: &window, into: &bytes)
      }
    }
    guard shards.isBigEndian else { return memory }
    for (payload, storage) in zip(payloads, memory) { try reverse(storage, payload) }
    return memory
  }

  // Memory is asked for only once the data file is known to have as many bytes.
  private static func memory(
    for payloads: [StoredPayload], _ shards: ShardSet, _ naming: PayloadNaming
  ) throws(CheckpointError) -> [TensorStorage] {
    var memory = TensorMemory(capacity: payloads.count)
    var files = ShardCursor(shards)
    for payload in payloads {
      do throws(CheckpointError) {
        try memory.add(files.checkedByteCount(of: payload))
      } catch {
        throw naming(error, payload.number)
      }
    }
    return memory.finish()
  }

  private static func read(
    _ turn: PayloadPass.Turn, through window: inout PayloadWindow, into output: inout MutableRawSpan
  ) throws(CheckpointError) -> CRC32C {
    guard output.byteCount < PayloadWindow.byteCount else {
      return try PayloadReader.read(window.file(), at: turn.range.offset, into: &output)
    }
    try window.copy(turn.range, to: &output, readAheadTo: turn.end)
    return CRC32C(of: output.bytes)
  }

  private static func reverse(_ storage: TensorStorage, _ payload: StoredPayload)
    throws(CheckpointError)
  {
    guard let width = payload.dtype.byteOrderWidth, width > 1 else { return }
    try storage.withMutableBytes { $0.reverseBytes(ofEvery: width) }
  }
}
