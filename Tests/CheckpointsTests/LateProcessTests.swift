import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a process which is late, or which another program speaks to, ends with a reason: the calls of two
/// processes, one after the other.
@Suite struct LateProcessTests {
  private let directory: TemporaryDirectory
  private let short = Duration.milliseconds(50)

  init() throws { directory = try TemporaryDirectory("late") }

  private func process(_ rank: Int) throws -> LaunchedProcesses {
    try LaunchedProcesses(rank: rank, count: 2, directory: directory.path)
  }

  private func expectLate(_ body: () throws -> Void) {
    let error = #expect(throws: CheckpointError.self) { try body() }
    #expect(error?.code == .timedOut)
    #expect(error?.message.contains(" did not come within ") == true, "\(error?.message ?? "")")
  }

  private func expectLeftBehind(_ process: LaunchedProcesses) {
    let error = #expect(throws: CheckpointError.self) {
      try process.broadcast(nil, timeout: .seconds(20))
    }
    #expect(
      error?.description
        == "\(directory.path("processes.meeting.swift-checkpoints-tmp")): process 0 has gone on without "
        + "process 1 of 2, which came too late; save again (timedOut)")
  }

  @Test func `an answer to the others alone is told to who came too late`() throws {
    let (first, late) = (try process(0), try process(1))
    for answer in [1, 2] as [UInt8] {
      expectLate { _ = try first.gather([0], timeout: short) }
      _ = try first.broadcast([answer], timeout: short)
    }
    try withExtendedLifetime(first) {  // who goes ends the meeting
      _ = try late.gather([1], timeout: short)
      expectLate { _ = try late.broadcast(nil, timeout: short) }
      _ = try late.gather([1], timeout: short)
      expectLeftBehind(late)
    }
  }

  @Test func `a meeting that has ended is told to who came too late`() throws {
    let late = try process(1)
    try withExtendedLifetime(process(0)) { first in
      expectLate { _ = try first.gather([0], timeout: short) }
      _ = try late.gather([1], timeout: short)
      expectLate { _ = try late.broadcast(nil, timeout: short) }
    }
    #expect(directory.names == [], "process 0 has ended the meeting")
    _ = try late.gather([1], timeout: short)
    expectLeftBehind(late)
  }

  @Test func `another meeting of the same process 0 is told to who came too late`() throws {
    let late = try process(1)
    try withExtendedLifetime(process(0)) { first in
      expectLate { _ = try first.gather([0], timeout: short) }
      _ = try late.gather([1], timeout: short)
    }
    try withExtendedLifetime(process(0)) { again in
      expectLate { _ = try again.gather([0], timeout: short) }
      expectLeftBehind(late)
    }
  }

  @Test func `takes no message that is larger than any`() throws {
    let place = "processes.meeting.swift-checkpoints-tmp"
    let name = "\(place)/hello"
    try FileManager.default.createDirectory(
      atPath: directory.path(place), withIntermediateDirectories: false)
    try directory.write([UInt8](), to: name)
    let file = try #require(FileHandle(forWritingAtPath: directory.path(name)))
    try file.truncate(atOffset: 1 << 31 + 1)
    try file.close()
    let error = #expect(throws: CheckpointError.self) {
      try process(1).gather([1], timeout: .seconds(20))
    }
    #expect(
      error?.description
        == "\(directory.path(name)): a message of 2147483649 bytes; 2147483648 are possible "
        + "(mismatch)")
  }
}
