import CheckpointIO
import CheckpointGraph
import Checkpoints
import Testing

/// Proves that two objects that TensorFlow saved are both restored where the program has one in their
/// places.
///
/// `make_meeting_fixtures.py` says what the numbers are, and that TensorFlow does the same.
@Suite struct MeetingTests {
  private final class Group: Checkpointable {
    let one = Variable<Float>(0)
    let two = Variable<Float>(0)
    let both = Variable<Float>(0)
    let inner = Inner()
  }

  private final class Inner: Checkpointable {
    let x = Variable<Float>(0)
    let y = Variable<Float>(0)
  }

  private let path = "\(Fixture.folder)/meeting/two"

  @Test func `restores the children of two saved objects into the one that there is`() throws {
    let group = Group()
    let status = try Checkpoint(["a": group, "b": group]).read(from: path)
    #expect([group.one, group.two, group.both].map(\.scalar) == [1, 2, 10])
    #expect([group.inner.x, group.inner.y].map(\.scalar) == [3, 4])
    #expect(status.missing == [] && status.deferred == [])
    try status.assertExistingObjectsMatched()
  }

  @Test func `calls only a value a conflict that both of them have`() throws {
    let group = Group()
    let status = try Checkpoint(["a": group, "b": group]).read(from: path)
    #expect(status.conflicting == ["b/both"])
    let error = #expect(throws: CheckpointError.self) { try status.assertConsumed() }
    #expect(error?.problems.allSatisfy { $0.key == "b/both" } == true)
  }

  private final class Apart: Checkpointable {
    let one = Variable<Float>(0)
    let two = Variable<Float>(0)
    @NoDependency var both = Variable<Float>(0)
    @Dependency var inner: Inner? = nil
  }

  @Test func `restores what comes later from both`() throws {
    let group = Apart()
    let status = try Checkpoint(["a": group, "b": group]).read(from: path)
    #expect(Set(status.deferred) == ["a/both", "b/both", "a/inner/x", "b/inner/y"])
    #expect(status.conflicting == [])
    group.inner = Inner()
    #expect([group.inner?.x.scalar, group.inner?.y.scalar] == [3, 4])
    #expect(Set(status.deferred) == ["a/both", "b/both"])
  }
}
