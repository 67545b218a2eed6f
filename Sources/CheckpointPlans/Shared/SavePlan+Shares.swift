import CheckpointGraph
package import CheckpointIO
import CheckpointTensors

// Who writes what, if several processes save one checkpoint:
//
//   a part of a partitioned variable      the process that has it
//   what differs from process to process  that process
//   what all have                         one of them, so that all write about as much
//   the object graph, the save counter    the process of rank 0
//   a state of each process               the process of rank 0, all of them as one
//
// Nobody has to ask for that: every process works it out, and all come to the same result.

extension SavePlan {
  /// What all processes have to agree upon.
  package struct Agreement: Hashable {
    /// How many tensors all have.
    var count: Int
    /// The sum of their keys, dtypes, shapes and places.
    var variables: UInt64
    /// The sum of the object graph; 0 if there is none.
    var graph: UInt64
    /// How many states each process has of its own.
    var states: Int
    /// How many processes there are, as each believes.
    var processes = 0
    /// Whether what is written is made durable.
    var isDurable = true
  }

  /// What one process writes.
  package struct Share {
    var plan: SavePlan
    let agreement: Agreement
    /// The states of the process, whoever writes them.
    let states: [(key: TensorKey, bytes: [UInt8])]
    /// Which of all items the process writes.
    let places: [Int]
  }

  /// What one process writes of what all have.
  ///
  /// - Parameters:
  ///   - rank: Which process.
  ///   - count: How many there are.
  /// - Returns: Its share, and what all have to agree upon.
  /// - Throws: What a variable's own type throws.
  package consuming func share(to rank: Int, of count: Int) throws(CheckpointError) -> Share {
    var plan = self
    var agreement = try plan.agreement()
    agreement.processes = count
    let states = try plan.states()
    let shares = plan.shares(count)
    let places = shares.indices.filter { (shares[$0] ?? rank) == rank }
    for (index, place) in places.enumerated() { plan.items.swapAt(index, place) }  // in their order
    plan.items.removeSubrange(places.count...)
    return Share(plan: plan, agreement: agreement, states: states, places: places)
  }

  /// Puts the states of all processes, at rank 0, into the place of its own.
  ///
  /// - Parameter joined: One for each key of a state.
  /// - Throws: `mismatch` if a state is no string, which it is.
  mutating func setStates(_ joined: [TensorKey: [UInt8]]) throws(CheckpointError) {
    for index in items.indices where items[index].holder == .each {
      guard let state = joined[items[index].key] else { continue }
      let tensor = try AnyTensor(TensorSpec(.string, .scalar), .strings([state]))
      var item = Item(TensorBox(tensor), key: items[index].key, holder: .each)
      item.shard = items[index].shard
      items[index] = item
    }
  }

  /// The states of this process among the items.
  func states() throws(CheckpointError) -> [(key: TensorKey, bytes: [UInt8])] {
    let places = items.span  // looked at in their places: copies would count references
    var states: [(key: TensorKey, bytes: [UInt8])] = []
    for index in places.indices where places[index].holder == .each {
      let bytes = try places[index].variable.tensorSnapshot().strings?.first ?? []
      states.append((key: places[index].key, bytes: bytes))
    }
    return states
  }

  // For each item the process that writes it; `nil` for those that only one has.
  private func shares(_ count: Int) -> [Int?] {
    var shares: [Int?] = items.map { $0.holder == .leader || $0.holder == .each ? 0 : nil }
    // The largest first, each to whom has least; where that is no difference, in their order.
    let dealt = items.indices.filter { items[$0].holder == .all }
    let sizes = dealt.map { items[$0].spec.byteCount ?? 0 }
    let order = dealt.indices.sorted { (sizes[$1], $0) < (sizes[$0], $1) }
    var loads = LeastLoaded(count)
    for index in order { shares[dealt[index]] = loads.take(UInt64(sizes[index])) }
    return shares
  }

  private func agreement() throws(CheckpointError) -> Agreement {
    var sum = ProcessMessage()
    var agreement = Agreement(count: 0, variables: 0, graph: 0, states: 0)
    let graphKey = TensorKey(ObjectGraph.key)
    let places = items.span  // looked at in their places: copies would count references
    for index in places.indices where places[index].holder != .this {
      let (key, spec) = (places[index].key, places[index].spec)
      agreement.count += 1
      if places[index].holder == .each { agreement.states += 1 }
      sum.write(key.bytes)
      sum.write(Int(spec.dtype.rawValue))
      sum.write(spec.shape.dimensions) { $0.write($1) }
      sum.write(places[index].part?.slice.description ?? "")
      guard key == graphKey else { continue }
      let graph = try places[index].variable.tensorSnapshot().strings?.first ?? []
      agreement.graph = Self.sum(graph)
    }
    agreement.variables = Self.sum(sum.bytes)
    return agreement
  }

  // Of equal lengths the checksums tell them apart, but for one chance in four billion.
  private static func sum(_ bytes: [UInt8]) -> UInt64 {
    var checksum = CRC32C()
    unsafe checksum.update(bytes.span.bytes)
    return UInt64(checksum.masked) << 32 | UInt64(truncatingIfNeeded: bytes.count) & 0xFFFF_FFFF
  }
}

/// Gives each of many things to whom has least so far.
private struct LeastLoaded {
  // A heap: the load and the number of each, the least first.
  private var heap: [(load: UInt64, number: Int)]

  init(_ count: Int) { heap = (0..<count).map { (0, $0) } }

  mutating func take(_ load: UInt64) -> Int {
    let number = heap[0].number
    heap[0].load &+= load
    var index = 0
    while true {
      var least = index
      for child in 2 * index + 1...2 * index + 2 where child < heap.count && isLess(child, least) {
        least = child
      }
      guard least != index else { return number }
      heap.swapAt(index, least)
      index = least
    }
  }

  private func isLess(_ one: Int, _ other: Int) -> Bool {
    (heap[one].load, heap[one].number) < (heap[other].load, heap[other].number)
  }
}
