import CheckpointIO
import CheckpointPlans
import CheckpointStore

// What a manager decides, the process of rank 0 decides for all: whether it is time to save, the number of the
// checkpoint, what need not stay, and which checkpoint is the newest that is intact. Only rank 0 changes the
// state file and the history, and deletes. The processes meet under the name that all checkpoints begin with.

extension CheckpointManager {
  /// Saves together with other processes.
  func save(
    step: Int?, metrics: [String: Double], force: Bool, with processes: any ProcessGroup
  ) throws(CheckpointError) -> Saved? {
    background.waitUntilIdle()
    let meeting = keeper.meeting(processes, options)
    defer { meeting.end() }
    let (start, save) = try keeper.begin(meeting, step: step) { () throws(CheckpointError) in
      try settle()
    } open: { () throws(CheckpointError) in
      guard let moment = try dueMoment(step: step, force: force) else { return nil }
      return try keeper.open { _ throws(CheckpointError) in
        try begin(step: step, moment, metrics: metrics)
      }
    }
    guard let start else { return nil }
    if !meeting.isLeader { content.beginSave(start.count(content)) }
    let finished = try keeper.write(save, start, meeting, options) { () throws(CheckpointError) in
      try content.savePlan(options.inOneFile)
    }
    lastSave = start.moment
    return Saved(finished)
  }

  /// Saves together with other processes while the program goes on.
  func saveInBackground(
    step: Int?, metrics: [String: Double], force: Bool, with processes: any ProcessGroup
  ) throws(CheckpointError) -> CheckpointManager.BackgroundSave {
    background.waitUntilIdle()
    // What fails here, the others have to hear.
    let prepared = Result { () throws(CheckpointError) in
      try prepare(step: step, metrics: metrics, force: force, isLeader: processes.rank == 0)
    }
    return background.add { [keeper, options] progress throws(CheckpointError) in
      let meeting = keeper.meeting(processes, options)
      defer { meeting.end() }
      let (start, save) = try keeper.begin(meeting, step: step) { () throws(CheckpointError) in
        _ = try prepared.get()
      } open: { () throws(CheckpointError) in
        guard let begun = try prepared.get().save else { return nil }
        return try keeper.open { found throws(CheckpointError) in
          try keeper.renumbered(begun, found)
        }
      }
      guard let start else { return nil }
      return try keeper.write(save, start, meeting, options, progress) {
        () throws(CheckpointError) in try prepared.get().snapshot.takePlan()
      }
    }
  }

  // Rank 0 takes the number, and writes the counter; the others hear of it on the other thread only.
  private func prepare(step: Int?, metrics: [String: Double], force: Bool, isLeader: Bool)
    throws(CheckpointError) -> (save: ManagedSave?, snapshot: SaveSnapshot)
  {
    try settle()
    let moment = isLeader ? try dueMoment(step: step, force: force) : nil
    let save = try moment.map { moment throws(CheckpointError) in
      try begin(step: step, moment, metrics: metrics)
    }
    if !isLeader { content.beginSave(content.nextCount) }
    let snapshot = try content.snapshot(options.inOneFile)
    if let moment { lastSave = moment }
    return (save, snapshot)
  }

  /// Restores the newest checkpoint that is intact, the same in all processes.
  func restoreOrInitialize(
    _ check: CheckpointCheck, _ options: RestoreOptions, origin: String,
    with processes: any ProcessGroup, _ initialize: () throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> Restored? {
    let meeting = keeper.meeting(processes, self.options)
    defer { meeting.end() }
    let newest = try meeting.round("a restore", .success([])) { _ throws(CheckpointError) in
      NewestMessage.bytes(try keeper.newestIntact(check), keeper.place)
    }
    let (path, damaged) = try NewestMessage.read(newest, keeper.place)
    let restored = Result { () throws(CheckpointError) -> RestoredContent? in
      guard let path else {
        try initialize()
        return nil
      }
      return try content.restoreManaged(from: path, options, origin: origin)
    }
    _ = try meeting.round("the end of a restore", restored.map { _ in [] }) { _ in [] }
    guard let path, let content = try restored.get() else { return nil }
    let result = Restored(path: path, skipped: damaged.map(\.error), content: content)
    try conclude(result, meeting.isLeader ? damaged.map(\.path) : [])
    return result
  }
}

extension DirectoryKeeper {
  fileprivate func meeting(_ processes: any ProcessGroup, _ options: SaveOptions) -> ProcessMeeting
  {
    ProcessMeeting(processes, at: place.path(place.naming.stem), options)
  }

  // Rank 0 begins, if it is time, and tells the others.
  fileprivate func begin(
    _ meeting: ProcessMeeting, step: Int?, _ check: () throws(CheckpointError) -> Void,
    open: () throws(CheckpointError) -> ManagedSave?
  ) throws(CheckpointError) -> (ManagedStart?, ManagedSave?) {
    var save: ManagedSave?
    var own = ProcessMessage()
    own.write(step ?? -1)
    let report = Result { () throws(CheckpointError) in
      try check()
      return own.bytes
    }
    let start = try meeting.round("a save", report) { reports throws(CheckpointError) in
      try checkSteps(reports, own.bytes)
      save = try open()
      return ManagedStart.message(save)
    }
    return (try ManagedStart(start), save)
  }

  private func checkSteps(_ reports: [[UInt8]], _ own: [UInt8]) throws(CheckpointError) {
    for (rank, report) in reports.enumerated() where report != own {
      var (reader, first) = (ProcessMessageReader(report), ProcessMessageReader(own))
      throw CheckpointError(
        .mismatch,
        "\(ProcessMeeting.name(rank)) saves step \(try reader.readInt()), process 0 step "
          + "\(try first.readInt()); all have to save the same", file: place.directory)
    }
  }

  // Writes what this process has; rank 0 finishes, and tells the others.
  fileprivate func write(
    _ save: ManagedSave?, _ start: ManagedStart, _ meeting: ProcessMeeting, _ options: SaveOptions,
    _ progress: OperationProgress? = .current(),
    _ plan: () throws(CheckpointError) -> SavePlan
  ) throws(CheckpointError) -> ManagedSave.Finished {
    let bytes: [UInt8]
    do throws(CheckpointError) {
      bytes = try SharedSave(meeting, options, progress).save(
        to: place.path(place.naming.name(start.number)), joining: ProcessStates.joined, plan
      ) { _, notes throws(CheckpointError) in
        guard var save else { return [] }
        save.notes = notes
        return try finish(save).message
      }
    } catch {
      // Of a save that is there all the same, the next look finds out.
      if let save, error.code != .timedOut { discard(save) }
      throw error
    }
    if !meeting.isLeader { _ = try? look() }
    return try ManagedSave.Finished(message: bytes)
  }

  fileprivate func newestIntact(_ check: CheckpointCheck) throws(CheckpointError)
    -> NewestIntact.Found<String>
  {
    let fileSystem = place.fileSystem
    let found = try NewestIntact(in: place.directory, fileSystem).find {
      () throws(CheckpointError) in
      try look().newestFirst
    } with: { path throws(CheckpointError) in
      try IntactCheck(fileSystem).check(path, check)
      return path
    }
    if let error = found.nothingIntact(in: place.directory) { throw error }
    return found
  }
}

/// What rank 0 says of a save that begins.
private struct ManagedStart {
  /// The number of the checkpoint.
  let number: Int
  let moment: SaveMoment
  private let isCounted: Bool

  static func message(_ save: ManagedSave?) -> [UInt8] {
    var message = ProcessMessage()
    message.write(save) { message, save in
      message.write(save.number)
      message.write(save.isCounted ? 1 : 0)
      message.write(save.moment.step) { $0.write($1) }
      message.write(save.moment.time)
    }
    return message.bytes
  }

  /// `nil` if it is too early to save.
  init?(_ bytes: [UInt8]) throws(CheckpointError) {
    var reader = ProcessMessageReader(bytes)
    guard try reader.readInt() == 1 else { return nil }
    number = try reader.readInt()
    isCounted = try reader.readInt() == 1
    let step = try reader.readOptional { reader throws(CheckpointError) in try reader.readInt() }
    moment = SaveMoment(step: step, time: try reader.readDouble())
  }

  /// What the content counts from now on.
  func count(_ content: any ManagedContent) -> Int64 {
    isCounted ? Int64(number) : content.nextCount
  }
}

/// What rank 0 says of the newest checkpoint.
private enum NewestMessage {
  // A checkpoint in the directory goes by its name: others may call the directory otherwise.
  static func bytes(_ found: NewestIntact.Found<String>, _ place: ManagedPlace) -> [UInt8] {
    var message = ProcessMessage()
    message.write(found.result) { message, path in
      let name = place.name(ofPath: path)
      message.write(name == nil ? 0 : 1)
      message.write(name ?? path)
    }
    message.write(found.damaged) { message, damaged in
      message.write(damaged.path)
      message.write(damaged.error)
    }
    return message.bytes
  }

  static func read(_ bytes: [UInt8], _ place: ManagedPlace) throws(CheckpointError) -> (
    String?, [NewestIntact.Damaged]
  ) {
    var reader = ProcessMessageReader(bytes)
    let path = try reader.readOptional { reader throws(CheckpointError) in
      let isName = try reader.readInt() == 1
      let text = try reader.readText()
      return isName ? place.path(text) : text
    }
    let damaged = try reader.readArray { reader throws(CheckpointError) in
      (path: try reader.readText(), error: try reader.readError())
    }
    return (path, damaged)
  }
}

extension ManagedSave.Finished {
  fileprivate var message: [UInt8] {
    var message = ProcessMessage()
    message.write([checkpoint]) { $0.write($1) }
    message.write(removed) { $0.write($1) }
    message.write(problems) { $0.write($1) }
    return message.bytes
  }

  fileprivate init(message: [UInt8]) throws(CheckpointError) {
    var reader = ProcessMessageReader(message)
    let saved = try reader.readArray { reader throws(CheckpointError) in try reader.readCheckpoint()
    }
    let removed = try reader.readArray { reader throws(CheckpointError) in
      try reader.readCheckpoint()
    }
    let problems = try reader.readArray { reader throws(CheckpointError) in try reader.readError() }
    guard let checkpoint = saved.first else {
      throw CheckpointError(.mismatch, "process 0 has not said what was saved")
    }
    self.init(checkpoint: checkpoint, removed: removed, problems: problems)
  }
}

extension ProcessMessage {
  fileprivate mutating func write(_ checkpoint: RetentionPolicy.SavedCheckpoint) {
    write(checkpoint.path)
    write(checkpoint.step) { $0.write($1) }
    write(checkpoint.time)
    write(checkpoint.metrics.sorted { $0.key < $1.key }) { message, metric in
      message.write(metric.key)
      message.write(metric.value)
    }
    write(checkpoint.isPinned ? 1 : 0)
    write(checkpoint.isPreserved ? 1 : 0)
  }
}

extension ProcessMessageReader {
  fileprivate mutating func readCheckpoint() throws(CheckpointError)
    -> RetentionPolicy.SavedCheckpoint
  {
    let path = try readText()
    let step = try readOptional { reader throws(CheckpointError) in try reader.readInt() }
    let time = try readDouble()
    let metrics = try readArray { reader throws(CheckpointError) in
      (try reader.readText(), try reader.readDouble())
    }
    return RetentionPolicy.SavedCheckpoint(
      path: path, step: step, time: time, metrics: Dictionary(metrics) { $1 },
      isPinned: try readInt() == 1, isPreserved: try readInt() == 1)
  }
}
