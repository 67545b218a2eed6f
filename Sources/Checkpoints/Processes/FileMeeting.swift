import CheckpointIO
import CheckpointPlans
import Synchronization

// Processes meet in a directory, T.swift-checkpoints-tmp, where T is a path that they agree upon beforehand:
//
//   hello                 rank 0 has opened a meeting: two random numbers, of the meeting and of this rank 0
//   NUMBER-PHASE-RANK     what a process tells rank 0
//   NUMBER-PHASE          what rank 0 tells all
//   NUMBER-end-RANK       a process has heard everything: its last message, renamed
//
// All processes count the phases alike. `MeetingMessages` says how a message is written.
//
// The directory is a temporary one of a save to T, with its lock and its note (`SaveLocation`): only one rank 0
// holds it, and if that dies, the next save in the directory cleans up.
//
// Old messages are never taken for new ones:
//
//   - Each meeting has another number, so nobody takes a message of an earlier attempt for an answer.
//   - A process whose rank 0 has died sees another rank 0 open a meeting, and says again what it said first.
//   - If the same rank 0 opens another meeting, it has gone on without this process, which fails then: what
//     belongs to one save never gets into the next.
//   - An answer lists whom rank 0 has heard, by a random number of each process. A process that was started
//     again has another number, and does not take an answer that is not meant for it.
//
// Nobody waits in a call that could hang: each looks for the file that it waits for, less and less often, and at
// once when the system says that a file has come. Now and then it lists the directory, which makes network file
// systems show names that others have created.

/// A meeting of processes for one save, through files.
final class FileMeeting: ProcessGroupForOneSave {
  let rank: Int
  let count: Int
  private let target: String
  private let files: FileOptions
  private let messages: MeetingMessages
  private let state = Mutex(State())

  private struct State {
    /// At rank 0, the place that it holds.
    var location: SaveLocation?
    /// The number of the meeting.
    var number: String?
    /// The number of the rank 0 that has opened it.
    var host: String?
    /// Tells when somebody has said something.
    var notices: DirectoryNotices?
    /// The random numbers of the processes that rank 0 has heard, by rank.
    var heard: [Int: UInt64] = [:]
    /// The ranks that have told something in the last phase.
    var present: Set<Int> = []
    var phase = 0
    /// The phase in which this process has told something last.
    var told = 0
    /// What this process has said first, to be said again to another rank 0.
    var first: [UInt8]?
    /// When this process lists the directory again.
    var nextListing = ContinuousClock.now
    let own = UInt64.random(in: .min ... .max)

    /// What the names of this phase's messages begin with; rank 0's is called so.
    var phaseName: String { "\(number ?? "")-\(phase)" }
  }

  init(_ rank: Int, _ count: Int, at target: String, _ files: FileOptions) {
    (self.rank, self.count, self.target) = (rank, count, target)
    // No meeting outlives a power cut, so nothing of it has to be durable.
    var files = files
    files.durability = .none
    self.files = files
    messages = MeetingMessages(
      directory: TemporaryName.temporary(for: target), fileSystem: files.fileSystem)
  }

  deinit { end() }

  func gather(_ bytes: [UInt8], timeout: Duration) throws(CheckpointError) -> [[UInt8]]? {
    try state.withLock { state throws(CheckpointError) in
      state.phase += 1
      guard count > 1 else { return [bytes] }
      if rank == 0 { return try collect(bytes, &state, timeout) }
      if state.phase == 1 { state.first = bytes }
      try join(&state, timeout)
      try tell(bytes, &state)
      return nil
    }
  }

  func broadcast(_ bytes: [UInt8]?, timeout: Duration) throws(CheckpointError) -> [UInt8] {
    try state.withLock { state throws(CheckpointError) in
      state.phase += 1
      guard count > 1, rank == 0 || bytes == nil else { return bytes ?? [] }
      guard rank == 0 else { return try hear(&state, timeout) }
      try open(&state)
      var message = ProcessMessage()
      message.write(state.heard.values.sorted()) { $0.write($1) }
      message.write(bytes ?? [])
      try messages.write(message.bytes, state.phaseName)
      return bytes ?? []
    }
  }

  /// Rank 0 waits a moment for the others to have heard the end; if not all have, the next save cleans up.
  func end() {
    guard count > 1 else { return }
    state.withLock { state in
      guard let number = state.number else { return }
      guard rank == 0 else {
        // What it has told last has been read: to rename that takes less time than to write a file.
        try? messages.rename("\(number)-\(state.told)-\(rank)", to: "\(number)-end-\(rank)")
        PastMeetings.add(number)
        (state.number, state.notices) = (nil, nil)
        return
      }
      guard let location = state.location else { return }
      let ends = state.present.map { "\(number)-end-\($0)" }
      let haveHeard = try? backOff(Self.farewell, state).until { () throws(CheckpointError) in
        let names = Set(try messages.names())
        return ends.allSatisfy(names.contains)
      }
      (state.location, state.number, state.notices) = (nil, nil, nil)
      guard haveHeard == true else { return location.abandon() }
      do throws(CheckpointError) {
        try files.fileSystem.removeTemporary(messages.directory)
        try location.finish()
      } catch {
        location.abandon()  // the next save goes on from the note
      }
    }
  }

  private static let farewell = Duration.seconds(2)
  private static let betweenListings = Duration.milliseconds(20)
  private static let hello = "hello"
  private static let host = String(UInt64.random(in: .min ... .max), radix: 16)

  // The more processes there are, the less often each of them looks.
  private func backOff(_ duration: Duration, _ state: State) -> BackOff {
    BackOff(
      for: duration, shortest: .microseconds(100 * min(20, count)),
      longest: .milliseconds(50 * min(20, 1 + count / 64)), notices: state.notices)
  }

  // Many processes cause many notices, and with many files each look takes longer. Looking now and then is less
  // work.
  private func listen(_ state: inout State) {
    state.notices = count > 64 ? nil : DirectoryNotices(of: messages.directory, onlyRenamed: true)
  }

  // MARK: Rank 0

  private func open(_ state: inout State) throws(CheckpointError) {
    guard state.location == nil else { return }
    let location = try SaveLocation(target, options: files, patience: .seconds(5))
    try location.begin(.file)
    guard try files.fileSystem.entryStatus(of: messages.directory) == nil else {
      throw try location.conflict(messages.directory)
    }
    let number = String(UInt64.random(in: .min ... .max), radix: 16)
    (state.location, state.number) = (location, number)
    try files.fileSystem.createDirectory(messages.directory)
    listen(&state)
    try messages.write(Array("\(number) \(Self.host)".utf8), Self.hello)
  }

  private func collect(_ bytes: [UInt8], _ state: inout State, _ timeout: Duration)
    throws(CheckpointError) -> [[UInt8]]
  {
    try open(&state)
    let prefix = "\(state.phaseName)-"
    var told: [Int: [UInt8]] = [0: bytes]
    state.heard[0] = state.own
    let areThere = try backOff(timeout, state).until { () throws(CheckpointError) in
      for name in try messages.names() {
        guard name.begins(with: prefix),
          let rank = Int(Substring(name.utf8.dropFirst(prefix.utf8.count))),
          (1..<count).contains(rank), told[rank] == nil, let content = try messages.read(name)
        else { continue }
        var reader = ProcessMessageReader(content)
        guard let own = try? reader.readNumber(), let message = try? reader.readBytes() else {
          continue
        }
        state.heard[rank] = own
        told[rank] = message
      }
      return told.count == count
    }
    state.present = Set(told.keys.filter { $0 > 0 })
    guard areThere else {
      let missing = (0..<count).filter { told[$0] == nil }
      throw late(missing, timeout)
    }
    return (0..<count).compactMap { told[$0] }
  }

  // MARK: The others

  // Waits for rank 0 to open the meeting.
  private func join(_ state: inout State, _ timeout: Duration) throws(CheckpointError) {
    guard state.number == nil else { return }
    var open: (number: String, host: String)?
    _ = try backOff(timeout, state).until { () throws(CheckpointError) in
      _ = try namesNow(&state)
      open = try opened()
      return open != nil
    }
    guard let open else { throw late([0], timeout) }
    (state.number, state.host) = open
    listen(&state)
  }

  // The open meeting, and the rank 0 that has opened it; `nil` for a meeting that this process has ended.
  private func opened() throws(CheckpointError) -> (number: String, host: String)? {
    guard let bytes = try messages.read(Self.hello) else { return nil }
    let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ")
    guard parts.count == 2, parts.allSatisfy({ UInt64($0, radix: 16) != nil }) else { return nil }
    let number = String(parts[0])
    return PastMeetings.contains(number) ? nil : (number, String(parts[1]))
  }

  // The names in the directory, if it is time to list it again: that takes longer than to ask for one name.
  private func namesNow(_ state: inout State) throws(CheckpointError) -> [String]? {
    guard state.nextListing <= .now else { return nil }
    state.nextListing = .now + Self.betweenListings
    do throws(CheckpointError) {
      return try messages.names()
    } catch  where error.systemError == missingFile {
      return []
    }
  }

  private func tell(_ bytes: [UInt8], _ state: inout State) throws(CheckpointError) {
    state.told = state.phase
    var message = ProcessMessage()
    message.write(state.own)
    message.write(bytes)
    do throws(CheckpointError) {
      try messages.write(message.bytes, "\(state.phaseName)-\(rank)")
    } catch  where error.systemError == missingFile || error.systemError == fileExists {
      // It was the meeting of a rank 0 that is dead, or its successor takes over at this moment.
    }
  }

  private func hear(_ state: inout State, _ timeout: Duration) throws(CheckpointError) -> [UInt8] {
    let deadline = ContinuousClock.now + timeout
    while true {
      var answer: [UInt8]?
      let number = state.number  // another meeting has another directory to listen to
      let isNew = try backOff(deadline - .now, state).until { () throws(CheckpointError) in
        answer = try readAnswer(&state)
        return answer != nil || state.number != number
      }
      if let answer { return answer }
      guard isNew else { throw late([0], timeout) }
    }
  }

  private func readAnswer(_ state: inout State) throws(CheckpointError) -> [UInt8]? {
    if let content = try messages.read(state.phaseName) {
      var reader = ProcessMessageReader(content)
      let heard = try reader.readArray { reader throws(CheckpointError) in try reader.readNumber() }
      if heard.contains(state.own) { return try reader.readBytes() }
      // It may be of a dead rank 0, whose successor opens another meeting.
      if state.phase > 2 { throw wentOn }
    }
    guard let names = try namesNow(&state) else { return nil }
    guard let open = try opened(), open.number != state.number else {
      // The directory goes when rank 0 has ended the meeting, and when it takes over from a dead one.
      guard state.phase > 2, !names.contains(Self.hello) else { return nil }
      throw wentOn
    }
    guard let first = state.first, state.phase == 2, open.host != state.host else { throw wentOn }
    (state.number, state.host, state.phase) = (open.number, open.host, 1)
    listen(&state)
    try tell(first, &state)
    state.phase = 2
    return nil
  }

  private func late(_ missing: [Int], _ timeout: Duration) -> CheckpointError {
    CheckpointError.timedOut(missing, of: count, after: timeout).located(file: messages.directory)
  }

  private var wentOn: CheckpointError {
    CheckpointError(
      .timedOut,
      "process 0 has gone on without process \(rank) of \(count), which came too late; save again",
      file: messages.directory)
  }
}
