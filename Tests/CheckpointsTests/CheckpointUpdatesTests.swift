import CheckpointTensors
import CheckpointStore
import CheckpointGraph
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Foundation
import Synchronization
import Testing

/// Proves that whoever watches a directory gets each new checkpoint, complete, and can stop.
@Suite(.timeLimit(.minutes(20))) struct CheckpointUpdatesTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory("updates") }

  /// A program that trains.
  private func manager() throws -> CheckpointManager { try Self.manager(directory.path("run")) }

  private static func manager(_ path: String) throws -> CheckpointManager {
    try CheckpointManager(
      Checkpoint(["w": Variable<Float>(repeating: 1, shape: [100])]), directory: path,
      retention: .latest(2))
  }

  private static func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  private func updates(
    timeout: Duration? = .seconds(30), poll: Duration = .milliseconds(20),
    isDone: (@Sendable () async -> Bool)? = nil
  ) -> CheckpointDirectory.Updates {
    CheckpointDirectory(directory.path("run"))
      .updates(timeout: timeout, pollInterval: poll, isDone: isDone)
  }

  @Test func `gives what is there, then what comes`() async throws {
    let manager = try manager()
    try manager.save()
    var iterator = updates().makeAsyncIterator()
    #expect(try await iterator.next() == directory.path("run/ckpt-1"))
    try manager.save()
    #expect(try await iterator.next() == directory.path("run/ckpt-2"))
    try manager.save()
    try manager.save()  // one is skipped
    #expect(try await iterator.next() == directory.path("run/ckpt-4"))
  }

  /// No poll helps here: the system has to tell.
  @Test func `hears of a checkpoint at once`() async throws {
    let manager = try manager()
    try manager.save()
    var iterator = updates(timeout: nil, poll: .seconds(100_000)).makeAsyncIterator()
    _ = try await iterator.next()
    let task = Task { [path = directory.path("run")] in
      try await Task.sleep(for: .milliseconds(50))
      try Self.manager(path).save()
    }
    #if os(Linux) || canImport(Darwin)
    #expect(try await iterator.next() == directory.path("run/ckpt-2"))
    #endif
    try await task.value
  }

  @Test func `waits for a directory that does not exist yet`() async throws {
    let task = Task { [updates = updates()] in
      var iterator = updates.makeAsyncIterator()
      return try await iterator.next()
    }
    try await Task.sleep(for: .milliseconds(50))
    try manager().save()
    #expect(try await task.value == directory.path("run/ckpt-1"))
  }

  @Test func `ends after a timeout, or asks`() async throws {
    var silent = updates(timeout: .milliseconds(30)).makeAsyncIterator()
    #expect(try await silent.next() == nil)
    #expect(try await silent.next() == nil)
    let questions = Mutex(0)
    let asked = updates(timeout: .milliseconds(30)) {
      questions.withLock {
        $0 += 1; return $0 == 3
      }
    }
    var asking = asked.makeAsyncIterator()
    #expect(try await asking.next() == nil)
    #expect(questions.withLock { $0 } == 3)
  }

  @Test func `ends with the error of a system that refuses`() async throws {
    try manager().save()
    let state = directory.path("run/checkpoint")
    let system = InterceptingFileSystem { _, call throws(CheckpointError) in
      guard call.path == state else { return }
      throw .system("injected failure of \(call.kind)", errno: EIO, file: call.path)
    }
    let run = CheckpointDirectory(directory.path("run"), fileSystem: system)
    var iterator = run.updates(timeout: .zero).makeAsyncIterator()
    do throws(CheckpointError) {
      let path = try await iterator.next()
      Issue.record("\(path ?? "nothing") is not known without the state file")
    } catch {
      #expect(error.systemError == EIO && error.file == state)
    }
    #expect(try await iterator.next() == nil)
  }

  @Test func `asks after each checkpoint whether it was the last`() async throws {
    let manager = try manager()
    try manager.save()
    var paths: [String] = []
    for try await path in updates(timeout: nil, isDone: { true }) { paths.append(path) }
    #expect(paths == [directory.path("run/ckpt-1")])
  }

  @Test func `keeps a distance between two`() async throws {
    let manager = try manager()
    try manager.save()
    let updates = CheckpointDirectory(directory.path("run"))
      .updates(minimumInterval: .milliseconds(200), pollInterval: .milliseconds(10))
    var iterator = updates.makeAsyncIterator()
    _ = try await iterator.next()
    let start = ContinuousClock.now
    try manager.save()
    _ = try await iterator.next()
    #expect(ContinuousClock.now - start >= .milliseconds(150))  // most of it: saving takes a part
  }

  @Test func `ends when its task is cancelled`() async throws {
    let task = Task { [updates = updates(timeout: nil, poll: .seconds(100_000))] in
      var iterator = updates.makeAsyncIterator()
      return try await iterator.next()
    }
    try await Task.sleep(for: .milliseconds(50))
    task.cancel()
    #expect(try await task.value == nil)
    let early = Task { [updates = updates(timeout: nil)] in
      try? await Task.sleep(for: .seconds(1_000))
      var iterator = updates.makeAsyncIterator()
      return try await iterator.next()
    }
    early.cancel()
    #expect(try await early.value == nil)
  }

  @Test func `gives none that is not committed, and one that replaces another`() async throws {
    let manager = try manager()
    try manager.save(step: 5)
    var iterator = updates().makeAsyncIterator()
    #expect(try await iterator.next() == directory.path("run/ckpt-5"))
    // As other programs write: the state file first, an index that is not whole, no index.
    let index = try directory.bytes("run/ckpt-5.index")
    let state = Array("model_checkpoint_path: \"ckpt-6\"\n".utf8)
    let task = Task { [run = directory.path("run")] in
      try Self.write(state, to: run + "/checkpoint")
      try await Task.sleep(for: .milliseconds(60))
      try Self.write(index.prefix(index.count / 2), to: run + "/ckpt-6.index")
      try await Task.sleep(for: .milliseconds(60))
      try Self.write(Array("model_checkpoint_path ???".utf8), to: run + "/checkpoint")
      try await Task.sleep(for: .milliseconds(60))
    }
    var short = updates(timeout: .milliseconds(300)).makeAsyncIterator()
    try await Task.sleep(for: .milliseconds(20))
    #expect(try await short.next() == nil)
    try await task.value
    try manager.save(step: 5)
    #expect(try await iterator.next() == directory.path("run/ckpt-5"))
  }
}
