import CheckpointTensors
import CheckpointGraph
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a manager numbers, keeps and finds checkpoints, whatever has happened to the files
/// beside them.
@Suite struct ManagerTests {
  let system = MemoryFileSystem()

  private func names() -> [String] { ManagerRun.names(system) }

  @Test func `numbers checkpoints, keeps the latest, and tells the state file`() throws {
    let run = try ManagerRun(system)
    for value in 1...5 {
      let saved = try #require(try run.save(Float(value)))
      #expect(saved.path == "/run/ckpt-\(value)")
      #expect(saved.removed.map(\.path) == (value > 3 ? ["/run/ckpt-\(value - 3)"] : []))
      #expect(saved.problems.isEmpty)
    }
    #expect(run.checkpoint.saveCounter.value[] == 5)
    #expect(run.manager.checkpoints.map(\.path) == ["/run/ckpt-3", "/run/ckpt-4", "/run/ckpt-5"])
    #expect(run.manager.latest == "/run/ckpt-5")
    #expect(
      system.text("/run/checkpoint") == """
        model_checkpoint_path: "ckpt-5"
        all_model_checkpoint_paths: "ckpt-3"
        all_model_checkpoint_paths: "ckpt-4"
        all_model_checkpoint_paths: "ckpt-5"
        all_model_checkpoint_timestamps: 1030.0
        all_model_checkpoint_timestamps: 1040.0
        all_model_checkpoint_timestamps: 1050.0
        last_preserved_timestamp: 999.0

        """)
    let files = (3...5).flatMap {
      ["/run/ckpt-\($0).data-00000-of-00001", "/run/ckpt-\($0).index"]
    }
    #expect(system.paths == ["/run/checkpoint"] + files + ["/run/ckpt.history.json"])
  }

  @Test func `restores the newest, or initializes`() throws {
    let first = try ManagerRun(system)
    var count = 0
    #expect(try first.manager.restoreOrInitialize { count += 1 } == nil)
    #expect(count == 1)
    try first.save(1)
    try first.save(2)
    let second = try ManagerRun(system)
    #expect(second.manager.latest == "/run/ckpt-2")
    let restored = try second.manager.restoreOrInitialize { count += 1 }
    #expect(count == 1)
    #expect(restored?.path == "/run/ckpt-2")
    #expect(restored?.isStepBack == false)
    try #require(restored?.status).assertConsumed()
    #expect(second.weights.value[0] == 2)
    #expect(try second.save(3)?.path == "/run/ckpt-3")
  }

  @Test func `continues with a larger number without restoring, and loses nothing newer`() throws {
    let first = try ManagerRun(system)
    for value in 1...4 { try first.save(Float(value)) }
    // TensorFlow writes ckpt-1 here, calls it the latest, and deletes ckpt-2 as the oldest.
    let second = try ManagerRun(system, clock: first.clock)
    #expect(try second.save(9)?.path == "/run/ckpt-5")
    #expect(names() == ["ckpt-3", "ckpt-4", "ckpt-5"])
    #expect(second.checkpoint.saveCounter.value[] == 5)
  }

  @Test(
    arguments: [
      nil, "", "model_checkpoint_path {", "model_checkpoint_path: \"elsewhere-7\"", "\0\0\0\0\0\0",
      "model_checkpoint_path: \"/tmp/else/ckpt-0\"\nall_model_checkpoint_paths: \"../x/ckpt-1\"",
      "model_checkpoint_path: \"ckpt-1\"",
    ] as [String?])
  func `survives a lost, damaged or wrong state file`(text: String?) throws {
    let first = try ManagerRun(system)
    for value in 1...4 { try first.save(Float(value)) }
    if let text {
      try system.write(text, to: "/run/checkpoint")
    } else {
      try system.removeFile("/run/checkpoint")
    }
    let second = try ManagerRun(system, clock: first.clock)
    #expect(second.manager.latest == "/run/ckpt-4")
    #expect(second.manager.checkpoints.map(\.step) == [2, 3, 4])
    try second.manager.restoreOrInitialize()
    #expect(second.weights.value[0] == 4)
    #expect(try second.save(5)?.path == "/run/ckpt-5")
    #expect(names() == ["ckpt-3", "ckpt-4", "ckpt-5"])
    #expect(system.text("/run/checkpoint")?.hasPrefix("model_checkpoint_path: \"ckpt-5\"") == true)
  }

  @Test(
    arguments: [
      nil, "", "{\"crc32c\":", "{\"crc32c\": 7}",
      "{\"crc32c\":\"00000000\",\"history\":{\"highest\":1,\"checkpoints\":[],"
        + "\"saving\":[],\"version\":1}}",
    ] as [String?])
  func `goes on from the state file without a history`(text: String?) throws {
    let first = try ManagerRun(system)
    for value in 1...4 { try first.save(Float(value)) }
    if let text {
      try system.write(text, to: "/run/ckpt.history.json")
    } else {
      try system.removeFile("/run/ckpt.history.json")
    }
    let second = try ManagerRun(system, clock: first.clock)
    #expect(second.manager.checkpoints == first.manager.checkpoints)
    try second.manager.restoreOrInitialize()
    #expect(try second.save(5)?.path == "/run/ckpt-5")
    #expect(names() == ["ckpt-3", "ckpt-4", "ckpt-5"])
  }

  @Test func `keeps what nothing tells that it is managed, and goes on from the newest`() throws {
    let first = try ManagerRun(system)
    for value in 1...4 { try first.save(Float(value)) }
    try system.removeFile("/run/ckpt.history.json")
    try system.removeFile("/run/checkpoint")
    let second = try ManagerRun(system, .latest(1), clock: first.clock)
    #expect(second.manager.latest == "/run/ckpt-4")
    #expect(second.manager.checkpoints.isEmpty)
    try second.manager.restoreOrInitialize()
    #expect(second.weights.value[0] == 4)
    try second.save(5)
    try second.save(6)
    #expect(names() == ["ckpt-2", "ckpt-3", "ckpt-4", "ckpt-6"])
  }

  @Test func `is not confused when the directory is moved`() throws {
    let first = try ManagerRun(system)
    for value in 1...3 { try first.save(Float(value)) }
    var image = MemoryFileSystem.Image(directories: ["/run", "/new"])
    for (path, bytes) in system.image.files { image.files["/new/" + Path(path).name] = bytes }
    let moved = MemoryFileSystem(image)
    let second = try ManagerRun(moved, directory: "/new/", clock: first.clock)
    #expect(second.manager.directory == "/new")
    #expect(second.manager.latest == "/new/ckpt-3")
    try second.save(4)
    #expect(ManagerRun.names(moved) == ["ckpt-2", "ckpt-3", "ckpt-4"])
  }

  @Test func `never deletes what is not its own`() throws {
    let run = try ManagerRun(system, .latest(1))
    try run.save(1)
    let index = "/run/ckpt-1.index"
    let data = "/run/ckpt-1.data-00000-of-00001"
    let foreign = [
      "/run/ckpt-01", "/run/ckpt-0001", "/run/ckpt--1", "/run/ckpt-", "/run/Ckpt-1",
      "/run/ckpt-1-1",
      "/run/ckpt-1.5", "/run/best-1", "/run/ckpt", "/run/ckpt-99999999999999999999", "/run/xckpt-1",
    ]
    for prefix in foreign {
      try system.copy(index, to: prefix + ".index")
      try system.copy(data, to: prefix + ".data-00000-of-00001")
    }
    let others = [
      "/run/notes.txt", "/run/ckpt-1.index.bak", "/run/ckpt-1.meta", "/run/ckpt-2.txt",
      "/run/checkpoint.tmp0123", "/run/ckpt-0.data-00000-of-00001", "/run/ckpt-1.data-00000-of-1",
    ]
    for path in others { try system.write("not ours", to: path) }
    // One of the manager's own name, which somebody has put there.
    try system.copy(index, to: "/run/ckpt-40.index")
    try system.copy(data, to: "/run/ckpt-40.data-00000-of-00001")
    let before = Set(system.paths).subtracting([index, data])
    for value in 2...4 { try run.save(Float(value)) }
    let again = try ManagerRun(system, .latest(1), clock: run.clock)
    try again.save(9)
    #expect(Set(system.paths).isSuperset(of: before))
    #expect(try again.save(10)?.path == "/run/ckpt-45")
    #expect(
      Set(system.paths).subtracting(before).sorted() == [
        "/run/ckpt-45.data-00000-of-00001", "/run/ckpt-45.index",
      ])
  }

  /// The state file is text that anybody may have written.
  @Test(arguments: [
    "../ckpt-1", "/else/ckpt-1", "sub/ckpt-1", "./ckpt-1", "ckpt-1/", "", ".", "..", "*", "ckpt-?",
    "ckpt-1.index", "../run/ckpt-1", "ckpt-01", "//ckpt-1",
  ])
  func `deletes nothing that a state file names in another way`(path: String) throws {
    var image = MemoryFileSystem.Image(directories: ["/run", "/run/sub", "/else"])
    image.files = [
      "/ckpt-1.index": [1], "/else/ckpt-1.index": [1], "/run/sub/ckpt-1.index": [1],
      "/run/ckpt-1.index": [1], "/run/ckpt-1.data-00000-of-00001": [1], "/run/ckpt-01.index": [1],
    ]
    image.files["/run/checkpoint"] = Array(
      """
      model_checkpoint_path: "ckpt-3"
      all_model_checkpoint_paths: "\(path)"
      all_model_checkpoint_timestamps: 500
      all_model_checkpoint_paths: "ckpt-3"
      all_model_checkpoint_timestamps: 600
      """.utf8)
    let system = MemoryFileSystem(image)
    let run = try ManagerRun(system, .latest(1))
    try run.save(1)
    try run.save(2)
    let left = Set(system.paths)
    #expect(left.isSuperset(of: Set(image.files.keys).subtracting(["/run/checkpoint"])))
  }

  @Test func `counts steps if it is given them, and replaces the same step`() throws {
    let run = try ManagerRun(system, .latest(2))
    #expect(try run.save(1, step: 100)?.path == "/run/ckpt-100")
    try run.save(2, step: 200)
    #expect(run.checkpoint.saveCounter.value[] == 2)
    // The training goes back to an earlier step: that is the newest from now on.
    try run.save(3, step: 100)
    #expect(run.manager.checkpoints.map(\.step) == [200, 100])
    #expect(run.manager.latest == "/run/ckpt-100")
    try run.save(4, step: 150)
    #expect(names() == ["ckpt-100", "ckpt-150"])
    #expect(try ManagerRun.value("/run/ckpt-100", system) == 3)
    let second = try ManagerRun(system, .latest(2), clock: run.clock)
    try second.manager.restoreOrInitialize()
    #expect(second.weights.value[0] == 4)
    let error = #expect(throws: CheckpointError.self) { try run.save(1, step: -1) }
    #expect(error?.description == "/run: the step -1 is negative (invalidArgument)")
  }

  @Test func `replaces a step with the very same values`() throws {
    let run = try ManagerRun(system, .latest(2))
    run.checkpoint.saveCounter.value[] = 0
    try run.save(1, step: 100)
    try run.save(2, step: 200)
    run.checkpoint.saveCounter.value[] = 0  // so that not a byte differs
    try run.save(1, step: 100)
    #expect(run.manager.checkpoints.map(\.step) == [200, 100])
    let second = try ManagerRun(system, .latest(2), clock: run.clock)
    #expect(second.manager.checkpoints.map(\.step) == [200, 100])
    #expect(second.manager.latest == "/run/ckpt-100")
  }

  @Test func `has no number after the last one`() throws {
    let run = try ManagerRun(system)
    try system.write("x", to: "/run/ckpt-\(Int.max).index")
    let error = #expect(throws: CheckpointError.self) { try run.save(1) }
    #expect(error?.code == .limitExceeded)
    #expect(
      error?.message
        == "there is no number after 9223372036854775807 for the next checkpoint; rename "
        + "or remove the file that has it")
  }

  @Test func `survives clocks that are set back`() throws {
    let clock = ManagerRun.Clock(5_000_000)
    let first = try ManagerRun(system, .latest(2).or(.everyHours(1)), clock: clock)
    for value in 1...3 { try first.save(Float(value)) }
    clock.now = 1_000_000
    for value in 4...6 { try first.save(Float(value)) }
    #expect(first.manager.latest == "/run/ckpt-6")
    let second = try ManagerRun(system, .latest(2).or(.everyHours(1)), clock: clock)
    #expect(second.manager.latest == "/run/ckpt-6")
    try second.manager.restoreOrInitialize()
    #expect(second.weights.value[0] == 6)
    try second.save(7, after: 3_700)
    try second.save(8)
    try second.save(9)
    #expect(names().suffix(2) == ["ckpt-8", "ckpt-9"])
    #expect(names().contains("ckpt-7"))  // an hour after the clock was set back
  }

  @Test func `writes to several directories and names without mixing them`() throws {
    let one = try ManagerRun(system, .latest(1), name: "a")
    let two = try ManagerRun(system, .latest(2), name: "b")
    for value in 1...3 {
      try one.save(Float(value))
      try two.save(Float(value))
    }
    #expect(names() == ["a-3", "b-2", "b-3"])
    let again = try ManagerRun(system, .latest(1), name: "a")
    try again.save(4)
    #expect(names() == ["a-4", "b-2", "b-3"])
  }

  @Test(arguments: ["", "a/b", "a\0b"])
  func `refuses names that cannot be files' names`(name: String) throws {
    let error = #expect(throws: CheckpointError.self) { try ManagerRun(system, name: name) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.hasSuffix("it is the beginning of file names, as 'ckpt' is") == true)
  }

  @Test func `refuses policies that make no sense`() throws {
    #expect(throws: CheckpointError.self) { try ManagerRun(system, .latest(0)) }
    #expect(throws: CheckpointError.self) { try ManagerRun(system, saving: .everySteps(0)) }
    #expect(throws: CheckpointError.self) { try ManagerRun(system, saving: .every(.seconds(0))) }
  }

  // TensorFlow leaves an empty index where a disk is full, also in place of one that a manager has seen.
  @Test(arguments: [true, false])
  func `an index that is empty by now does not count when others go`(isKept: Bool) throws {
    let run = try ManagerRun(system, .latest(2))
    try run.save(1)
    try run.save(2)
    try system.write("", to: isKept ? "/run/ckpt-2.index" : "/run/ckpt-1.index")
    let saved = try #require(try run.save(3))
    let left = isKept ? ["/run/ckpt-1", "/run/ckpt-3"] : ["/run/ckpt-2", "/run/ckpt-3"]
    #expect(run.manager.checkpoints.map(\.path) == left)
    #expect(saved.removed.map(\.path) == (isKept ? [] : ["/run/ckpt-1"]))
    #expect(system.text("/run/checkpoint")?.contains(isKept ? "ckpt-2" : "ckpt-1") == false)
  }

  @Test(arguments: ["period", "best", "latest"])
  func `what is not there any more makes nothing go`(rule: String) throws {
    let policy: RetentionPolicy =
      switch rule {
      case "period": .latest(1).or(.every(.seconds(100)))
      case "best": .latest(1).or(.best(1, by: "loss", .lowest))
      default: .latest(2)
      }
    let run = try ManagerRun(system, policy)
    let emptied: [Int]
    let kept: [Int]
    switch rule {
    case "period":  // the first period begins with 2, as 1 has gone
      try run.save(1, after: 100)
      try run.save(2, after: 60)
      (emptied, kept) = ([1], [2, 3])
    case "best":
      try run.save(1, loss: 1)
      try run.save(2, loss: 2)
      (emptied, kept) = ([1], [2, 3])
    default:  // two go, and leave their places to others, which are looked at as well
      try run.save(1)
      try run.manager.pin("/run/ckpt-1")
      try run.save(2)
      try run.save(3)
      try run.manager.unpin("/run/ckpt-1")
      (emptied, kept) = ([2, 3], [1, 4])
    }
    for number in emptied { try system.write("", to: "/run/ckpt-\(number).index") }
    try run.save(Float(kept[1]), loss: 3, after: 50)
    #expect(run.manager.checkpoints.map(\.step) == kept)
    #expect(
      try CheckpointReader("/run/ckpt-\(kept[0])", fileSystem: system).entries().isEmpty == false)
  }

  @Test(arguments: ["sweep", "pin", "record"])
  func `a state file names what is there, after any change`(change: String) throws {
    let run = try ManagerRun(system, .all)
    for value in 1...3 { try run.save(Float(value)) }
    try system.write("", to: "/run/ckpt-3.index")
    switch change {
    case "sweep": try run.manager.sweep()
    case "pin": try run.manager.pin("/run/ckpt-1")
    default: try run.manager.record(["a": 1], for: "/run/ckpt-1")
    }
    let state = try #require(try CheckpointDirectory.State.read(from: "/run", in: system))
    #expect(state.latest == "/run/ckpt-2")
    #expect(state.all == ["/run/ckpt-1", "/run/ckpt-2"] || state.all == ["/run/ckpt-2"])
    #expect(run.manager.checkpoints.map(\.step) == [1, 2])
  }

  @Test func `sees a state file of the same length with another name in it`() throws {
    let run = try ManagerRun(system)
    try run.save(1)
    try run.save(2)
    let text = try #require(system.text("/run/checkpoint"))
    let back = text.replacingOccurrences(
      of: "model_checkpoint_path: \"ckpt-2\"", with: "model_checkpoint_path: \"ckpt-1\"",
      range: text.range(of: "model_checkpoint_path: \"ckpt-2\""))
    #expect(back.utf8.count == text.utf8.count && back != text)
    try system.write(back, to: "/run/checkpoint")
    #expect(try run.manager.restoreOrInitialize()?.path == "/run/ckpt-1")
    try run.save(3)
    #expect(run.manager.checkpoints.map(\.step) == [2, 1, 3])
  }

  @Test func `a restore goes by what is there, whatever was there before`() throws {
    let run = try ManagerRun(system)
    try run.save(1)
    try run.save(2)
    try system.write("", to: "/run/ckpt-2.index")
    #expect(try run.manager.restoreOrInitialize()?.path == "/run/ckpt-1")
    try system.write("", to: "/run/ckpt-1.index")
    let error = #expect(throws: CheckpointError.self) {
      try run.manager.restoreOrInitialize { Issue.record("begins anew beside what is damaged") }
    }
    #expect(error?.message.hasPrefix("the only checkpoint is damaged; nothing has changed") == true)
  }

  @Test func `refuses a history of a later version, and leaves it alone`() throws {
    let text = "{\"crc32c\":\"0\",\"history\":{\"version\":2}}"
    try system.write(text, to: "/run/ckpt.history.json")
    let error = #expect(throws: CheckpointError.self) { try ManagerRun(system) }
    #expect(
      error?.description
        == "/run/ckpt.history.json: this history is of version 2, this library knows "
        + "1; update the library (unsupported)")
    #expect(system.text("/run/ckpt.history.json") == text)
  }

  @Test func `reads no history that is far too long, and does not replace it`() throws {
    let run = try TemporaryDirectory("history")
    try run.write([UInt8](), to: "ckpt.history.json")
    let file = try #require(FileHandle(forWritingAtPath: run.path("ckpt.history.json")))
    try file.truncate(atOffset: 64 << 20 + 1)
    try file.close()
    let manager = try ManagerRun(LocalFileSystem(), directory: run.path)
    let error = #expect(throws: CheckpointError.self) { try manager.save(1) }
    #expect(
      error?.description.hasSuffix(
        "ckpt.history.json: a file of 67108865 bytes is where the history of a manager belongs; "
          + "rename or remove it (pathConflict)") == true)
  }

  /// Every byte of a history, changed: never a crash, and never a deletion of what it did not say.
  @Test func `takes no damaged history for a good one`() throws {
    let run = try ManagerRun(system, .latest(2))
    for value in 1...3 { try run.save(Float(value), loss: .nan) }
    let path = "/run/ckpt.history.json"
    let bytes = try #require(system.image.files[path])
    for position in bytes.indices {
      var image = system.image
      image.files[path]?[position] ^= 1 << UInt8(position % 8)
      image.files["/run/checkpoint"] = nil
      let damaged = MemoryFileSystem(image)
      guard let second = try? ManagerRun(damaged, .latest(2), clock: run.clock) else { continue }
      let managed = second.manager.checkpoints
      #expect(managed == [] || managed == run.manager.checkpoints, "byte \(position)")
      #expect(second.manager.latest == "/run/ckpt-3", "byte \(position)")
    }
  }

  @Test func `waits for another manager, then says so`() throws {
    let run = try ManagerRun(system)
    let lock = try SaveLock("/run/ckpt.history.json", fileSystem: system)
    let error = #expect(throws: CheckpointError.self) { try run.save(1) }
    #expect(
      error?.description == "/run/ckpt.history.json: another manager is at work in this directory; "
        + "use another directory or name (busy)")
    try #require(lock).release()
    #expect(try run.save(1)?.path == "/run/ckpt-1")
  }

  @Test func `two managers of one directory number and keep together`() throws {
    let one = try ManagerRun(system, .latest(3))
    let two = try ManagerRun(system, .latest(3), clock: one.clock)
    #expect(try one.save(1)?.path == "/run/ckpt-1")
    #expect(try two.save(2)?.path == "/run/ckpt-2")
    #expect(try one.save(3)?.path == "/run/ckpt-3")
    #expect(try two.save(4)?.path == "/run/ckpt-4")
    #expect(names() == ["ckpt-2", "ckpt-3", "ckpt-4"])
    #expect(try ManagerRun.value("/run/ckpt-3", system) == 3)
  }
}
