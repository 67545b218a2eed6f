import CheckpointTestSupport
import Foundation
import Testing

@testable import CheckpointStore

/// Proves that a directory is watched, and not what had its path before.
@Suite struct DirectoryWatchTests {
  private let parent: TemporaryDirectory
  private var directory: String { parent.path("run") }

  init() throws { parent = try TemporaryDirectory("watch") }

  // Makes the directory, and returns once the watch has told of a file in it; false where the system has no watches,
  // or no more of them.
  private func watchTellsOfFile(_ watch: DirectoryWatch) async throws -> Bool {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    watch.listen()
    guard watch.isNotified else { return false }
    try parent.write([1], to: "file")
    try FileManager.default.moveItem(atPath: parent.path("file"), toPath: "\(directory)/file")
    await watch.wait(until: nil)  // an hour if nothing tells of it
    return true
  }

  @Test(.timeLimit(.minutes(20)))
  func `tells of files in a directory that has taken the place of another`() async throws {
    let watch = DirectoryWatch(directory, pollInterval: .seconds(3_600))
    guard try await watchTellsOfFile(watch) else { return }
    try FileManager.default.moveItem(atPath: directory, toPath: parent.path("old"))
    guard try await watchTellsOfFile(watch) else { return }
    try FileManager.default.removeItem(atPath: directory)
    watch.listen()
    #expect(!watch.isNotified)
  }

  // ext4 gives the new directory the number that the old one had.
  @Test(.timeLimit(.minutes(20)))
  func `tells of files in a directory that was removed and made again`() async throws {
    let watch = DirectoryWatch(directory, pollInterval: .seconds(3_600))
    for _ in 0..<3 {
      guard try await watchTellsOfFile(watch) else { return }
      try FileManager.default.removeItem(atPath: directory)
    }
  }
}
