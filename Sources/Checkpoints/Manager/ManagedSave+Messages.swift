import CheckpointIO
import CheckpointPlans
import CheckpointStore

/// What rank 0 says of a save that begins.
struct ManagedStart {
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
enum NewestMessage {
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
  /// What rank 0 says of a save that is finished.
  var message: [UInt8] {
    var message = ProcessMessage()
    message.write([checkpoint]) { $0.write($1) }
    message.write(removed) { $0.write($1) }
    message.write(problems) { $0.write($1) }
    return message.bytes
  }

  /// Reads what rank 0 says.
  init(message: [UInt8]) throws(CheckpointError) {
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
