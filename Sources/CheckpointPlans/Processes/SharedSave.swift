import CheckpointBundle
package import CheckpointIO
package import CheckpointStore
import CheckpointTensors

// A save by several processes takes two rounds of a meeting:
//
//   1. each plans what it writes; rank 0 compares the plans, locks the prefix, chooses the number of data
//      files, and tells who writes which
//   2. each writes its data files; rank 0 puts the entries of all into the index, which is the commit, and
//      does what follows it: the state file, what need not stay
//
// See ``SharedBundle`` for the files.

/// One process's side of a save by all.
package struct SharedSave {
  private let meeting: ProcessMeeting
  private let options: SaveOptions
  private let progress: OperationProgress?

  /// - Parameters:
  ///   - meeting: The processes; one meeting may be for more than the save.
  ///   - options: How the files are written.
  ///   - progress: Who follows it.
  package init(_ meeting: ProcessMeeting, _ options: SaveOptions, _ progress: OperationProgress?) {
    self.meeting = meeting
    self.options = options
    self.progress = progress
  }

  /// Saves.
  ///
  /// - Parameters:
  ///   - prefix: What the names of the files begin with; the same in all processes.
  ///   - join: Makes one state of those of all processes, in the order of the ranks.
  ///   - plan: What this process has, or why it cannot save.
  ///   - conclude: Called at rank 0 when the checkpoint is there, with what somebody should know of how it is
  ///     spread over data files: does what follows, and says what all are to know.
  /// - Returns: What `conclude` has said.
  /// - Throws: One error in all processes.
  package func save(
    to prefix: String,
    joining join: ([[UInt8]]) throws(CheckpointError) -> [UInt8] = { $0.first ?? [] },
    _ plan: () throws(CheckpointError) -> SavePlan,
    conclude: (SaveExecutor.Saved, [CheckpointError]) throws(CheckpointError) -> [UInt8]
  ) throws(CheckpointError) -> [UInt8] {
    var share: Share?
    let summary = Result { () throws(CheckpointError) in
      try options.checkIsForProcesses()
      let found = try self.share(of: plan())
      share = found
      return found.summary.bytes
    }
    var bundle: SharedBundle?
    var states: [TensorKey: [UInt8]] = [:]
    let start = try meeting.round("the beginning of \(Path(prefix).name)", summary) {
      reports throws(CheckpointError) in
      let summaries = try reports.map { report throws(CheckpointError) in try Summary(report) }
      try Summary.compare(summaries, at: prefix)
      try checkRoom(summaries, at: prefix)
      for (index, key) in (share?.keys ?? []).enumerated() {
        states[key] = try join(summaries.map { $0.states[index] })
      }
      let files = try SharedBundle(
        prefix, shardCount: summaries.reduce(0) { $0 + $1.shardCount }, options: files)
      bundle = files
      return Start(summaries, shardCount: files.shardCount).bytes
    }
    guard var plan = share.take()?.plan else { return [] }
    let part = Result { [bundle] () throws(CheckpointError) in
      try plan.setStates(states)
      return try write(plan, to: prefix, Start(start), bundle)
    }
    var haveAllReported = false
    do throws(CheckpointError) {
      return try commit(part, prefix, bundle, &haveAllReported, conclude)
    } catch {
      // Somebody may be writing still, and has to be cleaned up after.
      if !haveAllReported { bundle?.abandon() }
      throw error
    }
  }

  private var files: FileOptions { options.files.followed(by: progress) }

  private func share(of plan: consuming SavePlan) throws(CheckpointError) -> Share {
    var plan = plan
    var (agreement, states) = try plan.take(shareOf: meeting.rank, of: meeting.count)
    agreement.isDurable = options.durability == .full
    try plan.distribute(options.sharding)
    let summary = Summary(
      agreement: agreement, states: states.map(\.bytes),
      shardCount: plan.items.isEmpty ? 0 : plan.shardCount,
      size: try SaveSize(of: plan, isV1: false))
    return Share(plan: plan, summary: summary, keys: states.map(\.key))
  }

  private func checkRoom(_ summaries: [Summary], at prefix: String) throws(CheckpointError) {
    guard summaries.contains(where: { $0.shardCount > 0 }) else {
      throw CheckpointError(
        .invalidArgument, "a checkpoint holds one tensor at least", file: prefix)
    }
    try summaries.reduce(SaveSize()) { $0 + $1.size }.check(at: prefix, options.fileSystem)
  }

  private func write(
    _ plan: consuming SavePlan, to prefix: String, _ start: Start, _ bundle: SharedBundle?
  ) throws(CheckpointError) -> [UInt8] {
    let notes = plan.notes
    guard !plan.items.isEmpty else { return Written(part: .empty, notes: notes).bytes }
    progress?.begin(.writing, byteCount: plan.byteCount)
    guard start.firstShards.indices.contains(meeting.rank) else {
      throw CheckpointError(.mismatch, "process 0 says nothing of process \(meeting.rank)")
    }
    let (first, sizes) = (start.firstShards[meeting.rank], plan.shardByteCounts)
    var writer: BundleWriter
    if let bundle {
      writer = try bundle.writer(firstShard: first, shardByteCounts: sizes)
    } else {
      writer = try BundleWriter(
        joining: prefix, firstShard: first, of: start.shardCount, shardByteCounts: sizes,
        options: files)
    }
    writer.reserveCapacity(plan.items.count)
    try SaveExecutor.write(plan, to: &writer)
    return Written(part: try writer.finishPart(), notes: notes).bytes
  }

  private func commit(
    _ part: Result<[UInt8], CheckpointError>, _ prefix: String, _ bundle: SharedBundle?,
    _ haveAllReported: inout Bool,
    _ conclude: (SaveExecutor.Saved, [CheckpointError]) throws(CheckpointError) -> [UInt8]
  ) throws(CheckpointError) -> [UInt8] {
    var areAllThere = false
    defer { haveAllReported = areAllThere }
    let saved = try meeting.round(
      "the end of \(Path(prefix).name)", part,
      unanswered: "the new checkpoint may stand all the same: look which one is the newest",
      allHaveReported: { areAllThere = true }
    ) { reports throws(CheckpointError) in
      guard let bundle else { return [] }
      let written = try reports.map { report throws(CheckpointError) in try Written(report) }
      let parts = written.enumerated().map { (name: ProcessMeeting.name($0), part: $1.part) }
      try bundle.commit(parts, patience: meeting.timeout)
      let saved = SaveExecutor.Saved(path: bundle.prefix, files: bundle.files)
      return try conclude(saved, written.flatMap(\.notes))
    }
    progress?.finish()
    return saved
  }
}

extension SaveOptions {
  fileprivate func checkIsForProcesses() throws(CheckpointError) {
    guard format != .v2 else { return }
    throw CheckpointError(
      .unsupported,
      "several processes save one checkpoint in the format V2 only, not as \(format.title); convert it "
        + "afterwards")
  }
}

/// What a process writes, and what it says of that.
private struct Share {
  var plan: SavePlan
  let summary: Summary
  /// The keys of its states.
  let keys: [TensorKey]
}

/// What a process says of its plan.
private struct Summary {
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
  static func compare(_ summaries: [Summary], at prefix: String) throws(CheckpointError) {
    guard let first = summaries.first?.agreement else { return }
    var problems: [CheckpointError] = []
    for (rank, other) in summaries.map(\.agreement).enumerated() where other != first {
      let isGraph = other.variables == first.variables
      let what =
        other.processes != first.processes
        ? "is one of \(other.processes) processes, and process 0 one of \(first.processes)"
        : other.isDurable != first.isDurable
          ? "has another durability than process 0"
          : other.count != first.count
            ? "has \(other.count) tensors that all should have, process 0 has \(first.count)"
            : isGraph
              ? "has other objects than process 0, or in another order"
              : "has other variables than process 0: their names, dtypes or shapes differ"
      problems.append(
        CheckpointError(
          .mismatch,
          "\(ProcessMeeting.name(rank)) \(what); what differs from process to process is a "
            + "part of a PartitionedVariable, or PerProcess"))
    }
    let error = CheckpointError.combining(problems, file: prefix) {
      "\($0) processes have other variables than process 0"
    }
    if let error { throw error }
  }
}

/// What rank 0 says before anything is written.
private struct Start {
  /// How many data files there are, as their names have it.
  let shardCount: Int
  /// For each process the number of its first data file.
  let firstShards: [Int]

  init(_ summaries: [Summary], shardCount: Int) {
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
private struct Written {
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
