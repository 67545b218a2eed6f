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
    let (start, save) = try keeper.begin(meeting, step: self.step(step), force: force) {
      () throws(CheckpointError) in
      try settle()
    } open: { forcing throws(CheckpointError) in
      let moment = try dueMoment(step: step, force: forcing != nil)
      guard let moment else { return nil }
      return try keeper.open { _ throws(CheckpointError) in
        try begin(step: step, moment, metrics: metrics)
      }
    }
    guard let start else { return nil }
    if !meeting.isLeader { content.beginSave(start.count(content)) }
    let finished = try keeper.write(save, start, meeting, options) { () throws(CheckpointError) in
      try content.saveShare(options, meeting)
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
    let current = self.step(step)
    return background.add { [keeper, options] progress throws(CheckpointError) in
      let meeting = keeper.meeting(processes, options)
      defer { meeting.end() }
      let (start, save) = try keeper.begin(meeting, step: current, force: force) {
        () throws(CheckpointError) in
        _ = try prepared.get()
      } open: { forcing throws(CheckpointError) in
        let prepared = try prepared.get()
        guard let begun = prepared.save else {
          if prepared.isForcible { try Self.checkNotForced(by: forcing, keeper.place.directory) }
          return nil
        }
        return try keeper.open { found throws(CheckpointError) in
          try keeper.renumbered(begun, found)
        }
      }
      guard let start else { return nil }
      return try keeper.write(save, start, meeting, options, progress) {
        () throws(CheckpointError) in
        try prepared.get().snapshot.takePlan().share(to: meeting.rank, of: meeting.count)
      }
    }
  }

  // Rank 0 decides before it hears from the others. To save all the same is not possible then: its program has gone
  // on, and its values are not those of this step any more.
  private static func checkNotForced(by rank: Int?, _ directory: String) throws(CheckpointError) {
    guard let rank else { return }
    throw CheckpointError(
      .mismatch,
      "\(ProcessMeeting.name(rank)) forces a save, and for process 0, which saves in the background, it is too "
        + "early; nothing was saved: force it in all processes, or save in the foreground",
      file: directory)
  }

  // Rank 0 takes the number, and writes the counter; the others hear of it later, on the background thread.
  private func prepare(step: Int?, metrics: [String: Double], force: Bool, isLeader: Bool)
    throws(CheckpointError) -> (save: ManagedSave?, isForcible: Bool, snapshot: SaveSnapshot)
  {
    try settle()
    let moment = isLeader ? try dueMoment(step: step, force: force) : nil
    // A step that is saved already is not saved again, whoever wants it.
    let forced = isLeader && moment == nil ? try dueMoment(step: step, force: true) : nil
    let save = try moment.map { moment throws(CheckpointError) in
      try begin(step: step, moment, metrics: metrics)
    }
    if !isLeader { content.beginSave(content.nextCount) }
    let snapshot = try content.snapshot(options.inOneFile)
    if let moment { lastSave = moment }
    return (save, forced != nil, snapshot)
  }

  /// Restores the newest checkpoint that is intact, the same in all processes.
  func restoreOrInitialize(
    _ check: CheckpointCheck, _ options: RestoreOptions, origin: String,
    with processes: any ProcessGroup, _ initialize: () throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> Restored? {
    let meeting = keeper.meeting(processes, self.options)
    defer { meeting.end() }
    let newest = try meeting.round("a restore", .success([])) { _ throws(CheckpointError) in
      NewestMessage.bytes(try keeper.newestIntact(check) { $0 }, keeper.place)
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
