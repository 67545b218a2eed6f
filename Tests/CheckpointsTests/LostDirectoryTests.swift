import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a manager goes on after its directory was removed, and after its disk was full: real ones.
@Suite struct LostDirectoryTests {
  private func training(in directory: String, _ options: SaveOptions = SaveOptions()) throws
    -> (weights: Variable<Float>, manager: CheckpointManager)
  {
    let weights = Variable<Float>(repeating: 0, shape: [200_000])
    let checkpoint = try Checkpoint(["w": weights], options: options)
    let manager = try CheckpointManager(
      checkpoint, directory: directory, retention: .latest(3))
    return (weights, manager)
  }

  private func newest(in directory: String) throws -> Float? {
    let (weights, manager) = try training(in: directory)
    guard try manager.restoreOrInitialize() != nil else { return nil }
    #expect(Set(weights.value.array).count == 1, "a mixture")
    return weights.value[0]
  }

  @Test(arguments: [false, true])
  func `a directory that was removed is made again, and has what is saved then`(
    inBackground: Bool
  ) async throws {
    let parent = try TemporaryDirectory("removed")
    let directory = parent.path("run/model")
    let (weights, manager) = try training(in: directory)
    for step in 1...6 {
      if step == 4 { try FileManager.default.removeItem(atPath: parent.path("run")) }
      weights.value = Tensor(repeating: Float(step), shape: [200_000])
      let path =
        inBackground
        ? try await manager.saveInBackground()?.value?.path : try manager.save()?.path
      // Numbers never go back.
      #expect(path == "\(directory)/ckpt-\(step)")
      let known = manager.checkpoints.map(\.path)
      #expect(known == (step < 4 ? 1...step : 4...step).map { "\(directory)/ckpt-\($0)" })
    }
    #expect(parent.names.filter { $0.contains("swift-checkpoints") } == [])
    #expect(try newest(in: directory) == 6)
  }

  @Test func `a directory that was removed is an error if saves make none`() throws {
    let parent = try TemporaryDirectory("removed")
    let directory = parent.path("model")
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false)
    let (weights, manager) = try training(
      in: directory, SaveOptions(createsDirectories: false))
    try manager.save()
    try FileManager.default.removeItem(atPath: directory)
    let error = #expect(throws: CheckpointError.self) { try manager.save() }
    #expect(error?.code == .io)
    #expect(error?.message.contains("there is no such directory") == true, "\(error as Any)")
    #expect(parent.names == [])
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false)
    weights.value = Tensor(repeating: 3, shape: [200_000])
    try manager.save()
    #expect(try newest(in: directory) == 3)
  }

  @Test(.enabled(if: SmallDisk.isPossible))
  func `a disk that was full takes saves again once it is freed`() throws {
    let disk = try SmallDisk(megabytes: 4)
    let directory = "\(disk.path)/model"
    let (weights, manager) = try training(in: directory)  // 0.8 MB each
    var failed = 0
    for step in 1...12 {
      weights.value = Tensor(repeating: Float(step), shape: [200_000])
      switch step {
      case 4: try disk.fill()
      case 8: try disk.free()
      default: break
      }
      do throws(CheckpointError) {
        try manager.save()
        #expect(!(4..<8).contains(step), "step \(step)")
      } catch {
        failed += 1
        #expect(error.systemError == ENOSPC || error.message.contains("room"), "\(error)")
      }
      let litter = disk.names.filter { $0.contains("swift-checkpoints") }
      #expect(litter == [], "step \(step)")
      #expect(try newest(in: directory) == Float((4..<8).contains(step) ? 3 : step))
    }
    #expect(failed == 4)
    #expect(manager.checkpoints.count == 3)
  }
}

/// A file system of its own, of a few megabytes: only the superuser can mount one.
private final class SmallDisk {
  private let directory: TemporaryDirectory
  var path: String { directory.path }

  static let isPossible: Bool = {
    guard let disk = try? SmallDisk(megabytes: 1) else { return false }
    return !disk.path.isEmpty
  }()

  init(megabytes: Int) throws {
    directory = try TemporaryDirectory("disk")
    let mounting = try ChildProcess.run(
      "/usr/bin/env", ["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "none", directory.path])
    guard mounting.status == 0 else { throw Failure(what: mounting.errors) }
  }

  deinit { _ = try? ChildProcess.run("/usr/bin/env", ["umount", "-l", directory.path]) }

  private struct Failure: Error { let what: String }

  var names: [String] { directory.names }

  /// Leaves no room for anything.
  func fill() throws {
    try directory.write([], to: "other")
    let file = try #require(FileHandle(forWritingAtPath: directory.path("other")))
    defer { try? file.close() }
    var count = 1 << 20
    while count > 0 {
      do {
        try file.write(contentsOf: Data(repeating: 1, count: count))
      } catch {
        count /= 2
      }
    }
  }

  func free() throws { try FileManager.default.removeItem(atPath: directory.path("other")) }
}
