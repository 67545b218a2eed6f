import CheckpointIO
import CheckpointPlans
import Synchronization

// Processes meet in a directory, T.swift-checkpoints-tmp, where T is what they agree upon beforehand:
//
//   hello                 a random number, of the meeting: rank 0 has opened it
//   NUMBER-PHASE-RANK     what a process tells rank 0
//   NUMBER-PHASE          what rank 0 tells all
//   NUMBER-end-RANK       a process has heard all that there was to hear
//
// Each file is renamed to its name once it is whole, and has a checksum. Phases are counted alike by all.
//
// The directory is a temporary one of a save to T, with its lock and its note, as `SaveLocation` has them: only
// one rank 0 holds it, and what a dead one has left goes with the next save in the directory. What an earlier
// attempt has left is of another number, so that nobody takes it for an answer; a process that has told it to a
// dead rank 0 sees the number change, and tells it again. An answer names those whom rank 0 has heard, by a
// random number of each, so that a process that was started again does not take one that is not for it.
//
// Nobody waits by a call that could hang, and no notice of the system is needed: all look into the directory,
// less and less often. Listing it has network file systems show names that others have made.

/// A meeting of processes for one save, through files.
final class FileMeeting: ProcessGroupForOneSave {
  let rank: Int
  let count: Int
  private let target: String
  private let directory: String
  private let files: FileOptions
  private let state = Mutex(State())

  private struct State {
    /// At rank 0, the place that it holds.
    var location: SaveLocation?
    /// The number of the meeting.
    var number: String?
    /// Which processes are in it, as far as rank 0 has heard.
    var heard: [Int: UInt64] = [:]
    var phase = 0
    /// What this process has said first, to be said again to another rank 0.
    var first: [UInt8]?
    let own = UInt64.random(in: .min ... .max)
  }

  init(_ rank: Int, _ count: Int, at target: String, _ files: FileOptions) {
    (self.rank, self.count, self.target, self.files) = (rank, count, target, files)
    directory = TemporaryName.temporary(for: target)
  }

  deinit { end() }

  func gather(_ bytes: [UInt8], timeout: Duration) throws(CheckpointError) -> [[UInt8]]? {
    try state.withLock { state throws(CheckpointError) in
      state.phase += 1
      guard count > 1 else { return [bytes] }
      if rank == 0 { return try collect(bytes, &state, timeout) }
      if state.phase == 1 { state.first = bytes }
      try join(&state, timeout)
      try tell(bytes, state)
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
      try write(message.bytes, "\(state.number ?? "")-\(state.phase)")
      return bytes ?? []
    }
  }

  /// Rank 0 waits a moment for the others to have heard the end; if not all have, the next save cleans up.
  func end() {
    guard count > 1 else { return }
    state.withLock { state in
      guard let number = state.number else { return }
      guard rank == 0 else {
        try? write([], "\(number)-end-\(rank)")
        state.number = nil
        return
      }
      guard let location = state.location else { return }
      let ends = state.heard.keys.filter { $0 > 0 }.map { "\(number)-end-\($0)" }
      let haveHeard = try? BackOff(for: Self.farewell).until { () throws(CheckpointError) in
        let names = Set(try files.fileSystem.namesInDirectory(directory))
        return ends.allSatisfy(names.contains)
      }
      (state.location, state.number) = (nil, nil)
      guard haveHeard == true else { return location.abandon() }
      do throws(CheckpointError) {
        try files.fileSystem.removeTemporary(directory)
        try location.finish()
      } catch {
        location.abandon()  // the next save goes on from the note
      }
    }
  }

  private static let farewell = Duration.seconds(2)
  private static let hello = "hello"

  // MARK: Rank 0

  private func open(_ state: inout State) throws(CheckpointError) {
    guard state.location == nil else { return }
    let location = try SaveLocation(target, options: files)
    try location.begin(.file)
    try files.fileSystem.createDirectory(directory)
    let number = String(UInt64.random(in: .min ... .max), radix: 16)
    try write(Array(number.utf8), Self.hello)
    (state.location, state.number) = (location, number)
  }

  private func collect(_ bytes: [UInt8], _ state: inout State, _ timeout: Duration)
    throws(CheckpointError) -> [[UInt8]]
  {
    try open(&state)
    let prefix = "\(state.number ?? "")-\(state.phase)-"
    var messages: [Int: [UInt8]] = [0: bytes]
    var heard = [0: state.own]
    let areThere = try BackOff(for: timeout).until { () throws(CheckpointError) in
      for name in try files.fileSystem.namesInDirectory(directory) {
        guard let rank = name.removing(prefix: prefix).flatMap({ Int($0) }),
          (1..<count).contains(rank), messages[rank] == nil, let content = try read(name)
        else { continue }
        var reader = ProcessMessageReader(content)
        heard[rank] = try reader.readNumber()
        messages[rank] = try reader.readBytes()
      }
      return messages.count == count
    }
    state.heard = heard
    // Who says more has heard what was answered before.
    if areThere { forget(Array(messages.keys), state) }
    guard areThere else {
      let missing = (0..<count).filter { messages[$0] == nil }
      throw .timedOut(missing, of: count, after: timeout)
    }
    return (0..<count).compactMap { messages[$0] }
  }

  // What has been read is of no use; if it stays, it goes with the directory.
  private func forget(_ ranks: [Int], _ state: State) {
    guard let number = state.number else { return }
    let names = ranks.map { "\(number)-\(state.phase)-\($0)" } + ["\(number)-\(state.phase - 1)"]
    for name in names { try? files.fileSystem.removeFile(Path.join(directory, name)) }
  }

  // MARK: The others

  // Waits for rank 0 to open the meeting.
  private func join(_ state: inout State, _ timeout: Duration) throws(CheckpointError) {
    guard state.number == nil else { return }
    var number: String?
    _ = try BackOff(for: timeout).until { () throws(CheckpointError) in
      number = try opened(try names())
      return number != nil
    }
    state.number = number
    guard number == nil else { return }
    throw .timedOut([0], of: count, after: timeout)
  }

  // The number of the meeting that is open, if the names of files say that one is.
  private func opened(_ names: [String]) throws(CheckpointError) -> String? {
    guard names.contains(Self.hello), let bytes = try read(Self.hello) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func names() throws(CheckpointError) -> [String] {
    do throws(CheckpointError) {
      return try files.fileSystem.namesInDirectory(directory)
    } catch  where error.systemError == missingFile {
      return []
    }
  }

  private func tell(_ bytes: [UInt8], _ state: State) throws(CheckpointError) {
    var message = ProcessMessage()
    message.write(state.own)
    message.write(bytes)
    do throws(CheckpointError) {
      try write(message.bytes, "\(state.number ?? "")-\(state.phase)-\(rank)")
    } catch  where error.systemError == missingFile || error.systemError == fileExists {
      // It was the meeting of a rank 0 that is dead, or its successor takes over at this moment.
    }
  }

  private func hear(_ state: inout State, _ timeout: Duration) throws(CheckpointError) -> [UInt8] {
    var answer: [UInt8]?
    _ = try BackOff(for: timeout).until { () throws(CheckpointError) in
      answer = try readAnswer(&state)
      return answer != nil
    }
    if let answer { return answer }
    throw .timedOut([0], of: count, after: timeout)
  }

  private func readAnswer(_ state: inout State) throws(CheckpointError) -> [UInt8]? {
    let name = "\(state.number ?? "")-\(state.phase)"
    let names = try names()
    if names.contains(name), let content = try read(name) {
      var reader = ProcessMessageReader(content)
      let heard = try reader.readArray { reader throws(CheckpointError) in try reader.readNumber() }
      if heard.contains(state.own) { return try reader.readBytes() }
    }
    guard let number = try opened(names), number != state.number else { return nil }
    guard let first = state.first, state.phase == 2 else {
      throw CheckpointError(
        .cancelled, "process 0 was started anew in the middle of a save; save again", file: target)
    }
    state.number = number
    state.phase = 1
    try tell(first, state)
    state.phase = 2
    return nil
  }

  // MARK: Files

  private func write(_ bytes: [UInt8], _ name: String) throws(CheckpointError) {
    var content = ByteWriter()
    content.write(bytes)
    var checksum = CRC32C()
    unsafe checksum.update(bytes.span.bytes)
    content.write(checksum.masked)
    let path = Path.join(directory, name)
    let temporary = "\(path).\(String(UInt32.random(in: .min ... .max), radix: 16)).part"
    let file = try files.fileSystem.createFile(temporary)
    unsafe try file.write(content.bytes.span.bytes, at: 0)
    try file.close()
    try files.fileSystem.rename(temporary, to: path)
  }

  // `nil` if it is gone, or not whole yet.
  private func read(_ name: String) throws(CheckpointError) -> [UInt8]? {
    let bytes: [UInt8]
    do throws(CheckpointError) {
      let file = try files.fileSystem.openFile(Path.join(directory, name))
      guard file.byteCount <= Self.mostBytes else { return nil }
      bytes = try file.bytes(at: 0, count: Int(file.byteCount))
    } catch  where error.code == .notFound || error.systemError == missingFile {
      return nil
    }
    guard bytes.count >= 4 else { return nil }
    let content = Array(bytes.dropLast(4))
    var checksum = CRC32C()
    unsafe checksum.update(content.span.bytes)
    let stored = bytes.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return stored == checksum.masked ? content : nil
  }

  private static let mostBytes: UInt64 = 1 << 31
}

extension String {
  fileprivate func removing(prefix: String) -> Substring? {
    utf8.starts(with: prefix.utf8)
      ? self[utf8.index(startIndex, offsetBy: prefix.utf8.count)...] : nil
  }
}
