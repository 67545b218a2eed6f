import CheckpointIO
import CheckpointTensors

/// The tensor whose turn it is, of several that are gone through in the order of the data files.
final class BundleSource: TensorSource {
  private let batch: BundleBatch
  private let positions: [Int]
  private let runEnds: [UInt64]
  private let memory = TensorStorage(uninitializedByteCount: BundleSource.windowByteCount)
  private var files: ShardCursor
  private var window: PayloadWindow?
  private var windowShard: Int?
  private var turn = 0

  /// Begins with the first of `positions`, which are in the order of the data files.
  init(_ batch: BundleBatch, _ positions: [Int]) {
    self.batch = batch
    self.positions = positions
    files = ShardCursor(batch.reader.shards)
    runEnds = PayloadSchedule.runEnds(
      positions.map { position in
        let entry = batch.plainEntry(at: position)
        return (entry?.shard ?? -1, entry?.range)
      })
  }

  /// Goes on to the next.
  func advance() { turn += 1 }

  private var request: TensorRequest { batch.requests[positions[turn]] }

  func read(into output: inout MutableRawSpan) throws(CheckpointError) {
    guard let entry = batch.plainEntry(at: positions[turn]) else {
      return try batch.reader.reading(request)
        .read(request.key, slice: request.slice, into: &output)
    }
    let byteCount = try files.checkedByteCount(of: entry.payload)
    try entry.spec.checkRoom(byteCount, output.byteCount)
    try read(entry.payload, into: &output)
  }

  func tensor() throws(CheckpointError) -> AnyTensor {
    guard let entry = batch.plainEntry(at: positions[turn]) else {
      return try batch.reader.reading(request).tensor(for: request.key, slice: request.slice)
    }
    let byteCount = try files.checkedByteCount(of: entry.payload)
    let storage = try TensorStorage(allocating: byteCount)
    try storage.withMutableBytes { bytes throws(CheckpointError) in
      try read(entry.payload, into: &bytes)
    }
    return try AnyTensor(entry.spec, .bytes(storage))
  }

  private func read(_ payload: StoredPayload, into output: inout MutableRawSpan)
    throws(CheckpointError)
  {
    let reader = PayloadReader(payload: payload, shards: batch.reader.shards)
    guard (1..<PayloadReader.chunkByteCount).contains(output.byteCount) else {
      return try reader.read(into: &output)
    }
    if windowShard != payload.shard || window == nil {
      window = PayloadWindow(batch.reader.shards, payload.shard, memory: memory)
      windowShard = payload.shard
    }
    try window?.copy(payload.range, to: &output, readAheadTo: runEnds[turn])
    try reader.finish(&output)
  }

  private static let windowByteCount = 1 << 20
}
