package import CheckpointIO

// How the processes of a group do something together, in rounds:
//
//   1. every process does its part, or fails
//   2. all tell rank 0 how that went
//   3. if all have succeeded, rank 0 decides what follows, or fails
//   4. rank 0 tells all: what it has decided, or what has failed, and where
//
// So an error of any process is the error of all. Rank 0 waits for the others as long as the timeout says, and
// they wait for rank 0 twice as long and a second more: its verdict comes before they give up.

/// The processes of a group at one save.
package struct ProcessMeeting {
  /// Which process this is.
  package var rank: Int { group.rank }
  /// How many there are.
  package var count: Int { group.count }
  /// Whether this is the process that decides.
  package var isLeader: Bool { rank == 0 }
  /// How long to wait for others.
  package let timeout: Duration
  private let group: any ProcessGroup

  /// Goes to where the others are.
  ///
  /// - Parameters:
  ///   - group: The processes.
  ///   - path: What is being saved, the same in all of them.
  ///   - options: How files are written, and how long to wait.
  package init(_ group: any ProcessGroup, at path: String, _ options: SaveOptions) {
    timeout = options.processTimeout
    self.group =
      (group as? any ProcessGroupAtPlaces)?.meeting(at: path, options.files) ?? group
  }

  /// Ends the meeting, after the last round.
  package func end() { (group as? any ProcessGroupForOneSave)?.end() }

  /// One round.
  ///
  /// - Parameters:
  ///   - own: What this process has to say, or its error.
  ///   - unanswered: What it means if rank 0 does not answer.
  ///   - decide: Called at rank 0 with what all have said, in the order of the ranks.
  /// - Returns: What rank 0 has decided.
  /// - Throws: What any process has failed with, the same everywhere; `timedOut`, with the ranks that are
  ///   missing.
  package func round(
    _ own: Result<[UInt8], CheckpointError>, unanswered: String? = nil,
    decide: ([[UInt8]]) throws(CheckpointError) -> [UInt8]
  ) throws(CheckpointError) -> [UInt8] {
    let reports = Result { () throws(CheckpointError) in
      try group.gather(Self.message(own), timeout: timeout)
    }
    guard isLeader else {
      _ = try reports.get()
      return try Self.content(answer(unanswered))
    }
    let verdict = Result { () throws(CheckpointError) in
      try decide(Self.contents(try reports.get() ?? []))
    }
    // Who waits for it has to hear of a failure, too.
    let told = Result { () throws(CheckpointError) in
      try group.broadcast(Self.message(verdict), timeout: timeout)
    }
    let decided = try verdict.get()
    _ = try told.get()
    return decided
  }

  private func answer(_ unanswered: String?) throws(CheckpointError) -> [UInt8] {
    do throws(CheckpointError) {
      return try group.broadcast(nil, timeout: timeout * 2 + .seconds(1))
    } catch {
      guard let unanswered, error.code == .timedOut else { throw error }
      throw error.adding(unanswered)
    }
  }

  /// What to call a process in messages.
  package static func name(_ rank: Int) -> String { "process \(rank)" }

  // MARK: Messages

  private static func message(_ result: Result<[UInt8], CheckpointError>) -> [UInt8] {
    var message = ProcessMessage()
    switch result {
    case .success(let bytes):
      message.write(1)
      message.write(bytes)
    case .failure(let error):
      message.write(0)
      message.write(error)
    }
    return message.bytes
  }

  private static func content(_ message: [UInt8]) throws(CheckpointError) -> [UInt8] {
    var reader = ProcessMessageReader(message)
    guard try reader.readInt() == 0 else { return try reader.readBytes() }
    throw try reader.readError()
  }

  // What all have said, or what has gone wrong, and where.
  private static func contents(_ messages: [[UInt8]]) throws(CheckpointError) -> [[UInt8]] {
    var problems: [CheckpointError] = []
    var contents: [[UInt8]] = []
    for (rank, message) in messages.enumerated() {
      do throws(CheckpointError) {
        contents.append(try content(message))
      } catch {
        var error = error
        error.message = "\(name(rank)): \(error.message)"
        problems.append(error)
      }
    }
    let error = CheckpointError.combining(problems) { "\($0) processes cannot save" }
    if let error { throw error }
    return contents
  }
}

extension CheckpointError {
  /// The error that says which processes did not come.
  package static func timedOut(_ missing: [Int], of count: Int, after timeout: Duration)
    -> CheckpointError
  {
    let names = missing.prefix(8).map(String.init).joined(separator: ", ")
    let more = missing.count > 8 ? " and \(missing.count - 8) more" : ""
    let who =
      missing.count == 1
      ? "process \(names) of \(count) did not come"
      : "processes \(names)\(more) of \(count) did not come"
    return CheckpointError(
      .timedOut, "\(who) within \(timeout); see whether they live, and save again")
  }
}
