import CheckpointIO
import CheckpointTestSupport
import Synchronization
import Testing

/// Proves that a file system that is watched is the one below it, in every call.
@Suite struct ObservedFileSystemTests {
  private final class Counter: FileObserver {
    let byteCount = Atomic(0)
    func moved(_ byteCount: Int) { self.byteCount.add(byteCount, ordering: .relaxed) }
    func willSync() {}
    func willRename(to path: String) {}
  }

  /// Makes every call that there is; what they answer is told as text.
  private func useEverything(_ system: any FileSystem) throws -> [String] {
    var answers: [String] = []
    try system.createDirectory("/run/d")
    let file = try system.createFile("/run/d/a")
    try file.reserve(3)
    try unsafe file.write(([1, 2, 3] as [UInt8]).span.bytes, at: 0)
    file.startWriteback(ByteRange(offset: 0, count: 3))
    try file.sync()
    try file.close()
    answers.append(file.path)
    let again = try system.reopenFile("/run/d/a")
    try unsafe again.write(([4] as [UInt8]).span.bytes, at: 3)
    try again.close()
    answers.append(again.path)
    try system.rename("/run/d/a", to: "/run/d/b")
    answers.append("\(try system.link("/run/d/b", to: "/run/d/c"))")
    try system.removeFile("/run/d/c")
    try system.createDirectory("/run/d/e")
    try system.removeDirectory("/run/d/e")
    try system.syncDirectory("/run/d")
    answers += try system.namesInDirectory("/run/d")
    answers.append("\(String(describing: try system.status(of: "/run/d/b")))")
    answers.append("\(String(describing: try system.entryStatus(of: "/run/d/b")))")
    answers.append("\(String(describing: system.availableByteCount(at: "/run/d")))")

    let read = try system.openFile("/run/d/b")
    var bytes = [UInt8](repeating: 0, count: 4)
    var span = bytes.mutableSpan
    var output = unsafe span.mutableBytes  // every pattern of bits is a UInt8
    try read.read(into: &output, at: 0)
    answers.append("\(read.path) \(read.byteCount) \(bytes)")
    #expect(throws: CheckpointError.self) { try read.map() }  // memory cannot be mapped

    #expect(try system.lockFile("/run/d/lock", creating: false) == nil)
    let lock = try #require(try system.lockFile("/run/d/lock", creating: true))
    try lock.setContents([7, 8])
    try lock.sync()
    answers.append("\(lock.isExclusive) \(lock.isNew) \(try lock.contents(limit: 1))")
    try lock.remove()
    return answers
  }

  @Test func `makes every call of the file system below, and gives its answer`() throws {
    let memory = (0..<2).map { _ in MemoryFileSystem() }
    for system in memory { system.setAvailableByteCount(4_711) }
    let systems = memory.map { InterceptingFileSystem($0) }
    let counter = Counter()
    let plain = try useEverything(systems[0])
    let observed = try useEverything(ObservedFileSystem(systems[1], observer: counter))
    #expect(observed == plain)
    #expect(systems[1].calls == systems[0].calls)
    let kinds = Set(systems[0].calls.map(\.kind))
    #expect(kinds == Set(FileCall.Kind.allCases))
    #expect(memory[1].log == memory[0].log)
    #expect(counter.byteCount.load(ordering: .relaxed) == 8)
  }
}
