import CMPI
import Checkpoints
import Foundation
import Synchronization

/// The processes of an MPI job, which meet by messages.
///
/// MPI's collectives wait for ever and do not say for whom, so that every message goes from one process to
/// another, and is looked for until it is there or time is up. The communicator is a copy of the world's: no
/// message of the program itself is taken.
///
/// Messages carry the number of the call that they belong to. All processes call alike, so what an earlier call
/// has left behind is known by its number, and dropped.
final class MPIProcessGroup: ProcessGroup {
  let rank: Int
  let count: Int
  private let state: Mutex<State>
  private let mayUseAnyThread: Bool

  private struct State {
    /// MPI's communicator, an address.
    let communicator: UInt
    var call: UInt64 = 0

    var pointer: UnsafeMutableRawPointer? {
      unsafe UnsafeMutableRawPointer(bitPattern: communicator)
    }
  }

  /// Starts MPI.
  init() throws(CheckpointError) {
    let level = mpi_start()
    guard level >= 0, let communicator = unsafe mpi_duplicate_world() else {
      throw CheckpointError(.io, "MPI does not start; run this program with mpirun or mpiexec")
    }
    mayUseAnyThread = level == 1
    rank = unsafe Int(mpi_rank(communicator))
    count = unsafe Int(mpi_size(communicator))
    state = Mutex(State(communicator: UInt(bitPattern: communicator)))
  }

  /// Ends MPI: the last thing that a process does.
  func end() { mpi_end() }

  func gather(_ bytes: [UInt8], timeout: Duration) throws(CheckpointError) -> [[UInt8]]? {
    try call { state throws(CheckpointError) in
      guard rank == 0 else {
        try send(bytes, to: [0], state, timeout)
        return nil
      }
      var messages = [0: bytes]
      try take(state, timeout) { rank, message in
        messages[rank] = message
        return messages.count < count
      }
      let missing = (0..<count).filter { messages[$0] == nil }
      guard missing.isEmpty else { throw late(missing, timeout) }
      return (0..<count).compactMap { messages[$0] }
    }
  }

  func broadcast(_ bytes: [UInt8]?, timeout: Duration) throws(CheckpointError) -> [UInt8] {
    try call { state throws(CheckpointError) in
      if let bytes, rank == 0 {
        try send(bytes, to: Array(1..<count), state, timeout)
        return bytes
      }
      var answer: [UInt8]?
      try take(state, timeout) { _, message in
        answer = message
        return false
      }
      guard let answer else { throw late([0], timeout) }
      return answer
    }
  }

  // MARK: Messages

  private static let tag: CInt = 17_431

  private func call<Value>(
    _ body: (inout State) throws(CheckpointError) -> Value
  ) throws(CheckpointError) -> Value {
    guard mayUseAnyThread || Thread.isMainThread else {
      throw CheckpointError(
        .unsupported,
        "this MPI may be called by one thread only (MPI_THREAD_MULTIPLE is not provided); save in the "
          + "foreground")
    }
    return try state.withLock { state throws(CheckpointError) in
      state.call += 1
      return try body(&state)
    }
  }

  // A message that nobody takes stays MPI's, as do its bytes: the job is at its end then.
  private func send(_ bytes: [UInt8], to ranks: [Int], _ state: State, _ timeout: Duration)
    throws(CheckpointError)
  {
    let message = number(state.call) + bytes
    guard let length = CInt(exactly: message.count) else {
      throw CheckpointError(.limitExceeded, "a message of \(message.count) bytes; MPI sends 2 GB")
    }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: message.count, alignment: 8)
    unsafe buffer.copyBytes(from: message)
    var waiting: [(rank: Int, request: UInt)] = []  // a request is an address
    for rank in ranks {
      guard
        let request = unsafe mpi_send(
          state.pointer, buffer.baseAddress, length, CInt(rank), Self.tag)
      else { throw failure }
      waiting.append((rank, UInt(bitPattern: request)))
    }
    let areSent = try wait(timeout) { () throws(CheckpointError) in
      var left: [(rank: Int, request: UInt)] = []
      for entry in waiting {
        let isSent = unsafe mpi_is_sent(UnsafeMutableRawPointer(bitPattern: entry.request))
        guard isSent >= 0 else { throw failure }
        if isSent == 0 { left.append(entry) }
      }
      waiting = left
      return left.isEmpty
    }
    guard areSent else { throw late(waiting.map(\.rank), timeout) }
    unsafe buffer.deallocate()
  }

  // Hands on what comes, as long as more is wanted.
  private func take(
    _ state: State, _ timeout: Duration, _ body: (Int, [UInt8]) -> Bool
  ) throws(CheckpointError) {
    guard count > 1 else { return }
    var isWanted = true
    _ = try wait(timeout) { () throws(CheckpointError) in
      var (rank, length): (CInt, CInt) = (0, 0)
      while isWanted {
        let hasCome = unsafe mpi_has_come(state.pointer, Self.tag, &rank, &length)
        guard hasCome >= 0 else { throw failure }
        guard hasCome == 1 else { return false }
        var message = [UInt8](repeating: 0, count: Int(length))
        guard unsafe mpi_take(state.pointer, &message, length, rank, Self.tag) == 0 else {
          throw failure
        }
        guard message.count >= 8, Array(message.prefix(8)) == number(state.call) else { continue }
        isWanted = body(Int(rank), Array(message.dropFirst(8)))
      }
      return true
    }
  }

  // Looks often at first, then less and less often: MPI itself would keep a core busy.
  private func wait(_ timeout: Duration, _ isDone: () throws(CheckpointError) -> Bool)
    throws(CheckpointError) -> Bool
  {
    let start = ContinuousClock.now
    while try !isDone() {
      let time = ContinuousClock.now - start
      guard time < timeout else { return false }
      let pause = min(max(time / 8, .microseconds(50)), .milliseconds(20))
      usleep(UInt32(pause / .microseconds(1)))
    }
    return true
  }

  private func number(_ call: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: call >> UInt64(8 * $0)) }
  }

  // MARK: Errors

  private func late(_ ranks: [Int], _ timeout: Duration) -> CheckpointError {
    let names = ranks.map(String.init).joined(separator: ", ")
    let who = ranks.count == 1 ? "process \(names)" : "processes \(names)"
    return CheckpointError(
      .timedOut,
      "\(who) of \(count) did not come within \(timeout); see whether they live, and save again")
  }

  private var failure: CheckpointError {
    CheckpointError(.io, "MPI reports an error; another process may have ended")
  }
}
