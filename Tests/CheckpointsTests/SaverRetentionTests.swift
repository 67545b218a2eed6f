import CheckpointStore
import CheckpointPlans
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Synchronization
import Testing

/// A clock that stands still until it is set.
private final class TestClock: Sendable {
  private let seconds: Mutex<Double>
  init(_ seconds: Double) { self.seconds = Mutex(seconds) }
  var now: Double { seconds.withLock { $0 } }
  func advance(hours: Double) { seconds.withLock { $0 += hours * 3600 } }
}

/// Which checkpoints a saver keeps, what it says of them, and what it never touches.
@Suite struct SaverRetentionTests {
  private let directory: TemporaryDirectory
  private let clock = TestClock(1_000_000)

  init() throws { directory = try TemporaryDirectory("retention") }

  private func saver(
    _ policy: RetentionPolicy = .latest(2),
    _ change: (inout Saver.Settings, inout SaveOptions) -> Void = { _, _ in }
  ) throws -> Saver {
    var options = SaveOptions()
    var settings = Saver.Settings()
    settings.retention = policy
    settings.now = { [clock] in clock.now }
    change(&settings, &options)
    return try Saver(["w": Variable<Float>([1, 2])], settings: settings, options: options)
  }

  private func save(_ saver: Saver, _ steps: Int..., hours: Double = 1) throws {
    for step in steps {
      clock.advance(hours: hours)
      try saver.save(to: directory.path("m"), step: step)
    }
  }

  /// The steps of the checkpoints that are there.
  private var steps: [Int] {
    let names = directory.names.filter { $0.hasPrefix("m-") && $0.hasSuffix(".index") }
    return names.compactMap { Int($0.dropFirst(2).dropLast(6)) }.sorted()
  }

  private var state: [String] {
    get throws { try CheckpointDirectory.State.read(from: directory.path)?.all ?? [] }
  }

  private func paths(_ steps: Int...) -> [String] { steps.map { directory.path("m-\($0)") } }

  // MARK: What stays

  @Test func `Saver row 38: keeps the latest five, unless told otherwise`() throws {
    let saver = try Saver(["w": Variable<Float>(1)])
    for step in 1...7 { try saver.save(to: directory.path("m"), step: step) }
    #expect(steps == [3, 4, 5, 6, 7])
    #expect(try state == paths(3, 4, 5, 6, 7))
    #expect(directory.names.count == 11)
  }

  // TensorFlow lists only the newest then, and forgets the others.
  @Test func `Saver row 38: keeps all if told so, and lists them`() throws {
    let saver = try saver(.all)
    try save(saver, 1, 2, 3, 4, 5, 6, 7)
    #expect(steps == [1, 2, 3, 4, 5, 6, 7])
    #expect(try state == paths(1, 2, 3, 4, 5, 6, 7))
    #expect(saver.checkpoints.count == 7)
  }

  @Test func `Saver row 38: refuses to keep none`() throws {
    let error = #expect(throws: CheckpointError.self) { try saver(.latest(0)) }
    #expect(error?.code == .invalidArgument)
  }

  // Saves at 1, 2, … hours after the beginning; marks at 3.5, 7 and 10.5 hours.
  @Test func `Saver row 39: keeps one of each so many hours, on a grid that stands still`() throws {
    let saver = try saver(.latest(1).or(.everyHours(3.5, anchored: .grid)))
    try save(saver, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    #expect(steps == [4, 8, 11, 12])
    #expect(try state == paths(12), "those kept for good are nobody's to delete")
    #expect(saver.checkpoints.map(\.path) == paths(4, 8, 11, 12))
  }

  @Test func `Saver row 51: touches nothing that was there before it`() throws {
    try save(try saver(), 1, 2)
    try save(try saver(), 3, 4, 5)
    #expect(steps == [1, 2, 4, 5])
    #expect(try state == paths(4, 5))
  }

  @Test func `Saver row 57: moves a checkpoint that is saved again to the end`() throws {
    let saver = try saver()
    try save(saver, 1, 2, 1, 3)
    #expect(steps == [1, 3])
    #expect(try state == paths(1, 3))
  }

  @Test func `Saver rows 56, 63: lists what stays, with step and time, oldest first`() throws {
    let saver = try saver()
    #expect(saver.checkpoints.isEmpty)
    try save(saver, 1, 2, 3)
    let start = 1_000_000.0
    #expect(
      saver.checkpoints == [
        RetentionPolicy.SavedCheckpoint(path: directory.path("m-2"), step: 2, time: start + 7200),
        RetentionPolicy.SavedCheckpoint(path: directory.path("m-3"), step: 3, time: start + 10_800),
      ])
  }

  // MARK: Deleting

  @Test func `Saver row 58: deletes until no more are there than wanted`() throws {
    try save(try saver(.all), 1, 2, 3, 4, 5)
    let saver = try saver(.latest(2))
    saver.setHistory(paths(1, 2, 3, 4, 5), pinned: false)
    try save(saver, 6)
    #expect(steps == [5, 6])
    #expect(saver.lastSave?.deleted == paths(1, 2, 3, 4))
    #expect(saver.lastSave?.warnings.isEmpty == true)
  }

  @Test func `Saver row 58: warns of what cannot be deleted, and tries again`() throws {
    let isBroken = Mutex(true)
    let saver = try saver(.latest(1)) { _, options in
      options.fileSystem = InterceptingFileSystem { _, call throws(CheckpointError) in
        guard call.kind == .remove, call.path.hasSuffix("m-1.index") else { return }
        guard isBroken.withLock({ $0 }) else { return }
        throw .system("injected", errno: EACCES, file: call.path)
      }
    }
    try save(saver, 1, 2, 3)
    #expect(steps == [1, 3])
    #expect(saver.lastSave?.warnings.first?.systemError == EACCES)
    #expect(saver.lastSave?.warnings.first?.file == directory.path("m-1.index"))
    #expect(saver.lastSave?.deleted == paths(2))
    isBroken.withLock { $0 = false }
    try save(saver, 4)
    #expect(steps == [4])
    #expect(saver.lastSave?.deleted == paths(1, 3))
  }

  @Test func `Saver row 58: leaves a checkpoint that somebody else is writing`() throws {
    let saver = try saver(.latest(1))
    try save(saver, 1)
    let lock = try SaveLock.acquire(directory.path("m-1"), fileSystem: LocalFileSystem())
    try save(saver, 2)
    #expect(saver.lastSave?.warnings.map(\.code) == [.busy])
    #expect(steps == [1, 2])
    try lock.release()
    try save(saver, 3)
    #expect(steps == [3])
  }

  @Test func `leaves a file that has become something else, and says so each time`() throws {
    let saver = try saver(.latest(1)) { $1.format = .v1 }
    try save(saver, 1)
    try directory.write("somebody's notes".utf8, to: "m-1")
    for step in [2, 3] {
      try save(saver, step)
      #expect(
        saver.lastSave?.warnings.map(\.description) == [
          "\(directory.path("m-1")): this is no checkpoint, or a damaged one, and is left alone; "
            + "remove it yourself if it is of no use (notACheckpoint)"
        ])
      #expect(directory.names == ["checkpoint", "m-1", "m-\(step)"])
    }
    #expect(try directory.bytes("m-1") == Array("somebody's notes".utf8))
  }

  @Test func `Saver row 70: deletes the graph of a checkpoint with it`() throws {
    for (suffix, left) in [("meta", "m-1.graph"), ("graph", "m-1.meta")] {
      let saver = try saver(.latest(1)) { settings, _ in settings.metaGraphSuffix = suffix }
      try save(saver, 1)
      for name in ["m-1.meta", "m-1.graph", "m-10.meta"] { try directory.write([1], to: name) }
      try save(saver, 2)
      #expect(directory.names.filter { !$0.contains("m-2") } == ["checkpoint", left, "m-10.meta"])
      try FileManager.default.removeItem(atPath: directory.path(left))
    }
  }

  @Test func `Saver row 71: keeps as many without a state file, too`() throws {
    let saver = try saver(.latest(1)) { settings, _ in settings.updatesState = false }
    try save(saver, 1, 2, 3)
    #expect(steps == [3])
    #expect(!directory.names.contains("checkpoint"))
  }

  @Test func `Saver row 74: writes data, index and state file, and only then deletes`() throws {
    let system = InterceptingFileSystem()
    let saver = try saver(.latest(1)) { $1.fileSystem = system }
    try save(saver, 1, 2)
    let changes = system.calls.filter { [.rename, .remove, .syncDirectory].contains($0.kind) }
    let place = Path(directory.path).name
    let order = changes.map(\.description)
    let places = try [
      "rename m-2.data-00000-of-00001", "rename m-2.index", "rename checkpoint",
      "remove m-1.index", "remove m-1.data-00000-of-00001",
    ].map { try #require(order.lastIndex(of: $0)) }
    #expect(places == places.sorted())
    for (one, next) in zip(places, places.dropFirst()) {
      #expect(order[one..<next].contains("syncDirectory \(place)"), "\(order[one]) is not synced")
    }
  }

  @Test func `deletes nothing if the state file cannot be written`() throws {
    let saver = try saver(.latest(1)) { _, options in
      options.fileSystem = InterceptingFileSystem { number, call throws(CheckpointError) in
        guard call.kind == .rename, Path(call.path).name == "checkpoint" else { return }
        throw .system("injected", errno: EIO, file: call.path)
      }
    }
    for step in 1...2 {
      let error = #expect(throws: CheckpointError.self) { try save(saver, step) }
      #expect(error?.message.contains("m-\(step)' itself is saved") == true)
      #expect(saver.lastSave?.path == directory.path("m-\(step)"))
    }
    #expect(steps == [1, 2])
  }

  // MARK: What is never deleted

  @Test func `deletes nothing because a state file names it`() throws {
    try save(try saver(.all), 1, 2)
    let other = try TemporaryDirectory()
    try save(try saver(), 3)
    let list = paths(1, 2).map { "all_model_checkpoint_paths: \"\($0)\"\n" }.joined()
    let text =
      "model_checkpoint_path: \"\(other.path)/x\"\n\(list)"
      + "all_model_checkpoint_paths: \"../\(Path(other.path).name)/x\"\n"
    try directory.write(text.utf8, to: "checkpoint")
    try Saver(["w": Variable<Float>(1)]).save(to: other.path("x"))
    try save(try saver(.latest(1)), 4, 5)
    #expect(steps == [1, 2, 3, 5])
    #expect(other.names.contains("x.index"))
  }

  @Test func `deletes nothing outside the directory that is saved to`() throws {
    let other = try TemporaryDirectory()
    try Saver(["w": Variable<Float>(1)]).save(to: other.path("m-1"))
    try LocalFileSystem().createDirectory(directory.path("sub"))
    try Saver(["w": Variable<Float>(1)]).save(to: directory.path("sub/m-1"))
    let saver = try saver(.latest(1))
    let up = directory.path("../\(Path(other.path).name)/m-1")
    saver.setHistory(
      [other.path("m-1"), up, directory.path("sub/m-1"), directory.path(".."), directory.path("")],
      pinned: false)
    try save(saver, 1, 2)
    #expect(steps == [2])
    #expect(other.names.contains("m-1.index"))
    #expect(directory.names.contains("sub/m-1.index"))
  }

  @Test func `does not delete under one path what stays under another`() throws {
    try FileManager.default.createSymbolicLink(
      atPath: directory.path("m-0.index"), withDestinationPath: "m-1.index")
    let saver = try saver(.latest(2))
    saver.setHistory([directory.path("m-0")], pinned: false)
    try save(saver, 1, 2)
    #expect(steps == [0, 1, 2])
    #expect(saver.lastSave?.deleted == [])
    #expect(saver.checkpoints.map(\.path) == paths(1, 2))
  }

  @Test func `does not delete a checkpoint that was condemned and is saved again`() throws {
    let saver = try saver(.latest(1))
    try save(saver, 1)
    let lock = try SaveLock.acquire(directory.path("m-1"), fileSystem: LocalFileSystem())
    try save(saver, 2)
    try lock.release()
    try save(saver, 1)
    #expect(steps == [1])
    try saver.restore(from: directory.path("m-1"))
  }

  // MARK: History

  @Test func `Saver row 62: recovers what it is told, as far as it is there`() throws {
    try save(try saver(.all), 1, 2, 3)
    let saver = try saver(.latest(2))
    try saver.recoverHistory(from: paths(1, 7, 2, 3))
    #expect(saver.checkpoints.map(\.step) == [1, 2, 3])
    let times = try CheckpointDirectory.Files.modificationTimes(of: paths(1, 2, 3))
    #expect(saver.checkpoints.map(\.time) == paths(1, 2, 3).map { times[$0] })
    #expect(saver.checkpoints.allSatisfy { $0.time > 1_600_000_000 && !$0.isPinned })
    try save(saver, 4)
    #expect(steps == [3, 4])
  }

  @Test func `Saver row 62: recovers by looking through the directory`() throws {
    try save(try saver(.all), 10, 9, 100)
    for name in ["m", "m-x", "m-1-2", "mm-1", "other-3"] {
      try Saver(["w": Variable<Float>(1)]).save(to: directory.path(name))
    }
    var options = SaveOptions()
    options.format = .v1
    try Saver(["w": Variable<Float>(1)], options: options).save(to: directory.path("m"), step: 50)
    options.sharding = .count(1)
    try Saver(["w": Variable<Float>(1)], options: options).save(to: directory.path("m"), step: 60)
    try directory.write([1, 2], to: "m-70")
    try FileManager.default.removeItem(atPath: directory.path("checkpoint"))

    let saver = try saver(.latest(2))
    try saver.recoverHistory(in: directory.path, named: "m")
    #expect(saver.checkpoints.map(\.step) == [9, 10, 50, 60, 100])
    #expect(saver.checkpoints[3].path == directory.path("m-60-?????-of-00001"))
    try save(saver, 101)
    let left = Set(directory.names)
    #expect(steps == [100, 101])
    #expect(!left.contains("m-50") && !left.contains("m-60-00000-of-00001"))
    #expect(left.isSuperset(of: ["m-70", "m.index", "m-x.index", "m-1-2.index", "mm-1.index"]))

    let missing = #expect(throws: CheckpointError.self) {
      try saver.recoverHistory(in: directory.path("none"), named: "m")
    }
    #expect(missing?.code == .notFound)
    #expect(saver.checkpoints.map(\.step) == [100, 101], "nothing is forgotten by a failure")
  }

  @Test func `Saver row 64: never deletes what is pinned`() throws {
    try save(try saver(.all), 1, 2)
    let saver = try saver(.latest(1))
    saver.setHistory(paths(1, 2))
    try save(saver, 3, 4)
    #expect(steps == [1, 2, 4])
    #expect(saver.checkpoints.map(\.isPinned) == [true, true, false])
  }

  @Test func `Saver row 65: takes a history with times`() throws {
    try save(try saver(.all), 1, 2, 3)
    let saver = try saver(.latest(1).or(.everyHours(10, anchored: .grid)))
    saver.setHistory([
      RetentionPolicy.SavedCheckpoint(path: directory.path("m-1"), time: 0),
      RetentionPolicy.SavedCheckpoint(path: directory.path("m-2"), time: 1_046_801),
      RetentionPolicy.SavedCheckpoint(path: directory.path("m-3"), time: 1_046_900),
    ])
    try save(saver, 4)
    #expect(steps == [2, 4])
  }

  // MARK: What was kept for good stays

  private static let hourly = RetentionPolicy.latest(2).or(.everyHours(1, anchored: .grid))

  /// Saves, and gives the files the times of the test's clock.
  private func saveAtClock(_ saver: Saver, _ steps: ClosedRange<Int>, hours: Double) throws {
    for step in steps {
      try save(saver, step, hours: hours)
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: clock.now)],
        ofItemAtPath: directory.path("m-\(step).index"))
    }
  }

  private func clear() throws {
    for name in directory.names { try FileManager.default.removeItem(atPath: directory.path(name)) }
  }

  /// A process that saves each half hour: of each hour one stays, and the last two.
  private func firstLife() throws -> Saver {
    let saver = try saver(Self.hourly)
    try saveAtClock(saver, 1...9, hours: 0.5)
    #expect(steps == [3, 5, 7, 8, 9])
    #expect(try state == paths(8, 9))
    return saver
  }

  @Test func `keeps what a period has kept when another process recovers the directory`() throws {
    _ = try firstLife()
    let second = try saver(Self.hourly)
    try second.recoverHistory(in: directory.path, named: "m")
    #expect(second.checkpoints.map(\.isPreserved) == [true, true, true, false, false])
    try saveAtClock(second, 10...11, hours: 0.1)
    #expect(steps == [3, 5, 7, 9, 10, 11], "the hours go on: 9 is the first of another one")
    #expect(try state == paths(10, 11))
    let third = try saver(Self.hourly)
    try third.recoverHistory(in: directory.path, named: "m")
    try saveAtClock(third, 12...13, hours: 0.1)
    #expect(steps == [3, 5, 7, 9, 12, 13])
  }

  @Test func `keeps what a period has kept when a saver's history is handed on`() throws {
    let first = try firstLife()
    let second = try saver(Self.hourly)
    second.setHistory(first.checkpoints)
    try saveAtClock(second, 10...11, hours: 0.1)
    #expect(steps == [3, 5, 7, 9, 10, 11])
    let third = try saver(.latest(1))
    third.setHistory(second.checkpoints)
    try saveAtClock(third, 12...13, hours: 0.1)
    #expect(steps == [3, 5, 7, 9, 13], "also by another policy")
    let fourth = try saver(Self.hourly)
    try fourth.recoverHistory(from: third.checkpoints.map(\.path))
    try saveAtClock(fourth, 14...15, hours: 0.1)
    #expect(steps == [3, 5, 7, 9, 14, 15])
  }

  @Test func `begins no hours anew for the time when no process ran`() throws {
    _ = try firstLife()
    clock.advance(hours: 100)
    let second = try saver(Self.hourly)
    try second.recoverHistory(in: directory.path, named: "m")
    try saveAtClock(second, 10...13, hours: 0.25)
    #expect(steps == [3, 5, 7, 9, 10, 12, 13])
  }

  // The state file lists what may go one day: what it does not list was kept, whoever did it.
  @Test func `keeps what the state file of another program does not list`() throws {
    _ = try firstLife()
    let state = try StateFile(in: directory.path)
    try state.write(CheckpointDirectory.State(latest: "\(directory.path)/m-9", all: paths(7, 8)))
    let second = try saver(.latest(1))
    try second.recoverHistory(in: directory.path, named: "m")
    #expect(second.checkpoints.map(\.isPreserved) == [true, true, false, false, false])
    try save(second, 10)
    #expect(steps == [3, 5, 10])
  }

  @Test(
    arguments: [nil, "", "model_checkpoint_path what?", "model_checkpoint_path: \"other-3\""]
      as [String?])
  func `keeps in doubt what is older than the latest, if there are periods`(text: String?) throws {
    for (policy, left) in [(Self.hourly, [3, 5, 7, 9, 10]), (.latest(2), [9, 10])] {
      _ = try firstLife()
      if let text {
        try directory.write(text.utf8, to: "checkpoint")
      } else {
        try FileManager.default.removeItem(atPath: directory.path("checkpoint"))
      }
      let second = try saver(policy)
      try second.recoverHistory(in: directory.path, named: "m")
      try saveAtClock(second, 10...10, hours: 0.1)
      #expect(steps == left)
      try clear()
    }
  }

  @Test func `takes the word of a saver that keeps no state file for nothing`() throws {
    try save(try saver(.all), 1, 2)
    let second = try saver(.latest(1)) { settings, _ in settings.updatesState = false }
    try save(second, 3)
    second.setHistory([])
    try second.recoverHistory(in: directory.path, named: "m")
    try save(second, 4)
    #expect(steps == [4])
  }

  // A manager's history says more than its state file.
  @Test func `takes over what a manager has kept, by its history alone, too`() throws {
    for hasState in [true, false] {
      let weights = Variable<Float>([1, 2])
      let manager = try CheckpointManager(
        Checkpoint(["w": weights]), directory: directory.path, name: "m", retention: Self.hourly,
        clock: { [clock] in clock.now })
      for step in 1...9 {
        clock.advance(hours: 0.5)
        try manager.save(step: step)
      }
      #expect(manager.checkpoints.filter(\.isPreserved).map(\.step) == [2, 4, 6])
      try manager.pin(directory.path("m-8"))
      if !hasState { try FileManager.default.removeItem(atPath: directory.path("checkpoint")) }
      let second = try saver(.latest(1))
      try second.recoverHistory(in: directory.path, named: "m")
      try save(second, 10)
      #expect(steps == [2, 4, 6, 8, 10])
      try clear()
    }
  }

  // A manager deletes nothing that it does not know, and neither does who goes on with its history.
  @Test func `keeps what a manager's history does not know`() throws {
    let manager = try CheckpointManager(
      Checkpoint(["w": Variable<Float>([1, 2])]), directory: directory.path, name: "m",
      retention: .latest(3))
    for step in 1...3 { try manager.save(step: step) }
    for suffix in [".index", ".data-00000-of-00001"] {
      try directory.write(directory.bytes("m-3\(suffix)"), to: "m-4\(suffix)")
    }
    try FileManager.default.removeItem(atPath: directory.path("checkpoint"))
    let second = try saver(.latest(1))
    try second.recoverHistory(in: directory.path, named: "m")
    // The history is written before a save, so it does not tell of the last one either.
    #expect(second.checkpoints.map(\.isPreserved) == [false, false, true, true])
    try save(second, 10)
    #expect(steps == [3, 4, 10])
  }
}
