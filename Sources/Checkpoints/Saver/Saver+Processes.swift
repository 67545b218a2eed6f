import CheckpointIO
import CheckpointPlans
import CheckpointStore

extension Saver {
  /// Saves together with other processes.
  func save(to prefix: String, _ path: String, _ step: Int?, with processes: any ProcessGroup)
    throws(CheckpointError) -> String
  {
    let start = ContinuousClock.now
    let meeting = options.meeting(processes, at: prefix, of: path)
    defer { meeting.end() }
    var stateFile: StateFile?
    let bytes = try SharedSave(meeting, options, .current()).save(to: prefix) {
      () throws(CheckpointError) in
      if meeting.isLeader { stateFile = try self.stateFile(for: prefix, 1) }
      return try saveShare(options, meeting)
    } conclude: { saved, notes throws(CheckpointError) in
      try conclude(saved, step: step, since: start, notes, in: stateFile)
      return lastSave?.message ?? []
    }
    // What rank 0 knows, all know.
    let result = try Saver.Saved(message: bytes)
    lastSave = result
    return result.path
  }
}

extension Saver.Saved {
  fileprivate var message: [UInt8] {
    var message = ProcessMessage()
    message.write(path)
    message.write(files) { $0.write($1) }
    message.write(byteCount)
    message.write(Int(duration / .nanoseconds(1)))
    message.write(deleted) { $0.write($1) }
    message.write(warnings) { $0.write($1) }
    return message.bytes
  }

  fileprivate init(message: [UInt8]) throws(CheckpointError) {
    var reader = ProcessMessageReader(message)
    path = try reader.readText()
    files = try reader.readArray { reader throws(CheckpointError) in try reader.readText() }
    byteCount = try reader.readNumber()
    duration = .nanoseconds(try reader.readInt())
    deleted = try reader.readArray { reader throws(CheckpointError) in try reader.readText() }
    warnings = try reader.readArray { reader throws(CheckpointError) in try reader.readError() }
  }
}
