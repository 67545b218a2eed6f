public import CheckpointIO
public import CheckpointTensors
import CheckpointTable
import CheckpointWire

// Many tensors at once: the index is gone through in its own order, and so are the data files.

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

  /// Reads several tensors, or parts of them, into new memory, by all cores.
  ///
  /// - Parameter requests: The tensors, in any order.
  /// - Returns: A tensor for each request, in the order of the requests.
  /// - Throws: As ``TensorReader/tensor(for:slice:)`` says, for the first that cannot be read.
  public func tensors(for requests: [TensorRequest]) throws(CheckpointError) -> [AnyTensor] {
    try tensors(for: requests) { payloads throws(CheckpointError) in
      try PayloadBatch.read(payloads, from: shards)
    }
  }

  /// Maps several tensors, as far as their places in the data files allow; others are read.
  ///
  /// A tensor can be mapped if it is stored whole, in this machine's byte order, and if its offset is a
  /// multiple of the size of its numbers.
  ///
  /// - Throws: As ``TensorReader/mappedTensors(for:isChecked:)`` says.
  public func mappedTensors(
    for requests: [TensorRequest],
    isChecked: Bool
  ) throws(CheckpointError) -> [AnyTensor] {
    try tensors(for: requests) { payloads throws(CheckpointError) in
      try PayloadMapping.map(payloads, from: shards, isChecked: isChecked)
    }
  }

  // Tensors of fixed width that are stored whole go to `read`, in the order of the files.
  private func tensors(
    for requests: [TensorRequest],
    _ read: ([StoredPayload]) throws(CheckpointError) -> [TensorStorage]
  ) throws(CheckpointError) -> [AnyTensor] {
    var tensors: [AnyTensor?] = Array(repeating: nil, count: requests.count)
    var positions: [Int] = []
    var payloads: [StoredPayload] = []
    for stored in try find(requests) {
      let request = requests[stored.index]
      if let entry = stored.entry {
        positions.append(stored.index)
        payloads.append(StoredPayload(key: request.key, entry: entry))
      } else {
        tensors[stored.index] = try tensor(for: request.key, slice: request.slice)
      }
    }
    do throws(CheckpointError) {
      let memory = try read(payloads)
      for (number, position) in positions.enumerated() {
        tensors[position] = try AnyTensor(payloads[number].entry.spec, .bytes(memory[number]))
      }
    } catch {
      throw error.located(file: path)
    }
    return tensors.compactMap { $0 }  // each has been read, or an error thrown
  }

  /// Offers several tensors, in the order of the data files; small neighbours are read together.
  ///
  /// - Throws: As ``TensorReader/forEachTensor(of:_:)`` says.
  public func forEachTensor(
    of requests: [TensorRequest],
    _ body: (_ position: Int, _ source: any TensorSource) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    let stored = try find(requests)
    let source = BundleSource(self, stored, requests)
    for request in stored {
      do throws(CheckpointError) {
        try body(request.index, source)
      } catch {
        throw error.located(file: path, key: requests[request.index].key.description)
      }
      source.advance()
    }
  }

  // What is asked for, in the order of the data files.
  private func find(_ requests: [TensorRequest]) throws(CheckpointError) -> [StoredRequest] {
    var stored: [StoredRequest] = []
    stored.reserveCapacity(requests.count)
    try forEachBundleEntry(of: requests.map(\.key)) { index, entry in
      stored.append(StoredRequest(index, requests[index], entry))
    }
    StoredRequest.sort(&stored)
    return stored
  }

  private func forEachBundleEntry(
    of keys: [TensorKey],
    _ body: (Int, BundleEntry?) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    let order = Self.order(of: keys)
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

  // The positions of keys in their byte order; most often they are in order.
  private static func order(of keys: [TensorKey]) -> [Int] {
    let span = keys.span
    let isAscending = span.indices.dropFirst().allSatisfy {
      !span[$0].bytes.span.precedes(span[$0 - 1].bytes.span)
    }
    return isAscending ? Array(keys.indices) : keys.indices.sorted { keys[$0] < keys[$1] }
  }
}
