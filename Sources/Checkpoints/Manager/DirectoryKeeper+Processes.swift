import CheckpointIO
import CheckpointPlans
import CheckpointStore

extension DirectoryKeeper {
  /// Where the processes meet: under the name that all checkpoints begin with.
  func meeting(_ processes: any ProcessGroup, _ options: SaveOptions) -> ProcessMeeting {
    options.meeting(processes, at: place.path(place.naming.stem))
  }

  /// Rank 0 begins, if it is time, and tells the others.
  func begin(
    _ meeting: ProcessMeeting, step: Int?, _ check: () throws(CheckpointError) -> Void,
    open: () throws(CheckpointError) -> ManagedSave?
  ) throws(CheckpointError) -> (ManagedStart?, ManagedSave?) {
    var save: ManagedSave?
    var own = ProcessMessage()
    own.write(step) { $0.write($1) }
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
    var problems: [CheckpointError] = []
    for (rank, report) in reports.enumerated() where report != own {
      var (reader, first) = (ProcessMessageReader(report), ProcessMessageReader(own))
      let step = try reader.readOptional { reader throws(CheckpointError) in try reader.readInt() }
      let firstStep = try first.readOptional { reader throws(CheckpointError) in
        try reader.readInt()
      }
      problems.append(
        CheckpointError(
          .mismatch,
          "\(ProcessMeeting.name(rank)) saves \(Self.text(step)), process 0 \(Self.text(firstStep)); all have "
            + "to save the same"))
    }
    let error = CheckpointError.combining(problems, file: place.directory) {
      "\($0) processes save another step than process 0"
    }
    if let error { throw error }
  }

  private static func text(_ step: Int?) -> String {
    step.map { "step \($0)" } ?? "without a step"
  }

  /// Writes what this process has; rank 0 finishes, and tells the others.
  func write(
    _ save: ManagedSave?, _ start: ManagedStart, _ meeting: ProcessMeeting, _ options: SaveOptions,
    _ progress: OperationProgress? = .current(),
    _ share: () throws(CheckpointError) -> SavePlan.Share
  ) throws(CheckpointError) -> ManagedSave.Finished {
    let bytes: [UInt8]
    do throws(CheckpointError) {
      bytes = try SharedSave(meeting, options, progress).save(
        to: place.path(place.naming.name(start.number)), joining: ProcessStates.joined, share
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

  /// The newest checkpoint that is intact, at rank 0.
  func newestIntact(_ check: CheckpointCheck) throws(CheckpointError)
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
