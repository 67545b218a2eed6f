import CheckpointBundle
import CheckpointGraph
import CheckpointIO
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

@Suite struct AuditTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory("audit")
    let manager = try CheckpointManager(
      Checkpoint(["w": Variable<Float>(repeating: 1, shape: [2])]), directory: directory.path,
      retention: .latest(2))
    for _ in 0..<2 { try manager.save() }
  }

  @Test func `a sound directory gets a line for each file`() throws {
    let run = try ToolRun.checkpoint("audit", directory.path)
    #expect(run.status == 0, "\(run.errors)")
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 7)
    #expect(lines.last == "2 checkpoints; 4 complete, 2 record")
    #expect(lines.contains { $0.hasPrefix("complete ") && $0.hasSuffix("  ckpt-2.index") })
  }

  @Test func `two checkpoints whose names look the same are two`() throws {
    for name in ["caf\u{E9}", "cafe\u{301}"] {
      for ending in ["index", "data-00000-of-00001"] {
        try directory.write(directory.bytes("ckpt-2.\(ending)"), to: "\(name).\(ending)")
      }
    }
    let run = try ToolRun.checkpoint("audit", directory.path)
    #expect(run.output.hasSuffix("\n4 checkpoints; 8 complete, 2 record\n"), "\(run.output)")
  }

  @Test func `a repair rebuilds the state file, and says so`() throws {
    try FileManager.default.removeItem(atPath: directory.path("checkpoint"))
    let run = try ToolRun.checkpoint("audit", directory.path, "--repair")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.hasPrefix("rebuilt checkpoint\n"))
    #expect(try CheckpointDirectory(directory.path).latest() == directory.path("ckpt-2"))
  }

  @Test func `a repair that fails says what it has done before`() throws {
    let lock = "ckpt-3.swift-checkpoints-lock"
    let temporary = "ckpt-3.index.swift-checkpoints-tmp"
    try directory.write([1], to: temporary)
    let note = "swift-checkpoints save\nwrites .data-?????-of-00001\nwrites .index\nnew 1\nend\n"
    try directory.write(note.utf8, to: lock)
    try FileManager.default.removeItem(atPath: directory.path("checkpoint"))
    try FileManager.default.createDirectory(
      atPath: directory.path("checkpoint"), withIntermediateDirectories: false)
    let run = try ToolRun.checkpoint("audit", directory.path, "--repair")
    #expect(run.status == 1 && run.errors.contains("(pathConflict)"), "\(run.errors)")
    #expect(run.output.hasPrefix("removed \(temporary)\nremoved \(lock)\n"), "\(run.output)")
    #expect(!run.output.contains("leftover"), "\(run.output)")
  }

  @Test func `damage is shown, and is the exit status`() throws {
    try directory.write([1, 2, 3], to: "ckpt-2.index")
    let run = try ToolRun.checkpoint("audit", directory.path)
    #expect(run.status == 1)
    #expect(run.output.contains("torn "))
    #expect(run.output.hasSuffix("1 checkpoint; 2 complete, 2 torn, 1 record, 1 misleading\n"))
  }

  @Test func `of several problems the first is shown, in one line, and JSON has all`() throws {
    var writer = try BundleWriter(
      prefix: directory.path("m"), shardByteCounts: [4, 4, 4], options: FileOptions())
    for shard in 0..<3 {
      try writer.add(Tensor<Float>(1), for: TensorKey("w\(shard)"), part: nil, shard: shard)
    }
    try writer.finish()
    for shard in 0..<3 {
      try FileManager.default.removeItem(atPath: directory.path("m.data-0000\(shard)-of-00003"))
    }
    let run = try ToolRun.checkpoint("audit", directory.path)
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 8)
    let line = try #require(lines.first { $0.hasPrefix("torn ") })
    #expect(line.contains("  m.index  (\(directory.path("m")).data-00000-of-00003: this data "))
    #expect(line.hasSuffix("it has 1 value (notFound); and 2 more)"))
    let json = try ToolRun.checkpoint("audit", directory.path, "--json").output
    #expect(json.contains("3 things are wrong with this checkpoint (notFound)\\n  - "))
    let files = try CheckpointDirectory.Audit(of: directory.path).files
    #expect(files.allSatisfy { !$0.description.contains("\n") })
  }

  @Test func `a file is a wrong argument`() throws {
    let path = directory.path("ckpt-2.index")
    let run = try ToolRun.checkpoint("audit", path)
    #expect(run.status == 2)
    #expect(run.output == "")
    #expect(
      run.errors.hasPrefix(
        "checkpoint: audit: '\(path)' is a regular file, and no directory; give the directory that it is "
          + "in\nusage: "))
    #expect(try ToolRun.checkpoint("audit", directory.path("nowhere")).status == 1)
    let prefix = try ToolRun.checkpoint("audit", directory.path("ckpt-2"))
    #expect(prefix.status == 2)
    #expect(prefix.errors.contains("is a checkpoint, and no directory; give the directory"))
  }

  @Test func `a plan and JSON can be had`() throws {
    let plan = try ToolRun.checkpoint("audit", directory.path, "--keep", "1,2")
    #expect(plan.output.contains("\(directory.path)/ckpt-1 goes: 1 is newer, the latest 1 stay; "))
    let run = try ToolRun.checkpoint("audit", directory.path, "--json", "--keep=1")
    let json = try JSONSerialization.jsonObject(with: Data(run.outputBytes))
    let object = try #require(json as? [String: Any])
    #expect((object["files"] as? [Any])?.count == 6)
    #expect((object["plan"] as? [[String: Any]])?.map { $0["stays"] as? Bool } == [false, true])
  }

  @Test(arguments: ["0", "x", "1,", "1,0", "1,2,3", "-1", ",", "", "1,nan"])
  func `numbers that make no sense are refused`(value: String) throws {
    let run = try ToolRun.checkpoint("audit", directory.path, "--keep=\(value)")
    #expect(run.status == 2)
    #expect(
      run.errors.contains(
        "--keep needs a number, or two, of more than 0, as 5 or 5,2; not '\(value)'"))
  }
}
