import CheckpointIO
import CheckpointTensors

/// Several tensors of a bundle: the index has been gone through in its own order, and so the data files
/// will be.
struct BundleBatch: TensorBatch {
  let reader: BundleReader
  let requests: [TensorRequest]
  private let found: [BundleEntry?]

  /// Takes what the index says of each of the requests.
  init(_ reader: BundleReader, _ requests: [TensorRequest], _ found: [BundleEntry?]) {
    self.reader = reader
    self.requests = requests
    self.found = found
  }

  func spec(at position: Int) -> TensorSpec? { found.span[position]?.spec }

  func slices(at position: Int) -> [TensorSlice] { found.span[position]?.slices ?? [] }

  func entries() throws(CheckpointError) -> [TensorEntry?] {
    var entries: [TensorEntry?] = []
    entries.reserveCapacity(found.count)
    var budget = BundleReader.sliceKeyBudget
    for (request, entry) in zip(requests, found) {
      guard let entry else {
        entries.append(nil)
        continue
      }
      entries.append(try reader.tensorEntry(request.key, entry, &budget))
    }
    return entries
  }

  func selecting(_ positions: [Int]) -> any TensorBatch {
    BundleBatch(reader, positions.map { requests[$0] }, positions.map { found[$0] })
  }

  // MARK: Reading

  /// Reads the tensors, by all cores.
  func tensors() throws(CheckpointError) -> [AnyTensor] {
    try tensors { payloads throws(CheckpointError) in
      try PayloadBatch.read(payloads, from: reader.shards, naming: naming)
    }
  }

  /// Maps the tensors, as far as their places in the data files allow; others are read.
  ///
  /// A tensor can be mapped if it is stored whole, in this machine's byte order, and if its offset is a
  /// multiple of the size of its numbers.
  func mappedTensors(isChecked: Bool) throws(CheckpointError) -> [AnyTensor] {
    try tensors { payloads throws(CheckpointError) in
      try PayloadMapping.map(
        payloads, from: reader.shards, isChecked: isChecked, naming: naming)
    }
  }

  // Tensors of fixed width that are stored whole go to `read`, in the order of the files.
  private func tensors(_ read: ([StoredPayload]) throws(CheckpointError) -> [TensorStorage])
    throws(CheckpointError) -> [AnyTensor]
  {
    let plain = plainPositions
    let payloads = plain.compactMap { position in
      found.span[position].map { StoredPayload($0, number: position) }
    }
    let memory: [TensorStorage]
    do throws(CheckpointError) {
      memory = try read(payloads)
    } catch {
      throw reader.explained(error).located(file: reader.path)
    }
    var places = [Int](repeating: memory.count, count: requests.count)
    for (place, position) in plain.enumerated() { places[position] = place }
    var tensors: [AnyTensor] = []
    tensors.reserveCapacity(requests.count)
    for (position, place) in places.enumerated() {
      if place < memory.count, let spec = found.span[position]?.spec {
        tensors.append(try AnyTensor(spec, .bytes(memory[place])))
      } else {
        let request = requests[position]
        tensors.append(try reader.reading(request).tensor(for: request.key, slice: request.slice))
      }
    }
    return tensors
  }

  private func naming(_ error: CheckpointError, _ number: Int) -> CheckpointError {
    error.located(key: requests[number].key.description)
  }

  /// Offers the tensors in the order of the data files; small neighbours are read together.
  func forEachTensor(
    _ body: (_ position: Int, _ source: any TensorSource) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    let plain = plainPositions
    let others = plain.count == requests.count ? [] : otherPositions
    let source = BundleSource(self, others + plain)
    for position in others + plain {
      do throws(CheckpointError) {
        try body(position, source)
      } catch {
        let error = reader.explained(error)
        throw error.located(file: reader.path, key: requests[position].key.description)
      }
      source.advance()
    }
  }

  /// The entry of a tensor that can be read as it lies in its file; `nil` for one that has to be put
  /// together.
  func plainEntry(at position: Int) -> BundleEntry? {
    guard requests.span[position].slice == nil, let entry = found[position] else { return nil }
    return entry.slices.isEmpty && entry.spec.dtype.byteWidth != nil ? entry : nil
  }

  private var otherPositions: [Int] { requests.indices.filter { plainEntry(at: $0) == nil } }

  // Those that can be read as they lie in the files, in the order of the files.
  private var plainPositions: [Int] {
    let (requests, found) = (requests.span, found.span)
    var positions: [Int] = []
    positions.reserveCapacity(requests.count)
    for position in requests.indices {
      guard let entry = found[position], entry.slices.isEmpty, entry.spec.dtype.byteWidth != nil,
        requests[position].slice == nil
      else { continue }
      positions.append(position)
    }
    func place(_ position: Int) -> (Int, UInt64, Int) {
      found[position].map { ($0.shard, $0.range.offset, position) } ?? (0, 0, position)
    }
    // Most often they are in order.
    let isSorted = positions.indices.dropFirst().allSatisfy {
      place(positions[$0 - 1]) < place(positions[$0])
    }
    if !isSorted { positions.sort { place($0) < place($1) } }
    return positions
  }
}
