import CheckpointTensors
import CheckpointStore
import CheckpointPlans
import CheckpointGraph
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a manager of a saver numbers, keeps, finds and restores checkpoints of variables by
/// name, as one of objects does.
@Suite struct SaverManagerTests {
  let directory: TemporaryDirectory
  private let w = Variable<Float>([1, 2])
  private let step = Variable<Int64>(0)

  init() throws { directory = try TemporaryDirectory() }

  private func saver(_ change: (inout Saver.Settings, inout SaveOptions) -> Void = { _, _ in })
    throws -> Saver
  {
    var options = SaveOptions()
    var settings = Saver.Settings()
    change(&settings, &options)
    return try Saver(["w": w, "global_step": step], settings: settings, options: options)
  }

  private func manager(
    _ retention: RetentionPolicy = .latest(2),
    _ change: (inout Saver.Settings, inout SaveOptions) -> Void = { _, _ in }
  ) throws -> CheckpointManager {
    try CheckpointManager(
      saver(change), directory: directory.path("run"), name: "m", retention: retention,
      stepCounter: step)
  }

  private var files: [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: directory.path("run"))
    return (names ?? []).sorted()
  }

  private func failure(_ body: () throws -> Void) -> CheckpointError? {
    #expect(throws: CheckpointError.self) { try body() }
  }

  @Test func `numbers by counting or by steps, and keeps the latest`() throws {
    let manager = try manager()
    #expect(try manager.restoreOrInitialize() == nil)
    #expect(try manager.save()?.path == directory.path("run/m-1"))
    #expect(try manager.save()?.path == directory.path("run/m-2"))
    let third = try #require(try manager.save(step: 1000))
    #expect(third.path == directory.path("run/m-1000"))
    #expect(third.removed.map(\.path) == [directory.path("run/m-1")])
    #expect(try CheckpointDirectory(directory.path("run")).latest() == third.path)
    #expect(try Set(CheckpointReader(third.path).entries().map(\.key)) == ["w", "global_step"])
  }

  @Test func `restores the newest that is intact, and reports by name`() throws {
    let first = try manager()
    (w.value, step.scalar) = (Tensor([3, 4]), 1)
    try first.save(step: 1)
    (w.value, step.scalar) = (Tensor([5, 6]), 2)
    let last = try #require(try first.save(step: 2))
    (w.value, step.scalar) = (Tensor([0, 0]), 0)
    let restored = try #require(try manager().restoreOrInitialize())
    #expect(restored.report?.restored == ["global_step", "w"])
    #expect(restored.status == nil)
    #expect(w.value.array == [5, 6] && step.scalar == 2)

    try directory.write([0], to: "run/m-2.index")
    let second = try manager()
    let back = try #require(try second.restoreOrInitialize())
    #expect(back.isStepBack && back.path != last.path)
    #expect(w.value.array == [3, 4])
    // The number of the damaged one is not given again.
    #expect(try second.save()?.path == directory.path("run/m-3"))
  }

  @Test func `saves in the background what the variables were at the call`() throws {
    let manager = try manager { $1.sharding = .count(2) }
    (w.value, step.scalar) = (Tensor([7, 8]), 4)
    let save = try #require(try manager.saveInBackground())
    (w.value, step.scalar) = (Tensor([0, 0]), 0)
    let path = try #require(try save.wait()).path
    try manager.waitUntilFinished()
    #expect(files.contains("m-1.data-00001-of-00002"))
    try saver().restore(from: path)
    #expect(w.value.array == [7, 8] && step.scalar == 4)
  }

  @Test func `takes the saver's digits, state file and names of graphs`() throws {
    let change: (inout Saver.Settings, inout SaveOptions) -> Void = { settings, _ in
      settings.stepPadding = 8
      settings.stateFilename = "mine"
      settings.metaGraphSuffix = "graph"
    }
    let manager = try manager(.latest(1), change)
    let first = try #require(try manager.save(step: 7))
    #expect(first.path == directory.path("run/m-00000007"))
    try directory.write([1], to: "run/m-00000007.graph")
    let again = try self.manager(.latest(1), change)
    #expect(again.latest == first.path)
    #expect(again.checkpoints.map(\.step) == [7])
    try again.save()
    #expect(
      files == [
        "m-00000008.data-00000-of-00001", "m-00000008.index", "m.history.json", "mine",
      ])
  }

  @Test func `goes on where a saver has stopped, and leaves what it does not manage`() throws {
    let saver = try saver()
    try saver.save(to: directory.path("run/m"), step: 5)
    let manager = try manager(.latest(1))
    #expect(manager.latest == directory.path("run/m-5"))
    try manager.restoreOrInitialize()
    #expect(try manager.save()?.path == directory.path("run/m-6"))
    #expect(try manager.save()?.removed.map(\.path) == [directory.path("run/m-6")])
    #expect(files.contains("m-5.index"))
  }

  @Test(arguments: ["m-7.index", "m-7.data-00000-of-00001", "m.history.json"])
  func `refuses a saver whose state file would be overwritten`(name: String) throws {
    var settings = Saver.Settings()
    settings.stateFilename = name
    let path = directory.path("run")
    let error = failure {
      _ = try CheckpointManager(
        Saver(["w": Variable<Float>(1)], settings: settings), directory: path, name: "m",
        retention: .all)
    }
    #expect(
      error?.description
        == "\(path)/\(name): the checkpoints' files would overwrite the state file; rename one "
        + "(pathConflict)")
    #expect(files == [])
  }

  @Test func `refuses a saver that has nothing to keep`() throws {
    let v1 = failure { _ = try manager { $1.format = .v1 } }
    #expect(v1?.code == .unsupported)
    var settings = Saver.Settings()
    settings.allowsEmpty = true
    let empty = failure {
      _ = try CheckpointManager(
        Saver([:] as KeyValuePairs, settings: settings), directory: directory.path("run"),
        retention: .all)
    }
    #expect(empty?.code == .invalidArgument)
    #expect(files == [])
  }
}
