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
  private let calls: CallCount

  /// Goes to where the others are.
  ///
  /// - Parameters:
  ///   - group: The processes.
  ///   - path: What is being saved, the same in all of them.
  ///   - base: What all saves of a series have in common; the path, without.
  ///   - timeout: How long to wait for others.
  ///   - files: How files are written.
  package init(
    _ group: any ProcessGroup, at path: String, of base: String? = nil, timeout: Duration,
    files: FileOptions
  ) {
    self.timeout = timeout
    calls = CallCount(base ?? path, group.rank)
    self.group =
      (group as? any ProcessGroupAtPlaces)?.meeting(at: path, files) ?? group
  }

  /// Ends the meeting, after the last round.
  package func end() { (group as? any ProcessGroupForOneSave)?.end() }

  /// One round.
  ///
  /// - Parameters:
  ///   - kind: What the round is for: all have to be in the same one.
  ///   - own: What this process has to say, or its error.
  ///   - unanswered: What it means if rank 0 does not answer.
  ///   - allHaveReported: Called at rank 0 once all have said something.
  ///   - decide: Called at rank 0 with what all have said, in the order of the ranks.
  /// - Returns: What rank 0 has decided.
  /// - Throws: What any process has failed with, the same everywhere; `timedOut`, with the ranks that are
  ///   missing.
  package func round(
    _ kind: String, _ own: Result<[UInt8], CheckpointError>, unanswered: String? = nil,
    allHaveReported: () -> Void = {},
    decide: ([[UInt8]]) throws(CheckpointError) -> [UInt8]
  ) throws(CheckpointError) -> [UInt8] {
    let reports = Result { () throws(CheckpointError) in
      try group.gather(message(own, kind), timeout: timeout)
    }
    guard isLeader else {
      _ = try reports.get()
      return try verdict(answer(unanswered))
    }
    let verdict = Result { () throws(CheckpointError) in
      let messages = try reports.get() ?? []
      guard messages.count == count else {
        throw CheckpointError(
          .mismatch, "a group of \(count) processes has handed over \(messages.count) messages")
      }
      allHaveReported()
      return try decide(contents(messages, kind))
    }
    // The others wait for the verdict, and have to hear of a failure, too.
    let told = Result { () throws(CheckpointError) in
      try group.broadcast(message(verdict, kind), timeout: timeout)
    }
    let decided = try verdict.get()
    do throws(CheckpointError) {
      _ = try told.get()
    } catch {
      throw unanswered.map { error.adding($0) } ?? error
    }
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

  private func message(_ result: Result<[UInt8], CheckpointError>, _ kind: String) -> [UInt8] {
    var message = ProcessMessage()
    message.write(kind)
    message.write(calls.number)
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

  // What rank 0 has decided.
  private func verdict(_ message: [UInt8]) throws(CheckpointError) -> [UInt8] {
    var reader = ProcessMessageReader(message)
    _ = try reader.readText()
    calls.adopt(try reader.readInt())
    guard try reader.readInt() == 0 else { return try reader.readBytes() }
    throw try reader.readError()
  }

  // What all have said, or what has gone wrong, and where.
  private func contents(_ messages: [[UInt8]], _ kind: String) throws(CheckpointError) -> [[UInt8]]
  {
    var problems: [CheckpointError] = []
    var contents: [[UInt8]] = []
    var numbers: [Int] = []
    for (rank, message) in messages.enumerated() {
      do throws(CheckpointError) {
        var reader = ProcessMessageReader(message)
        try check(reader.readText(), is: kind)
        numbers.append(try reader.readInt())
        guard try reader.readInt() == 1 else { throw try reader.readError() }
        contents.append(try reader.readBytes())
      } catch {
        problems.append(Self.error(error, of: rank))
      }
    }
    if problems.isEmpty { problems = checkNumbers(numbers) }
    let error = CheckpointError.combining(problems) { "\($0) processes have failed" }
    if let error { throw error }
    return contents
  }

  private func check(_ other: String, is kind: String) throws(CheckpointError) {
    guard other != kind else { return }
    throw CheckpointError(
      .mismatch, "it is at '\(other)', and process 0 at '\(kind)'; all have to call the same")
  }

  // A process that has been here before, but less often than the others, has missed a call: what it saves may be
  // older than what they save. It adopts the highest number, so that the next call is right again.
  private func checkNumbers(_ numbers: [Int]) -> [CheckpointError] {
    let own = calls.number
    let highest = numbers.max() ?? own
    calls.adopt(highest)
    return numbers.enumerated().filter { $1 > 1 && $1 != highest }.map { rank, number in
      Self.error(
        CheckpointError(
          .mismatch,
          "it is at call \(number) here, and others at call \(highest): it has missed one, and what it "
            + "has may be older; save again"), of: rank)
    }
  }

  private static func error(_ error: CheckpointError, of rank: Int) -> CheckpointError {
    var error = error
    error.message = "\(name(rank)): \(error.message)"
    return error
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
