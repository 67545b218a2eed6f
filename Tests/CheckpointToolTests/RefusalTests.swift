import CheckpointPlans
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that what the system refuses is never called damage, whatever was asked for.
///
/// The exit status is 3, with a reason. The system itself refuses here.
@Suite struct RefusalTests {
  private let directory: TemporaryDirectory
  private var prefix: String { directory.path("m-1") }

  init() throws { directory = try TemporaryDirectory("refusal") }

  private func save(shards: Int = 1) throws {
    var writer = try BundleWriter(
      prefix: prefix, shardByteCounts: Array(repeating: 40_000, count: shards),
      options: FileOptions())
    for shard in 0..<shards {
      let tensor = Tensor<Float>(repeating: 1, shape: [10_000])
      try writer.add(tensor, for: TensorKey("w\(shard)"), part: nil, shard: shard)
    }
    try writer.finish()
  }

  /// What reads all of a checkpoint, and what it reads.
  private static let readers = ["verify m-1", "verify .", "cat m-1 w0", "diff m-1 m-1", "audit ."]

  /// Runs the tool in the directory, as a user whom file modes apply to.
  private func run(_ line: String, _ before: String = "") throws -> ChildProcess.Outcome {
    let tool = ChildProcess.products.appendingPathComponent("checkpoint").path
    let script = "cd \"$1\" && \(before) \(OtherUser.command) \"$0\" \(line)"
    return try ChildProcess.run("/bin/sh", ["-c", script, tool, directory.path])
  }

  private func expectRefusal(_ run: ChildProcess.Outcome, _ reason: String, _ what: String) {
    #expect(run.status == 3, "\(what): \(run.output) \(run.errors)")
    #expect(run.errors.contains(reason), "\(what): \(run.errors)")
    #expect(!(run.output + run.errors).contains("is damaged"), "\(what): \(run.output)")
    #expect(!run.output.contains("torn"), "\(what): \(run.output)")
  }

  @Test(
    .enabled(if: OtherUser.isAvailable, "root may read everything, and setpriv is not there"),
    arguments: readers, ["m-1.index", "m-1.data-00000-of-00001"])
  func `no permission is no damage`(reader: String, file: String) throws {
    try save()
    try OtherUser.permit(directory)
    let mode = [FileAttributeKey.posixPermissions: 0]
    try FileManager.default.setAttributes(mode, ofItemAtPath: directory.path(file))
    expectRefusal(try run(reader), "Permission denied", "\(reader), \(file)")
  }

  @Test(
    .enabled(if: OtherUser.isAvailable, "root may read everything, and setpriv is not there"),
    arguments: readers)
  func `a directory that nobody may enter is no damage`(reader: String) throws {
    try save()
    try OtherUser.permit(directory)
    try FileManager.default.createDirectory(
      atPath: directory.path("in"), withIntermediateDirectories: false)
    for name in ["m-1.index", "m-1.data-00000-of-00001"] {
      try FileManager.default.moveItem(
        atPath: directory.path(name), toPath: directory.path("in/\(name)"))
    }
    let mode = [FileAttributeKey.posixPermissions: 0o600]
    try FileManager.default.setAttributes(mode, ofItemAtPath: directory.path("in"))
    let line = reader.replacing("m-1", with: "in/m-1").replacing(" .", with: " in")
    expectRefusal(try run(line), "Permission denied", line)
  }

  @Test(
    .enabled(if: OtherUser.isAvailable, "root may read everything, and setpriv is not there"),
    arguments: ["audit .", "audit . --json", "audit . --repair"])
  func `an audit tells all files beside one that may not be read`(line: String) throws {
    try save()
    try OtherUser.permit(directory)
    try directory.write("x".utf8, to: "notes.txt")
    let mode = [FileAttributeKey.posixPermissions: 0]
    try FileManager.default.setAttributes(mode, ofItemAtPath: directory.path("notes.txt"))
    let open = [FileAttributeKey.posixPermissions: 0o777]
    try FileManager.default.setAttributes(open, ofItemAtPath: directory.path)
    let run = try run(line)
    expectRefusal(run, "notes.txt: open: Permission denied", line)
    for word in ["m-1.index", "m-1.data-00000-of-00001", "complete", "notes.txt", "unread"] {
      #expect(run.output.contains(word), "\(line): \(run.output)")
    }
  }

  @Test(.enabled(if: OtherUser.isAvailable, "root may write everything, and setpriv is not there"))
  func `an audit tells all files of a directory that it may not repair`() throws {
    try save()
    try OtherUser.permit(directory)
    try directory.write("x".utf8, to: "m-1.index.swift-checkpoints-lock")
    let run = try run("audit . --repair")
    expectRefusal(run, "Permission denied", "repair")
    #expect(run.output.contains("2 complete"), "\(run.output)")
  }

  @Test(arguments: readers, ["m-1.index", "m-1.data-00000-of-00001"])
  func `a link that leads to itself is no damage`(reader: String, file: String) throws {
    guard !reader.hasSuffix(" .") || file.hasSuffix("-00001") else { return }  // one odd name
    try save()
    try FileManager.default.removeItem(atPath: directory.path(file))
    try FileManager.default.createSymbolicLink(
      atPath: directory.path(file), withDestinationPath: file)
    let tool = ChildProcess.products.appendingPathComponent("checkpoint").path
    let line = ["-c", "cd \"$1\" && \"$0\" \(reader)", tool, directory.path]
    expectRefusal(try ChildProcess.run("/bin/sh", line), "symbolic links", "\(reader), \(file)")
  }

  // What is open makes room, or the system's refusal is told. With fewer, the program does not begin.
  @Test func `too many open files are no damage`() throws {
    try save(shards: 40)
    for limit in 10...24 {
      for reader in ["verify m-1", "cat m-1 w39", "audit ."] {
        let tool = ChildProcess.products.appendingPathComponent("checkpoint").path
        let script = "cd \"$1\" && ulimit -n \(limit) && exec \"$0\" \(reader)"
        let run = try ChildProcess.run("/bin/sh", ["-c", script, tool, directory.path])
        guard run.status != 0 else { continue }
        expectRefusal(run, "Too many open files", "\(reader), \(limit) files")
      }
    }
  }

  @Test(
    .enabled(if: Strace.isAvailable, "strace is not installed, or may not trace here"),
    arguments: ["verify", "cat", "audit", "diff"], ["m-1.index", "m-1.data-00000-of-00001"])
  func `a disk that cannot be read is no damage`(command: String, file: String) throws {
    guard command != "audit" || file.hasSuffix(".index") else { return }  // it reads no values
    try save()
    let arguments =
      switch command {
      case "audit": [command, directory.path]
      case "cat": [command, prefix, "w0"]
      case "diff": [command, prefix, prefix]
      default: [command, prefix]
      }
    let run = try Strace.run(
      "checkpoint", arguments, injecting: ["pread64:error=EIO"], at: [directory.path(file)])
    expectRefusal(run, "Input/output error", "\(command), \(file)")
  }
}

/// A user whom the modes of files apply to: this one, unless it is root.
private enum OtherUser {
  private static let setpriv = "/usr/bin/setpriv"
  private static let isRoot = geteuid() == 0

  /// What a command begins with to be run as that user.
  static var command: String {
    isRoot ? "\(setpriv) --reuid=65534 --regid=65534 --clear-groups --" : ""
  }

  /// Whether that user may run the tool.
  static let isAvailable: Bool = {
    guard isRoot else { return true }
    guard FileManager.default.isExecutableFile(atPath: setpriv) else { return false }
    let tool = ChildProcess.products.appendingPathComponent("checkpoint").path
    let script = "\(command) \"$0\" --version"
    return (try? ChildProcess.run("/bin/sh", ["-c", script, tool]))?.status == 0
  }()

  /// Lets that user look for files there.
  static func permit(_ directory: TemporaryDirectory) throws {
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory.path)
  }
}
