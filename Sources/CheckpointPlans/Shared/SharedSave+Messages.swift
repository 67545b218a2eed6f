import CheckpointBundle
import CheckpointIO
import CheckpointTensors

// What the processes tell each other in a save.

/// What a process says of its plan.
struct ShareSummary {
  let agreement: SavePlan.Agreement
  /// The states of the process.
  let states: [[UInt8]]
  /// How many data files it writes.
  let shardCount: Int
  let size: SaveSize

  var bytes: [UInt8] {
    var message = ProcessMessage()
    message.write(agreement.count)
    message.write(agreement.variables)
    message.write(agreement.graph)
    message.write(agreement.states)
    message.write(agreement.processes)
    message.write(agreement.isDurable ? 1 : 0)
    message.write(states) { $0.write($1) }
    message.write(shardCount)
    message.write(size.dataByteCount)
    message.write(size.indexByteCount)
    return message.bytes
  }

  init(agreement: SavePlan.Agreement, states: [[UInt8]], shardCount: Int, size: SaveSize) {
    self.agreement = agreement
    self.states = states
    self.shardCount = shardCount
    self.size = size
  }

  init(_ bytes: [UInt8]) throws(CheckpointError) {
    var reader = ProcessMessageReader(bytes)
    agreement = SavePlan.Agreement(
      count: try reader.readInt(), variables: try reader.readNumber(),
      graph: try reader.readNumber(), states: try reader.readInt(), processes: try reader.readInt(),
      isDurable: try reader.readInt() == 1)
    states = try reader.readArray { reader throws(CheckpointError) in try reader.readBytes() }
    shardCount = try reader.readInt()
    var size = SaveSize()
    size.dataByteCount = try reader.readNumber()
    size.indexByteCount = try reader.readNumber()
    self.size = size
    guard (0...99_999).contains(shardCount), states.count == agreement.states else {
      throw CheckpointError(
        .mismatch, "\(shardCount) data files and \(states.count) states of one process")
    }
  }

  /// Refuses to save what differs from process to process.
  ///
  /// - Throws: `mismatch`, with every process that differs from process 0, and in what.
  static func compare(_ summaries: [ShareSummary], at prefix: String) throws(CheckpointError) {
    guard let first = summaries.first?.agreement else { return }
    var problems: [CheckpointError] = []
    for (rank, other) in summaries.map(\.agreement).enumerated() where other != first {
      problems.append(
        CheckpointError(
          .mismatch, "\(ProcessMeeting.name(rank)) \(other.difference(from: first))"))
    }
    let error = CheckpointError.combining(problems, file: prefix) {
      "\($0) processes do not agree with process 0"
    }
    if let error { throw error }
  }
}

extension SavePlan.Agreement {
  // What is wrong with it, and what to do.
  fileprivate func difference(from first: SavePlan.Agreement) -> String {
    guard processes == first.processes else {
      return
        "is one of \(processes) processes, and process 0 one of \(first.processes); start all by one "
        + "launcher"
    }
    guard isDurable == first.isDurable else {
      return "has another durability than process 0; give all the same options"
    }
    let advice =
      "; what differs from process to process is a part of a PartitionedVariable, or PerProcess"
    guard count == first.count else {
      return "has \(count) tensors that all should have, process 0 has \(first.count)" + advice
    }
    guard variables == first.variables else {
      return "has other variables than process 0: their names, dtypes or shapes differ" + advice
    }
    return "has other objects than process 0, or in another order" + advice
  }
}

/// What rank 0 says before anything is written.
struct SaveStart {
  /// How many data files there are, as their names have it.
  let shardCount: Int
  /// For each process the number of its first data file.
  let firstShards: [Int]

  init(_ summaries: [ShareSummary], shardCount: Int) {
    self.shardCount = shardCount
    var next = 0
    firstShards = summaries.map { summary in
      defer { next += summary.shardCount }
      return next
    }
  }

  var bytes: [UInt8] {
    var message = ProcessMessage()
    message.write(shardCount)
    message.write(firstShards) { $0.write($1) }
    return message.bytes
  }

  init(_ bytes: [UInt8]) throws(CheckpointError) {
    var reader = ProcessMessageReader(bytes)
    shardCount = try reader.readInt()
    firstShards = try reader.readArray { reader throws(CheckpointError) in try reader.readInt() }
  }
}

/// What a process has written.
struct WrittenShare {
  let part: BundlePart
  /// What somebody should know of how it is spread over data files.
  let notes: [CheckpointError]

  init(part: BundlePart, notes: [CheckpointError]) { (self.part, self.notes) = (part, notes) }

  var bytes: [UInt8] {
    var message = ProcessMessage()
    message.write(part.byteCounts) { $0.write($1) }
    message.write(part.index)
    message.write(notes) { $0.write($1) }
    return message.bytes
  }

  init(_ bytes: [UInt8]) throws(CheckpointError) {
    var reader = ProcessMessageReader(bytes)
    let byteCounts = try reader.readArray { reader throws(CheckpointError) in
      try reader.readNumber()
    }
    part = BundlePart(index: try reader.readBytes(), byteCounts: byteCounts)
    notes = try reader.readArray { reader throws(CheckpointError) in try reader.readError() }
  }
}
