import CheckpointIO
import CheckpointPlans
import CheckpointStore

extension DirectoryKeeper {
  /// Where the processes meet: under the name that all checkpoints begin with.
  func meeting(_ processes: any ProcessGroup, _ options: SaveOptions) -> ProcessMeeting {
    options.meeting(processes, at: place.path(place.naming.stem))
  }

  /// Rank 0 begins, if it is time, and tells the others.
  ///
  /// - Parameters:
  ///   - meeting: The processes.
  ///   - step: What this one saves.
  ///   - force: Whether this one wants to save even if it is too early.
  ///   - check: Fails if this one cannot save.
  ///   - open: Begins at rank 0, unless it is too early; it gets the first process that wants to save all the same.
  /// - Returns: What rank 0 has begun, as all know it, and at rank 0 itself; `nil` if it is too early.
  /// - Throws: What any process fails with, the same everywhere; `mismatch` if they save different steps.
  func begin(
    _ meeting: ProcessMeeting, step: Int?, force: Bool, _ check: () throws(CheckpointError) -> Void,
    open: (_ forcing: Int?) throws(CheckpointError) -> ManagedSave?
  ) throws(CheckpointError) -> (ManagedStart?, ManagedSave?) {
    var save: ManagedSave?
    let own = SaveWish(step: step, isForced: force)
    let report = Result { () throws(CheckpointError) in
      try check()
      return own.bytes
    }
    let start = try meeting.round("a save", report) { reports throws(CheckpointError) in
      let wishes = try reports.map { report throws(CheckpointError) in try SaveWish(report) }
      try checkSteps(wishes)
      save = try open(wishes.firstIndex(where: \.isForced))
      return ManagedStart.message(save)
    }
    return (try ManagedStart(start), save)
  }

  // What a process comes to a save with.
  private struct SaveWish {
    let step: Int?
    let isForced: Bool

    init(step: Int?, isForced: Bool) { (self.step, self.isForced) = (step, isForced) }

    init(_ bytes: [UInt8]) throws(CheckpointError) {
      var reader = ProcessMessageReader(bytes)
      step = try reader.readOptional { reader throws(CheckpointError) in try reader.readInt() }
      isForced = try reader.readInt() != 0
    }

    var bytes: [UInt8] {
      var message = ProcessMessage()
      message.write(step) { $0.write($1) }
      message.write(isForced ? 1 : 0)
      return message.bytes
    }
  }

  private func checkSteps(_ wishes: [SaveWish]) throws(CheckpointError) {
    var problems: [CheckpointError] = []
    for (rank, wish) in wishes.enumerated() where wish.step != wishes[0].step {
      problems.append(
        CheckpointError(
          .mismatch,
          "\(ProcessMeeting.name(rank)) saves \(Self.text(wish.step)), process 0 "
            + "\(Self.text(wishes[0].step)); all have to save the same"))
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
      // If the save is there in spite of the error, the next look at the directory finds it.
      if let save, error.code != .timedOut { discard(save) }
      throw error
    }
    if !meeting.isLeader { _ = try? look(after: sight) }
    return try ManagedSave.Finished(message: bytes)
  }
}
