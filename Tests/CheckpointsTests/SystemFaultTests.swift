import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a save loses nothing where the system itself fails, and no seam: strace sees to that.
@Suite(.enabled(if: Strace.isAvailable, "strace is not installed, or may not trace here"))
struct SystemFaultTests {
  private func save(_ value: Int, to prefix: String, _ injections: [String] = []) throws
    -> ChildProcess.Outcome
  {
    let arguments = [prefix, "\(value)", "1", "bundle", "\(Int.max)"]
    guard !injections.isEmpty else { return try ChildProcess.run("crashing-saver", arguments) }
    return try Strace.run(
      "crashing-saver", arguments, injecting: injections, at: [Path(prefix).directory])
  }

  private func values(_ prefix: String) throws -> Set<Float> {
    let reader = try BundleReader(prefix: prefix)
    var values: Set<Float> = []
    for entry in try reader.entries() {
      values.formUnion(try Tensor<Float>(reader.tensor(for: entry.key)).array)
    }
    return values
  }

  // An overwriting save takes names that it does not see. If it sees too few, it must not begin.
  @Test(arguments: ["getdents64:error=EIO:when=1", "getdents64:error=EIO:when=2"])
  func `does not take an error for the end of a directory`(injection: String) throws {
    let directory = try TemporaryDirectory()
    let prefix = directory.path("model")
    #expect(try save(1, to: prefix).status == 0)
    let before = directory.names
    let outcome = try save(2, to: prefix, [injection])
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains("list directory"), "\(outcome.errors)")
    #expect(try values(prefix) == [1])
    #expect(directory.names == before)
    #expect(try save(3, to: prefix).status == 0)
    #expect(try values(prefix) == [3])
  }

  @Test func `lists again if a signal interrupts it`() throws {
    let directory = try TemporaryDirectory()
    let prefix = directory.path("model")
    #expect(try save(1, to: prefix).status == 0)
    #expect(try save(2, to: prefix, ["getdents64:error=EINTR:when=1"]).status == 0)
    #expect(try values(prefix) == [2])
  }
}
