public import CheckpointIO
public import CheckpointTensors
import CheckpointTable
import CheckpointWire

// Many tensors at once: the index is gone through in its own order, and so are the data files, small
// tensors that lie next to each other in one read.

extension BundleReader {
  /// What the index says of several tensors; `nil` for those that it does not have.
  ///
  /// Takes one pass over the index, however many they are.
  ///
  /// - Parameter keys: The keys, in any order.
  /// - Returns: An entry for each key, in the order of the keys.
  /// - Throws: `corrupt` if what it says is damaged.
  public func entries(for keys: [TensorKey]) throws(CheckpointError) -> [TensorEntry?] {
    var entries: [TensorEntry?] = Array(repeating: nil, count: keys.count)
    var budget = Self.sliceKeyBudget
    try forEachBundleEntry(of: keys) { index, entry throws(CheckpointError) in
      guard let entry else { return }
      entries[index] = try tensorEntry(keys[index], entry, &budget)
    }
    return entries
  }

  /// Reads several tensors, or parts of them, into new memory.
  ///
  /// - Parameter requests: The tensors, in any order.
  /// - Returns: A tensor for each request, in the order of the requests.
  /// - Throws: As ``TensorReader/tensor(for:slice:)`` says, for the first that cannot be read.
  public func tensors(for requests: [TensorRequest]) throws(CheckpointError) -> [AnyTensor] {
    var tensors: [AnyTensor?] = Array(repeating: nil, count: requests.count)
    var stored: [StoredRequest] = []
    stored.reserveCapacity(requests.count)
    try forEachBundleEntry(of: requests.map(\.key)) { index, entry throws(CheckpointError) in
      let request = requests[index]
      if let entry, entry.slices.isEmpty, request.slice == nil, entry.spec.dtype.byteWidth != nil {
        stored.append(StoredRequest(index: index, entry: entry))
      } else {
        tensors[index] = try tensor(for: request.key, slice: request.slice)
      }
    }
    stored.sort { $0.place < $1.place }
    try read(stored, requests) { index, tensor in tensors[index] = tensor }
    return tensors.compactMap { $0 }  // each has been read, or an error thrown
  }

  /// A tensor that is stored whole, and the request that it answers.
  private struct StoredRequest {
    let index: Int
    let entry: BundleEntry

    var place: (Int, UInt64) { (entry.shard, entry.range.offset) }
    var end: UInt64 { entry.range.end ?? .max }
  }

  private func forEachBundleEntry(
    of keys: [TensorKey],
    _ body: (Int, BundleEntry?) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    let order = keys.indices.sorted { keys[$0] < keys[$1] }
    var list = KeyList()
    for index in order {
      let bytes = keys[index].bytes
      list.append(bytes.span)
    }
    do throws(CheckpointError) {
      try table.forEachValue(ofSorted: list) { position, value throws(CheckpointError) in
        let index = order[position]
        guard let value, !keys[index].bytes.isEmpty else { return try body(index, nil) }
        do throws(CheckpointError) {
          try body(index, try decode(value))
        } catch {
          throw error.located(key: keys[index].description)
        }
      }
    } catch {
      throw error.located(file: indexPath)
    }
  }

  // Reads tensors in the order of the files.
  private func read(
    _ stored: [StoredRequest],
    _ requests: [TensorRequest],
    _ take: (Int, AnyTensor) -> Void
  ) throws(CheckpointError) {
    let runEnds = Self.runEnds(stored)
    let memory = TensorStorage(uninitializedByteCount: Self.windowByteCount)
    var window: PayloadWindow?
    var windowShard: Int?
    for (position, request) in stored.enumerated() {
      let entry = request.entry
      do throws(CheckpointError) {
        let storage = TensorStorage(uninitializedByteCount: try checkedByteCount(entry))
        let payload = PayloadReader(entry: entry, shards: shards)
        if entry.range.count > 0, entry.range.count < UInt64(PayloadReader.chunkByteCount) {
          if windowShard != entry.shard {
            window = PayloadWindow(try shards.file(entry.shard), memory: memory)
            windowShard = entry.shard
          }
          try storage.withMutableBytes { bytes throws(CheckpointError) in
            try payload.read(into: &bytes, through: &window, readAheadTo: runEnds[position])
          }
        } else {
          try storage.withMutableBytes { bytes throws(CheckpointError) in
            try payload.read(into: &bytes)
          }
        }
        take(request.index, try AnyTensor(entry.spec, .bytes(storage)))
      } catch {
        throw error.located(file: path, key: requests[request.index].key.description)
      }
    }
  }

  private func checkedByteCount(_ entry: BundleEntry) throws(CheckpointError) -> Int {
    if entry.range.count > 0 { _ = try shards.file(entry.shard, holding: entry.range) }
    return Int(entry.range.count)  // what the file has: it was just checked
  }

  // Where the tensors end that lie, from each one on, next to each other but for small gaps.
  private static func runEnds(_ stored: [StoredRequest]) -> [UInt64] {
    var ends = stored.map(\.end)
    for position in stored.indices.dropLast().reversed() {
      let (here, next) = (stored[position], stored[position + 1])
      let isNear = here.entry.shard == next.entry.shard && next.place.1 <= here.end &+ largestGap
      if isNear { ends[position] = max(ends[position], ends[position + 1]) }
    }
    return ends
  }

  private static let windowByteCount = 1 << 20
  private static let largestGap: UInt64 = 16 << 10
}
