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
  ///   - share: What this process writes, or why it cannot save.
  ///   - conclude: Called at rank 0 when the checkpoint is there, with what somebody should know of how it is
  ///     spread over data files: does what follows, and says what all are to know.
  /// - Returns: What `conclude` has said.
  /// - Throws: One error in all processes.
  package func save(
    to prefix: String,
    joining join: ([[UInt8]]) throws(CheckpointError) -> [UInt8] = { $0.first ?? [] },
    _ share: () throws(CheckpointError) -> SavePlan.Share,
    conclude: (SaveExecutor.Saved, [CheckpointError]) throws(CheckpointError) -> [UInt8]
  ) throws(CheckpointError) -> [UInt8] {
    var plan: SavePlan?
    var stateKeys: [TensorKey] = []
    let summary = Result { () throws(CheckpointError) in
      try options.checkIsForProcesses()
      var share = try share()
      try share.plan.distribute(options.sharding)
      let summary = try self.summary(of: share)
      stateKeys = share.states.map(\.key)
      plan = share.plan
      return summary.bytes
    }
    var bundle: SharedBundle?
    var states: [TensorKey: [UInt8]] = [:]
    // Until all have reported, some process may still be writing: then the note stays, and the next save cleans up.
    var haveAllReported = false
    defer { if !haveAllReported { bundle?.abandon() } }
    let start = try meeting.round("the beginning of \(Path(prefix).name)", summary) {
      reports throws(CheckpointError) in
      let summaries = try reports.map { report throws(CheckpointError) in try ShareSummary(report) }
      try ShareSummary.compare(summaries, at: prefix)
      try checkRoom(summaries, at: prefix)
      for (index, key) in stateKeys.enumerated() {
        states[key] = try join(summaries.map { $0.states[index] })
      }
      let files = try SharedBundle(
        prefix, shardCount: summaries.reduce(0) { $0 + $1.shardCount }, options: files)
      bundle = files
      return SaveStart(summaries, shardCount: files.shardCount).bytes
    }
    let part = Result { [bundle] () throws(CheckpointError) -> [UInt8] in
      guard var plan = plan.take() else { return [] }  // nobody else has it now: it is not copied
      try plan.setStates(states)
      return try write(consume plan, to: prefix, SaveStart(start), bundle)
    }
    return try commit(part, prefix, bundle, { haveAllReported = true }, conclude)
  }

  private var files: FileOptions { options.files.followed(by: progress) }

  private func summary(of share: SavePlan.Share) throws(CheckpointError) -> ShareSummary {
    var agreement = share.agreement
    agreement.isDurable = options.durability == .full
    return ShareSummary(
      agreement: agreement, states: share.states.map(\.bytes),
      shardCount: share.plan.items.isEmpty ? 0 : share.plan.shardCount,
      size: try SaveSize(of: share.plan, isV1: false))
  }

  private func checkRoom(_ summaries: [ShareSummary], at prefix: String) throws(CheckpointError) {
    guard summaries.contains(where: { $0.shardCount > 0 }) else {
      throw CheckpointError(
        .invalidArgument, "a checkpoint holds one tensor at least", file: prefix)
    }
    var size = summaries.reduce(SaveSize()) { $0 + $1.size }
    // The processes may send their parts of it through files.
    size.indexByteCount = size.indexByteCount.adding(size.indexByteCount) ?? .max
    try size.check(at: prefix, options.fileSystem)
  }

  private func write(
    _ plan: consuming SavePlan, to prefix: String, _ start: SaveStart, _ bundle: SharedBundle?
  ) throws(CheckpointError) -> [UInt8] {
    let notes = plan.notes
    guard !plan.items.isEmpty else { return WrittenShare(part: .empty, notes: notes).bytes }
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
    writer.expect(plan.items.count)
    try SaveExecutor.write(consume plan, to: &writer)
    return WrittenShare(part: try writer.finishPart(), notes: notes).bytes
  }

  private func commit(
    _ part: Result<[UInt8], CheckpointError>, _ prefix: String, _ bundle: SharedBundle?,
    _ allHaveReported: () -> Void,
    _ conclude: (SaveExecutor.Saved, [CheckpointError]) throws(CheckpointError) -> [UInt8]
  ) throws(CheckpointError) -> [UInt8] {
    let saved = try meeting.round(
      "the end of \(Path(prefix).name)", part,
      unanswered: "the new checkpoint may stand all the same: look which one is the newest",
      allHaveReported: allHaveReported
    ) { reports throws(CheckpointError) in
      guard let bundle else { return [] }
      let written = try reports.map { report throws(CheckpointError) in try WrittenShare(report) }
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
