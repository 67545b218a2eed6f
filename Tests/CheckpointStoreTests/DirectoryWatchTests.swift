import CheckpointTestSupport
import Foundation
import Testing

@testable import CheckpointStore

/// Proves that a directory is watched, and not what had its path before.
@Suite struct DirectoryWatchTests {
  @Test(.timeLimit(.minutes(20)))
  func `tells of files in a directory that has taken the place of another`() async throws {
    let parent = try TemporaryDirectory("watch")
    let directory = parent.path("run")
    let watch = DirectoryWatch(directory, pollInterval: .seconds(3_600))
    for isMoved in [true, false] {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: false)
      watch.listen()
      guard watch.isNotified else { return }  // the system has no watches, or no more of them
      try parent.write([1], to: "file")
      try FileManager.default.moveItem(atPath: parent.path("file"), toPath: "\(directory)/file")
      await watch.wait(until: nil)  // an hour if nothing tells of it
      if isMoved {
        try FileManager.default.moveItem(atPath: directory, toPath: parent.path("old"))
      } else {
        try FileManager.default.removeItem(atPath: directory)
        watch.listen()
        #expect(!watch.isNotified)
      }
    }
  }

  // ext4 gives the new directory the number that the old one had.
  @Test(.timeLimit(.minutes(20)))
  func `tells of files in a directory that was removed and made again`() async throws {
    let parent = try TemporaryDirectory("watch")
    let directory = parent.path("run")
    let watch = DirectoryWatch(directory, pollInterval: .seconds(3_600))
    for round in 0..<3 {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: false)
      watch.listen()
      guard watch.isNotified else { return }  // the system has no watches, or no more of them
      try parent.write([1], to: "file")
      try FileManager.default.moveItem(atPath: parent.path("file"), toPath: "\(directory)/\(round)")
      await watch.wait(until: nil)  // an hour if nothing tells of it
      try FileManager.default.removeItem(atPath: directory)
    }
  }
}
