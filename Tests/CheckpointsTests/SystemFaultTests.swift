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
  // What is injected happens to calls about the directory, or about `path`.
  private func save(
    _ value: Int, to prefix: String, _ injections: [String] = [], at path: String? = nil
  ) throws -> ChildProcess.Outcome {
    let arguments = [prefix, "\(value)", "1", "bundle", "\(Int.max)"]
    guard !injections.isEmpty else { return try ChildProcess.run("crashing-saver", arguments) }
    return try Strace.run(
      "crashing-saver", arguments, injecting: injections, at: [path ?? Path(prefix).directory])
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

  // A container may have none left, and other systems have none.
  @Test func `processes meet where the system gives no notices`() throws {
    let directory = try TemporaryDirectory()
    let prefix = directory.path("model")
    let outcomes = together(2) { rank in
      try Strace.run(
        "crashing-saver", [prefix, "7", "3", "shared:\(rank):2:60", "\(Int.max)"],
        injecting: ["inotify_init1:error=EMFILE"])
    }
    for outcome in outcomes {
      let output = try outcome.get().output
      #expect(output.hasPrefix("saved 7\nsaved 8\nsaved 9\n"), "\(output)")
    }
    #expect(try values(prefix) == [9])
    #expect(directory.names.filter { $0.contains("swift-checkpoints") } == [])
  }

  // On a network, a disk that is full may show only when a file is synced or closed.
  @Test(arguments: [("pwrite64", "write"), ("fsync", "sync"), ("close", "close")])
  func `takes nothing for written that the system refuses`(call: String, what: String) throws {
    let directory = try TemporaryDirectory()
    let prefix = directory.path("model")
    #expect(try save(1, to: prefix).status == 0)
    let before = directory.names
    let data = TemporaryName.temporary(for: BundlePath(prefix).data(shard: 0, of: 2))
    let outcome = try save(2, to: prefix, ["\(call):error=EIO:when=1"], at: data)
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains(": \(what)"), "\(outcome.errors)")
    #expect(try values(prefix) == [1])
    #expect(directory.names == before)
  }

  @Test(arguments: ["pwrite64", "fsync", "fallocate"])
  func `goes on if a signal interrupts it`(call: String) throws {
    let directory = try TemporaryDirectory()
    let prefix = directory.path("model")
    let data = TemporaryName.temporary(for: BundlePath(prefix).data(shard: 0, of: 1))
    let outcome = try save(1, to: prefix, ["\(call):error=EINTR:when=1"], at: data)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try values(prefix) == [1])
  }

  // A lock file that is there, and cannot be opened or locked: nobody waits for it in vain.
  @Test(arguments: [
    ("openat:error=EACCES:when=2", "this lock file belongs to the user"),
    ("openat:error=EPERM:when=2", "this lock file belongs to the user"),
    ("openat:error=EIO:when=2", ": open: "), ("flock:error=EIO:when=1", ": lock: "),
  ])
  func `says of a lock file that the system refuses why`(injection: String, what: String) throws {
    let directory = try TemporaryDirectory()
    let prefix = directory.path("model")
    let lock = Path(TemporaryName.lock(for: prefix)).name
    try directory.write(SaveNote.index.bytes, to: lock)
    let outcome = try save(1, to: prefix, [injection], at: directory.path(lock))
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains(what), "\(outcome.errors)")
    #expect(directory.names == [lock])
    #expect(try save(2, to: prefix).status == 0)
    #expect(try values(prefix) == [2])
  }

  // Some network file systems know no locks: there nobody can be kept out.
  @Test(arguments: ["ENOLCK", "EOPNOTSUPP"])
  func `saves where there are no locks`(error: String) throws {
    let directory = try TemporaryDirectory()
    let prefix = directory.path("model")
    let lock = TemporaryName.lock(for: prefix)
    let outcome = try save(1, to: prefix, ["flock:error=\(error)"], at: lock)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try values(prefix) == [1])
    #expect(!directory.names.contains(Path(lock).name))
  }
}
