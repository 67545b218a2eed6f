import CheckpointIO
import CheckpointTensors
import CheckpointWire

/// The tensor whose turn it is, of several that are gone through in the order of the data files.
final class BundleSource: TensorSource {
  private let reader: BundleReader
  private let stored: [StoredRequest]
  private let requests: [TensorRequest]
  private let runEnds: [UInt64]
  private let memory = TensorStorage(uninitializedByteCount: BundleSource.windowByteCount)
  private var window: PayloadWindow?
  private var windowShard: Int?
  private var position = 0

  /// Begins with the first of `stored`, which are in order.
  init(_ reader: BundleReader, _ stored: [StoredRequest], _ requests: [TensorRequest]) {
    self.reader = reader
    self.stored = stored
    self.requests = requests
    runEnds = PayloadSchedule.runEnds(stored.map { ($0.entry?.shard ?? -1, $0.entry?.range) })
  }

  /// Goes on to the next.
  func advance() { position += 1 }

  private var request: TensorRequest { requests[stored[position].index] }

  func read(into output: inout MutableRawSpan) throws(CheckpointError) {
    guard let entry = stored[position].entry else {
      return try reader.read(request.key, slice: request.slice, into: &output)
    }
    let byteCount = try reader.shards.checkedByteCount(of: entry)
    try entry.spec.checkRoom(byteCount, output.byteCount)
    try read(entry, into: &output)
  }

  func tensor() throws(CheckpointError) -> AnyTensor {
    guard let entry = stored[position].entry else {
      return try reader.tensor(for: request.key, slice: request.slice)
    }
    let byteCount = try reader.shards.checkedByteCount(of: entry)
    let storage = TensorStorage(uninitializedByteCount: byteCount)
    try storage.withMutableBytes { bytes throws(CheckpointError) in try read(entry, into: &bytes) }
    return try AnyTensor(entry.spec, .bytes(storage))
  }

  private func read(
    _ entry: BundleEntry,
    into output: inout MutableRawSpan
  ) throws(CheckpointError) {
    let payload = PayloadReader(entry: entry, shards: reader.shards)
    guard (1..<PayloadReader.chunkByteCount).contains(output.byteCount) else {
      return try payload.read(into: &output)
    }
    var window = try window(on: entry.shard)
    defer { self.window = window }
    try payload.read(into: &output, through: &window, readAheadTo: runEnds[position])
  }

  private func window(on shard: Int) throws(CheckpointError) -> PayloadWindow {
    if let window, windowShard == shard { return window }
    windowShard = shard
    return PayloadWindow(try reader.shards.file(shard), memory: memory)
  }

  private static let windowByteCount = 1 << 20
}
