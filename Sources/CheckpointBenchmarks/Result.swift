/// What an operation of a workload took.
struct Result {
  let workload: Workload
  let operation: Operation
  /// How many bytes of values it moved.
  let byteCount: Int
  /// The library.
  let ours: Series
  /// The least that it takes.
  let limit: Series
  /// The others.
  let peers: [(peer: Peer, series: Series)]

  init(workload: Workload, operation: Operation, byteCount: Int, _ entrants: [Entrant]) {
    self.workload = workload
    self.operation = operation
    self.byteCount = byteCount
    ours = entrants[0].series
    limit = entrants[1].series
    peers = entrants.compactMap { entrant in entrant.peer.map { ($0, entrant.series) } }
  }

  /// How many times as long as the limit.
  var ratio: Double { ours.seconds / limit.seconds }

  /// Whether it took more memory than is promised.
  var exceedsMemory: Bool {
    guard let allowance = operation.memoryAllowance(byteCount: byteCount) else { return false }
    return ours.growthByteCount > allowance
  }
}
