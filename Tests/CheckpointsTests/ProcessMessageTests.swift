import CheckpointIO
import CheckpointPlans
import CheckpointTestSupport
@testable import Checkpoints
import Testing

/// What a process makes of what others say, if they are other programs, or do not answer.
@Suite struct ProcessMessageTests {
  private func error(_ body: () throws -> Void) -> CheckpointError? {
    #expect(throws: CheckpointError.self) { try body() }
  }

  private func expectMalformed(
    _ bytes: [UInt8], _ read: (inout ProcessMessageReader) throws -> Void
  ) {
    let refusal = error {
      var reader = ProcessMessageReader(bytes)
      try read(&reader)
    }
    #expect(refusal?.code == .mismatch)
    #expect(refusal?.message.hasPrefix("another process says what this one does not") == true)
  }

  @Test func `takes no number from fewer bytes, and no list from fewer than it says`() {
    expectMalformed([1, 2, 3]) { _ = try $0.readNumber() }
    for count in [-1, 2, .max] {
      var message = ProcessMessage()
      message.write(count)
      let bytes = message.bytes + [7]
      expectMalformed(bytes) { _ = try $0.readBytes() }
      expectMalformed(bytes) { _ = try $0.readArray { _ in 0 } }
    }
  }

  @Test func `takes errors in errors up to a depth`() throws {
    func nested(_ depth: Int) -> [UInt8] {
      var error = CheckpointError(.corrupt, "the innermost")
      for _ in 1..<depth {
        var outer = CheckpointError(.several, "around it")
        outer.problems = [error]
        error = outer
      }
      var message = ProcessMessage()
      message.write(error)
      return message.bytes
    }
    var reader = ProcessMessageReader(nested(8))
    #expect(try reader.readError().code == .several)
    expectMalformed(nested(9)) { _ = try $0.readError() }
  }

  @Test func `takes no save for finished that nothing is said of`() {
    var message = ProcessMessage()
    for _ in ["saved", "removed", "problems"] { message.write(0) }
    let refusal = error { _ = try ManagedSave.Finished(message: message.bytes) }
    #expect(refusal?.code == .mismatch)
    #expect(refusal?.message == "process 0 has not said what was saved")
  }

  /// A process whose others say what they like.
  private struct Group: ProcessGroup {
    var rank = 0
    var count = 1
    var gathered: [[UInt8]]?
    var refusal: CheckpointError?

    func gather(_ bytes: [UInt8], timeout: Duration) -> [[UInt8]]? { gathered ?? [bytes] }

    func broadcast(_ bytes: [UInt8]?, timeout: Duration) throws(CheckpointError) -> [UInt8] {
      if let refusal { throw refusal }
      return bytes ?? []
    }
  }

  private func round(_ group: Group) -> CheckpointError? {
    let meeting = ProcessMeeting(group, at: "/run/m", timeout: .seconds(1), files: FileOptions())
    return error {
      _ = try meeting.round("the end", .success([1]), unanswered: "look which one stands") { _ in
        [2]
      }
    }
  }

  @Test func `a group has to hand over the message of every process`() {
    let refusal = round(Group(count: 2, gathered: [[1]]))
    #expect(refusal?.message == "a group of 2 processes has handed over 1 messages")
  }

  @Test(arguments: [0, 1])
  func `who gets no answer says what that means`(rank: Int) {
    let late = CheckpointError(.timedOut, "nobody came")
    let refusal = round(Group(rank: rank, count: rank + 1, refusal: late))
    #expect(refusal?.code == .timedOut)
    #expect(refusal?.message == "nobody came; look which one stands")
  }

  @Test func `another failure than a late answer is told as it is`() {
    let broken = CheckpointError(.io, "the network is gone")
    #expect(round(Group(rank: 1, count: 2, refusal: broken))?.message == "the network is gone")
  }
}
