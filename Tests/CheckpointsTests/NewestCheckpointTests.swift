import CheckpointPlatform
import CheckpointTensors
import CheckpointStore
import CheckpointSafetensors
import CheckpointPlans
import CheckpointGraph
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Synchronization
import Testing

/// Proves which checkpoint of a directory is the newest, and that everybody who asks gets the same
/// answer.
@Suite struct NewestCheckpointTests {
  private let directory: TemporaryDirectory
  private static let time = 1_700_000_000

  /// The state file names `m-7`, lists `m-5` and `m-7`, and was written half a second past ``time``.
  init() throws {
    directory = try TemporaryDirectory("newest")
    try save("m-7", at: 0)
    try writeState("m-7", listed: ["m-5", "m-7"])
  }

  /// Saves without telling the state file, so many milliseconds past ``time``.
  private func save(_ name: String, at milliseconds: Int, _ format: CheckpointFormat = .v2) throws {
    var options = SaveOptions()
    var settings = Saver.Settings()
    settings.updatesState = false
    options.format = format
    settings.retention = .all
    let variables = ["a", "b"].map { Variable<Float>(repeating: 1, shape: [9], name: $0) }
    let saver = try Saver(variables, settings: settings, options: options)
    try saver.save(to: directory.path(name))
    for file in try #require(saver.lastSave).files { try setTime(of: file, to: milliseconds) }
  }

  private func writeState(_ latest: String, listed: [String], at milliseconds: Int = 500) throws {
    let lines = listed.map { "all_model_checkpoint_paths: \"\($0)\"\n" }.joined()
    try directory.write("model_checkpoint_path: \"\(latest)\"\n\(lines)".utf8, to: "checkpoint")
    try setTime(of: directory.path("checkpoint"), to: milliseconds)
  }

  private func setTime(of path: String, to milliseconds: Int, nanoseconds: Int = 0) throws {
    let time = timespec(
      tv_sec: Self.time + milliseconds / 1000,
      tv_nsec: milliseconds % 1000 * 1_000_000 + nanoseconds)
    var times = [time, time]
    #expect(unsafe utimensat(AT_FDCWD, path, &times, 0) == 0)
  }

  /// What everybody says, who is asked for the newest.
  private func expectNewest(_ name: String?, sourceLocation: SourceLocation = #_sourceLocation)
    async throws
  {
    let path = name.map(directory.path)
    let place = CheckpointDirectory(directory.path)
    #expect(try place.latest() == path, sourceLocation: sourceLocation)
    #expect(try place.latestValid() == path, sourceLocation: sourceLocation)
    let manager = try CheckpointManager(
      Checkpoint(["a": Variable<Float>(0)]), directory: directory.path, name: "m", retention: .all)
    #expect(manager.latest == path, sourceLocation: sourceLocation)
    guard let path else { return }
    #expect(try CheckpointReader(directory.path).path == path, sourceLocation: sourceLocation)
    #expect(try CheckpointLocation(directory.path).path == path, sourceLocation: sourceLocation)
    var updates = place.updates(timeout: .zero).makeAsyncIterator()
    #expect(try await updates.next() == path, sourceLocation: sourceLocation)
  }

  @Test func `is a checkpoint whose process died before it wrote the state file`() async throws {
    try save("m-9", at: 600)
    try save("m-8", at: 700)
    try await expectNewest("m-9")
    let note = try CheckpointLocation(directory.path).note
    let end = "is \(directory.path("m-9")), which its state file does not know yet"
    #expect(note?.hasSuffix(end) == true)
  }

  @Test func `is told by a nanosecond`() async throws {
    try save("m-8", at: 500)
    try setTime(of: directory.path("m-8.index"), to: 500, nanoseconds: 1)
    try await expectNewest("m-8")
  }

  @Test(arguments: [
    ("older than a state file that was pointed back", "m-8", 499),
    ("written when a coarse clock said the same", "m-8", 500),
    ("of a lower number", "m-6", 600),
    ("of the same number", "m-07", 600),
    ("listed", "m-5", 600),
    ("of another name", "n-8", 600),
    ("of a longer name", "mm-8", 600),
    ("of a name that goes on", "m-8-1", 600),
    ("of a name without a hyphen", "m8", 600),
    ("of no number", "m-8x", 600),
    ("of a number too large", "m-99999999999999999999999", 600),
  ])
  func `is what the state file names, and not another that is`(
    what: String, name: String, milliseconds: Int
  ) async throws {
    try save(name, at: milliseconds)
    try await expectNewest("m-7")
  }

  @Test func `is not one that the state file lists with a higher number`() async throws {
    try save("m-8", at: 600)
    try writeState("m-7", listed: ["m-7", "elsewhere/m-8"])
    try await expectNewest("m-7")
  }

  @Test(arguments: ["cut index", "empty index", "no index", "cut data", "no data"])
  func `is not one that is not complete`(damage: String) async throws {
    try save("m-8", at: 600)
    try save("m-9", at: 600)
    let file = damage.hasSuffix("index") ? "m-9.index" : "m-9.data-00000-of-00001"
    switch damage.prefix(3) {
    case "cut": try directory.write(directory.bytes(file).dropLast(2), to: file)
    case "emp": try directory.write([], to: file)
    default: try LocalFileSystem().removeFile(directory.path(file))
    }
    if damage != "no index" { try setTime(of: directory.path("m-9.index"), to: 600) }
    try await expectNewest("m-8")
  }

  @Test func `is one that the system refuses to read, which is an error`() throws {
    try save("m-8", at: 600)
    let system = InterceptingFileSystem { _, call throws(CheckpointError) in
      guard call.kind == .open, call.path.hasSuffix("m-8.index") else { return }
      throw .system("injected", errno: EACCES, file: call.path)
    }
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointDirectory(directory.path, fileSystem: system).latest()
    }
    #expect(error?.code == .io)
  }

  @Test func `of an older format is what the state file names`() async throws {
    try save("m-8", at: 400, .v1)
    try writeState("m-8", listed: ["m-7"])
    try await expectNewest("m-8")
  }

  @Test func `of an older format is newer if all its files are`() async throws {
    try save("m-8", at: 600, .v1)
    try await expectNewest("m-8")
    var options = SaveOptions()
    var settings = Saver.Settings()
    settings.updatesState = false
    options.format = .v1
    options.sharding = .count(2)
    let variables = ["a", "b"].map { Variable<Float>(repeating: 1, shape: [9], name: $0) }
    let path = try Saver(variables, settings: settings, options: options).save(
      to: directory.path("m-9"))
    let place = CheckpointDirectory(directory.path)
    #expect(try place.latest() == path)
    try setTime(of: directory.path("m-9-00000-of-00002"), to: 400)
    #expect(try place.latest() == directory.path("m-8"))
    try LocalFileSystem().removeFile(directory.path("m-9-00000-of-00002"))
    #expect(try place.latest() == directory.path("m-8"))
    // The pattern's number is that of the checkpoint, not that of its parts.
    try writeState("m-9-?????-of-00002", listed: [])
    #expect(try place.latest() == path)
    try save("m-10", at: 600)
    #expect(try place.latest() == directory.path("m-10"))
  }

  @Test func `of safetensors is newer by its number, too`() throws {
    var writer = try SafetensorsWriter(directory.path("m-8.safetensors"))
    try writer.add(Tensor<Float>(1), for: "w")
    try writer.finish()
    let place = CheckpointDirectory(directory.path)
    #expect(try place.latest() == directory.path("m-8.safetensors"))
    try setTime(of: directory.path("m-8.safetensors"), to: 400)
    #expect(try place.latest() == directory.path("m-7"))
  }

  @Test func `is what a state file names that has no number`() throws {
    try save("best", at: 0)
    try writeState("best", listed: [])
    try save("m-8", at: 600)
    try save("best-1", at: 600)
    #expect(try CheckpointDirectory(directory.path).latest() == directory.path("best"))
  }

  @Test func `lies where the state file leads`() async throws {
    let other = try TemporaryDirectory("newest")
    try LocalFileSystem().createDirectory(directory.path("sub"))
    try save("sub/m-7", at: 0)
    try save("sub/m-8", at: 600)
    try save("m-9", at: 600)
    try writeState("sub/m-7", listed: [])
    #expect(try CheckpointDirectory(directory.path).latest() == directory.path("sub/m-8"))
    // The directory was moved.
    try writeState("\(other.path)/m-7", listed: ["\(other.path)/m-5"])
    try await expectNewest("m-9")
  }

  @Test func `may be newer than a checkpoint that has gone`() async throws {
    try LocalFileSystem().removeFile(directory.path("m-7.index"))
    let place = CheckpointDirectory(directory.path)
    #expect(try place.latest() == nil)
    try save("m-8", at: 600)
    try await expectNewest("m-8")
  }

  @Test func `follows a trainer that moves on while somebody looks`() throws {
    let isFirst = Flag()
    try save("m-8", at: 600)
    let place = directory.path
    let system = InterceptingFileSystem { _, call throws(CheckpointError) in
      guard call.kind == .status, call.path.hasSuffix("m-7.index"), isFirst.takeFirst() else {
        return
      }
      try StateFile(in: place).write(CheckpointDirectory.State(latest: "\(place)/m-8"))
      try CheckpointDirectory.Files(of: "\(place)/m-7").remove()
    }
    try setTime(of: directory.path("m-8.index"), to: 400)
    let latest = try CheckpointDirectory(directory.path, fileSystem: system).latest()
    #expect(latest == directory.path("m-8"))
  }

  // MARK: Without a state file

  @Test func `without a state file is whole, of the last name, of the highest number`() async throws
  {
    try LocalFileSystem().removeFile(directory.path("checkpoint"))
    try await expectNewest("m-7")
    try save("m-10", at: -2000)
    try save("m-9", at: 10)
    try await expectNewest("m-10")
    try save("m-11", at: 20)
    try directory.write([1, 2, 3], to: "m-11.index")
    try setTime(of: directory.path("m-11.index"), to: 20)
    let place = CheckpointDirectory(directory.path)
    #expect(try place.latest() == directory.path("m-10"))
    #expect(try CheckpointReader(directory.path).path == directory.path("m-10"))
    try save("other", at: 300)
    #expect(try place.latest() == directory.path("other"))
  }

  @Test func `is the first save of a process that died before it wrote a state file`() throws {
    let empty = try TemporaryDirectory("newest")
    #expect(try CheckpointDirectory(empty.path).latest() == nil)
    #expect(try CheckpointDirectory(empty.path).latestValid() == nil)
    #expect(try CheckpointDirectory(empty.path("none")).latest() == nil)
    try Checkpoint(["w": Variable<Float>(1)]).write(to: empty.path("ckpt-1"))
    #expect(try CheckpointDirectory(empty.path).latest() == empty.path("ckpt-1"))
  }

  // MARK: The newest that is intact

  @Test func `the newest that is intact may be any of them`() throws {
    for number in [5, 6] { try save("m-\(number)", at: 0) }
    try save("m-8", at: 600)
    let place = CheckpointDirectory(directory.path)
    for (damaged, next) in [("m-8", "m-7"), ("m-7", "m-5"), ("m-5", "m-6")] {
      let data = "\(damaged).data-00000-of-00001"
      var bytes = try directory.bytes(data)
      bytes[3] ^= 1
      try directory.write(bytes, to: data)
      #expect(try place.latestValid() == directory.path("m-8"), "the sizes are right")
      #expect(try place.latestValid(checking: .everything) == directory.path(next))
    }
    try directory.write("?".utf8, to: "checkpoint")
    #expect(try place.latestValid(checking: .everything) == directory.path("m-6"))
    try directory.write([], to: "m-6.index")
    let error = #expect(throws: CheckpointError.self) {
      try place.latestValid(checking: .everything)
    }
    #expect(error?.code == .corrupt)
    #expect(error?.problems.count == 4)
    #expect(error?.message.hasPrefix("none of the 4 checkpoints is intact; ") == true)
  }
}

/// Something that happens once.
private final class Flag: Sendable {
  private let isTaken = Mutex(false)

  func takeFirst() -> Bool {
    isTaken.withLock { taken in
      defer { taken = true }
      return !taken
    }
  }
}
