import CheckpointIO
import CheckpointTestSupport
import Synchronization
import Testing

/// Proves what an observer is told of, in which order, and that it can stop what it is told of.
@Suite struct FileObserverTests {
  /// Takes down what it is told, and throws at one of the events.
  private final class Recorder: FileObserver {
    private let log = Mutex<[String]>([])
    private let stopsAt: Int?

    init(stopsAt: Int? = nil) { self.stopsAt = stopsAt }

    var events: [String] { log.withLock { $0 } }

    private func note(_ event: String) throws(CheckpointError) {
      let number = log.withLock { log in
        log.append(event)
        return log.count - 1
      }
      if number == stopsAt { throw CheckpointError(.cancelled, "stopped at \(event)") }
    }

    func moved(_ byteCount: Int) throws(CheckpointError) { try note("moved \(byteCount)") }
    func willSync() throws(CheckpointError) { try note("sync") }
    func willRename(to path: String) throws(CheckpointError) { try note("rename \(path)") }
  }

  private func write(_ system: any FileSystem) throws(CheckpointError) {
    let file = try system.createFile("/run/t")
    try file.reserve(5)
    try file.write(unsafe ([1, 2, 3] as [UInt8]).span.bytes, at: 0)
    file.startWriteback(ByteRange(offset: 0, count: 3))
    try file.sync()
    try file.close()
    let again = try system.reopenFile("/run/t")
    try again.write(unsafe ([4, 5] as [UInt8]).span.bytes, at: 3)
    try again.sync()
    try again.close()
    try system.rename("/run/t", to: "/run/m")
    var bytes = [UInt8](repeating: 0, count: 4)
    var span = bytes.mutableSpan
    var output = unsafe span.mutableBytes  // every pattern of bits is a UInt8
    try system.openFile("/run/m").read(into: &output, at: 1)
    #expect(bytes == [2, 3, 4, 5])
  }

  private static let expected = [
    "moved 3", "sync", "moved 2", "sync", "rename /run/m", "moved 4",
  ]

  @Test func `is told of bytes after they have moved, and of the rest before it happens`() throws {
    let recorder = Recorder()
    try write(ObservedFileSystem(MemoryFileSystem(), observer: recorder))
    #expect(recorder.events == Self.expected)
  }

  @Test(arguments: expected.indices)
  func `stops what it throws at`(number: Int) throws {
    let recorder = Recorder(stopsAt: number)
    let calls = InterceptingFileSystem(MemoryFileSystem())
    let error = #expect(throws: CheckpointError.self) {
      try write(ObservedFileSystem(calls, observer: recorder))
    }
    #expect(error?.code == .cancelled)
    #expect(error?.message == "stopped at \(Self.expected[number])")
    #expect(recorder.events == Array(Self.expected.prefix(number + 1)))
    // Nothing has been done that it was told of before, and everything that it was told of after.
    let kinds = calls.calls.map(\.kind)
    #expect(kinds.count { $0 == .sync } == Self.expected.prefix(number).count { $0 == "sync" })
    #expect(kinds.contains(.rename) == (number > 4))
    #expect(
      kinds.count { $0 == .write }
        == Self.expected.prefix(number + 1).count {
          ["moved 3", "moved 2"].contains($0)
        })
  }

  @Test func `is not told of what fails`() {
    let recorder = Recorder()
    let failing = InterceptingFileSystem(MemoryFileSystem()) { _, call throws(CheckpointError) in
      guard [.write, .read].contains(call.kind) else { return }
      throw .system("injected failure", errno: 5, file: call.path)
    }
    #expect(throws: CheckpointError.self) {
      try write(ObservedFileSystem(failing, observer: recorder))
    }
    #expect(recorder.events.isEmpty)
  }

  @Test func `observers of observers are told alike`() throws {
    let (inner, outer) = (Recorder(), Recorder())
    let system = ObservedFileSystem(MemoryFileSystem(), observer: inner)
    try write(ObservedFileSystem(system, observer: outer))
    #expect(inner.events == Self.expected && outer.events == Self.expected)
  }
}
