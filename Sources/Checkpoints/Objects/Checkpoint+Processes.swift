import CheckpointIO
import CheckpointPlans
import CheckpointStore

extension Checkpoint {
  /// Saves to a new, numbered checkpoint together with other processes: rank 0 counts.
  func save(to path: String, with processes: any ProcessGroup) throws(CheckpointError) -> String {
    let meeting = options.meeting(processes, at: path)
    defer { meeting.end() }
    let number = try meeting.round("a save", .success([])) { _ throws(CheckpointError) in
      try advanceCounter()
      var message = ProcessMessage()
      message.write(Int(saveCounter.value[]))
      return message.bytes
    }
    var reader = ProcessMessageReader(number)
    saveCounter.value[] = Int64(try reader.readInt())
    let prefix = try CheckpointName.path(
      path, number: Int(saveCounter.value[]), format: options.format)
    var stateFile: StateFile?
    try write(to: prefix, meeting) { () throws(CheckpointError) in
      let file = try StateFile(in: Path(prefix).directory, fileSystem: options.fileSystem)
      try file.checkConflict(with: prefix)
      stateFile = file
    } conclude: { () throws(CheckpointError) in
      do throws(CheckpointError) {
        try stateFile?.write(
          CheckpointDirectory.State(latest: prefix), durability: options.files.durability)
      } catch {
        throw error.adding("the checkpoint '\(prefix)' itself is saved")
      }
    }
    return prefix
  }

  /// Saves to exactly this prefix together with other processes.
  func write(to prefix: String, with processes: any ProcessGroup) throws(CheckpointError) -> String
  {
    let meeting = options.meeting(processes, at: prefix)
    defer { meeting.end() }
    try write(to: prefix, meeting)
    return prefix
  }

  private func write(
    to prefix: String, _ meeting: ProcessMeeting,
    prepare: () throws(CheckpointError) -> Void = {},
    conclude: () throws(CheckpointError) -> Void = {}
  ) throws(CheckpointError) {
    _ = try SharedSave(meeting, options, .current()).save(
      to: prefix, joining: ProcessStates.joined
    ) {
      () throws(CheckpointError) in
      if meeting.isLeader { try prepare() }
      return try saveShare(options, meeting)
    } conclude: { _, notes throws(CheckpointError) in
      for note in notes { CheckpointWarnings.warn("\(note.located(file: prefix))") }
      try conclude()
      return []
    }
  }
}
