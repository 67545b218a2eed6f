import CheckpointBundle
import CheckpointIO
import CheckpointSafetensors
import CheckpointSlices
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Synchronization
import Testing

/// Proves that an audit knows every file, and that a repair touches only what it may.
@Suite struct DirectoryAuditTests {
  let system = MemoryFileSystem()

  private func audit(_ name: String? = nil) throws -> CheckpointDirectory.Audit {
    try CheckpointDirectory.Audit(of: "/run", name: name, fileSystem: system)
  }

  private func kinds() throws -> [String: CheckpointDirectory.AuditedFile.Kind] {
    Dictionary(uniqueKeysWithValues: try audit().files.map { ($0.name, $0.kind) })
  }

  /// A managed directory with one of everything.
  private func prepare() throws -> ManagerRun {
    let run = try ManagerRun(system, .latest(3))
    for value in 1...3 { try run.save(Float(value)) }
    try system.copy("/run/ckpt-2.index", to: "/run/other.index")  // its data file is missing
    try system.write("", to: "/run/empty.index")
    for name in [
      "ckpt-2.data-00000-of-00004", "ckpt-9.data-00000-of-00001", "notes.txt", "ckpt-1.meta",
      "ckpt-7.index.swift-checkpoints-tmp", "checkpoint.tmp00ff", "x.history.json",
      "ckpt-8.data-00000-of-00001.tempstate123", "events.out",
    ] { try system.write("what", to: "/run/" + name) }
    try system.write(
      "swift-checkpoints save\nnew 1\nreplaces\n", to: "/run/ckpt-7.swift-checkpoints-lock")
    try system.write("what", to: "/run/ckpt-6.index.swift-checkpoints-tmp")  // no note lists it
    try system.createDirectory("/run/ckpt-4_temp")
    try system.createDirectory("/run/summaries")
    return run
  }

  @Test func `knows every file`() throws {
    let run = try prepare()
    let lock = try SaveLock("/run/ckpt-5", fileSystem: system)
    try system.write("", to: "/run/ckpt-5.data-00000-of-00001.swift-checkpoints-tmp")
    #expect(
      try kinds() == [
        "ckpt-1.index": .complete, "ckpt-1.data-00000-of-00001": .complete,
        "ckpt-1.meta": .complete,
        "ckpt-2.index": .complete, "ckpt-2.data-00000-of-00001": .complete,
        "ckpt-3.index": .complete, "ckpt-3.data-00000-of-00001": .complete,
        "ckpt-2.data-00000-of-00004": .orphan, "ckpt-9.data-00000-of-00001": .orphan,
        "other.index": .torn, "empty.index": .torn, "notes.txt": .foreign,
        "x.history.json": .foreign,
        "events.out": .foreign, "summaries": .foreign, "checkpoint": .record,
        "ckpt.history.json": .record, "ckpt-7.index.swift-checkpoints-tmp": .leftover,
        "ckpt-7.swift-checkpoints-lock": .leftover,
        "ckpt-6.index.swift-checkpoints-tmp": .foreign,
        "checkpoint.tmp00ff": .leftover, "ckpt-8.data-00000-of-00001.tempstate123": .leftover,
        "ckpt-4_temp": .leftover, "ckpt-5.swift-checkpoints-lock": .busy,
        "ckpt-5.data-00000-of-00001.swift-checkpoints-tmp": .busy,
      ])
    let audit = try audit()
    #expect(audit.name == "ckpt")
    #expect(audit.checkpoints == run.manager.checkpoints)
    #expect(audit.plan(.latest(1)).removed.map(\.path) == ["/run/ckpt-1", "/run/ckpt-2"])
    let orphan = audit.files.first { $0.name == "ckpt-2.data-00000-of-00004" }
    #expect(
      orphan?.description == "orphan: ckpt-2.data-00000-of-00004: the index counts 1 data files")
    withExtendedLifetime(lock) {}
  }

  @Test func `takes the files of macOS for no checkpoints`() throws {
    let run = try ManagerRun(system)
    try run.save(1)
    for name in ["._ckpt-1.index", "._ckpt-1.data-00000-of-00001", "._x.safetensors"] {
      try system.write("\0\u{5}\u{16}\u{7}\0\u{2}\0\0Mac OS X        ", to: "/run/" + name)
      #expect(try kinds()[name] == .foreign)
    }
    #expect(try audit().checkpoints.map(\.path) == ["/run/ckpt-1"])
  }

  @Test(arguments: [nil, "", "nonsense", "model_checkpoint_path: \"ckpt-7\""] as [String?])
  func `repairs the state file and removes leftovers, and touches nothing else`(text: String?)
    throws
  {
    let run = try prepare()
    let before = system.image.files
    if let text {
      try system.write(text, to: "/run/checkpoint")
    } else {
      try system.removeFile("/run/checkpoint")
    }
    let done = try audit().repair()
    #expect(
      done == [
        "removed ckpt-7.index.swift-checkpoints-tmp", "removed ckpt-7.swift-checkpoints-lock",
        "rebuilt checkpoint",
      ])
    let state = try #require(try CheckpointDirectory.State.read(from: "/run", in: system))
    #expect(state.all == run.manager.checkpoints.map(\.path))
    #expect(state.timestamps == [1_010, 1_020, 1_030])
    var after = system.image.files
    after["/run/checkpoint"] = before["/run/checkpoint"]
    var expected = before
    expected["/run/ckpt-7.index.swift-checkpoints-tmp"] = nil
    expected["/run/ckpt-7.swift-checkpoints-lock"] = nil
    #expect(after == expected)
    #expect(try audit().repair() == [])
  }

  @Test func `names the newest that is whole, and hands all back if nothing tells`() throws {
    let run = try ManagerRun(system, .latest(3))
    for value in 1...3 { try run.save(Float(value)) }
    try system.removeFile("/run/ckpt.history.json")
    try system.removeFile("/run/checkpoint")
    try system.write("torn", to: "/run/ckpt-3.index")
    #expect(try audit().repair() == ["rebuilt checkpoint"])
    let second = try ManagerRun(system, .latest(1), clock: run.clock)
    #expect(second.manager.checkpoints.map(\.path) == ["/run/ckpt-1", "/run/ckpt-2"])
    try second.save(9)
    #expect(ManagerRun.names(system) == ["ckpt-3", "ckpt-4"])
  }

  @Test func `does not guess a name`() throws {
    try ManagerRun(system, name: "a").save(1)
    try ManagerRun(system, name: "b").save(1)
    #expect(try audit().name == nil)
    #expect(try audit().repair() == [])
    #expect(try audit("b").checkpoints.map(\.path) == ["/run/b-1"])
  }

  @Test func `does not take two names that look the same for one`() throws {
    let directory = try TemporaryDirectory("audit")
    for name in ["\u{E9}-1", "e\u{301}-1"] {
      var writer = try BundleWriter(
        prefix: directory.path(name), shardByteCounts: [4], options: FileOptions())
      try writer.add(Tensor<Float>(1), for: "w")
      try writer.finish()
    }
    #expect(try CheckpointDirectory.Audit(of: directory.path).name == nil)
  }

  @Test func `removes leftovers where there is no checkpoint, too`() throws {
    try system.write(
      "swift-checkpoints save\nnew 1\nreplaces\n", to: "/run/ckpt-7.swift-checkpoints-lock")
    try system.write("what", to: "/run/ckpt-7.data-00000-of-00001")
    #expect(
      try audit().repair() == [
        "removed ckpt-7.data-00000-of-00001", "removed ckpt-7.swift-checkpoints-lock",
      ])
    #expect(system.paths.isEmpty)
  }

  @Test func `a place where processes met is busy, and a leftover once they are dead`() throws {
    var options = FileOptions()
    options.fileSystem = system
    let place = "/run/ckpt.meeting"
    var location: SaveLocation? = try SaveLocation(place, options: options)
    try location?.begin(.file)
    try system.createDirectory(TemporaryName.temporary(for: place))
    try system.write("hello", to: "\(TemporaryName.temporary(for: place))/hello")
    #expect(Set(try kinds().values) == [.busy])
    #expect(try audit().repair() == [])
    location?.abandon()
    location = nil
    #expect(
      try kinds() == [
        "ckpt.meeting.swift-checkpoints-lock": .leftover,
        "ckpt.meeting.swift-checkpoints-tmp": .leftover,
      ])
    #expect(try audit().repair().count == 2)
    #expect(system.paths.isEmpty)
  }

  @Test func `a lock file that goes and comes again is looked at again`() throws {
    try system.write("", to: "/run/m.swift-checkpoints-lock")
    let system = system
    let looks = Mutex(0)
    let changing = InterceptingFileSystem(system) { _, call throws(CheckpointError) in
      guard call.kind == .entryStatus, call.path.hasSuffix("-lock") else { return }
      switch looks.withLock({ (count: inout Int) in
        count += 1
        return count
      }) {
      case 2: try system.removeFile(call.path)
      case 3: try? system.write("", to: call.path)
      default: break
      }
    }
    let files = try CheckpointDirectory.Audit(of: "/run", fileSystem: changing).files
    #expect(files.map(\.kind) == [.leftover], "\(files)")
  }

  @Test func `a directory with the name of a temporary file is not ours without a note`() throws {
    try system.createDirectory("/run/model.swift-checkpoints-tmp")
    try system.write("mine", to: "/run/model.swift-checkpoints-tmp/notes")
    #expect(try kinds() == ["model.swift-checkpoints-tmp": .foreign])
    #expect(try audit().repair() == [])
    #expect(system.text("/run/model.swift-checkpoints-tmp/notes") == "mine")
  }

  // MARK: Other formats

  private func saveV1(_ name: String, shards: Int) throws {
    var options = FileOptions()
    options.fileSystem = system
    var writer = try SlicesWriter(prefix: "/run/\(name)", shardCount: shards, options: options)
    for shard in 0..<shards {
      try writer.add(Tensor<Float>(1), for: TensorKey("w\(shard)"), part: nil, shard: shard)
    }
    try writer.finish()
    try system.write("graph", to: "/run/\(name).meta")
  }

  @Test func `takes V1 files in parts for one checkpoint, with its graph`() throws {
    try system.createDirectory("/run")
    try saveV1("m-3", shards: 2)
    let files = try audit().files
    #expect(files.map(\.name) == ["m-3-00000-of-00002", "m-3-00001-of-00002", "m-3.meta"])
    for file in files {
      #expect(file.kind == .complete, "\(file)")
      #expect(file.checkpoint == "/run/m-3-?????-of-00002", "\(file)")
    }
  }

  @Test func `names the part of a V1 checkpoint that is missing`() throws {
    try system.createDirectory("/run")
    try saveV1("m-3", shards: 3)
    try system.removeFile("/run/m-3-00001-of-00003")
    for file in try audit().files {
      #expect(file.kind == .torn, "\(file)")
      #expect(file.note?.contains("'m-3-00001-of-00003'") == true, "\(file)")
    }
  }

  @Test func `takes a V1 checkpoint with a part that is cut for torn`() throws {
    try system.createDirectory("/run")
    try saveV1("m-3", shards: 2)
    let file = try system.openFile("/run/m-3-00000-of-00002")
    let beginning = try file.bytes(at: 0, count: 50)
    try system.write(String(decoding: beginning, as: Unicode.ASCII.self), to: file.path)
    #expect(try audit().files.map(\.kind) == [.torn, .torn, .torn])
  }

  @Test func `says of safetensors files in parts which one is missing`() throws {
    try system.createDirectory("/run")
    var options = FileOptions()
    options.fileSystem = system
    for number in 1...2 {
      var writer = try SafetensorsWriter(
        "/run/model-0000\(number)-of-00002.safetensors", options: options)
      try writer.add(Tensor<Float>(1), for: TensorKey("w\(number)"))
      try writer.finish()
    }
    let pattern = "/run/model-?????-of-00002.safetensors"
    #expect(try audit().files.map(\.checkpoint) == [pattern, pattern])
    #expect(try audit().files.map(\.kind) == [.complete, .complete])
    try system.removeFile("/run/model-00001-of-00002.safetensors")
    let file = try #require(try audit().files.first)
    #expect(file.kind == .torn)
    #expect(file.note?.contains("'model-00001-of-00002.safetensors'") == true)
  }

  @Test func `finds a state file that leads nowhere, and points it to a V1 checkpoint`() throws {
    try system.createDirectory("/run")
    try saveV1("m-3", shards: 2)
    try saveV1("m-12", shards: 2)
    try system.write("model_checkpoint_path: \"m-99\"\n", to: "/run/checkpoint")
    let state = try #require(try audit().files.first)
    #expect(state.kind == .misleading)
    #expect(state.note == "it names '/run/m-99', which is not there")
    #expect(try audit().repair() == ["rebuilt checkpoint"])
    let after = try #require(try audit().files.first)
    #expect(after.kind == .record)
    let latest = try CheckpointDirectory("/run", fileSystem: system).latest()
    #expect(latest == "/run/m-12-?????-of-00002")
    #expect(try audit().repair() == [])
  }

  @Test func `points a state file that names a torn V1 checkpoint to a whole one`() throws {
    try system.createDirectory("/run")
    try saveV1("m-3", shards: 2)
    try saveV1("m-12", shards: 2)
    try system.write("model_checkpoint_path: \"m-12-?????-of-00002\"\n", to: "/run/checkpoint")
    #expect(try audit().repair() == [])
    try system.removeFile("/run/m-12-00000-of-00002")
    #expect(try audit().repair() == ["rebuilt checkpoint"])
    let state = try CheckpointDirectory.State.read(from: "/run", in: system)
    #expect(state?.latest == "/run/m-3-?????-of-00002")
  }

  @Test(arguments: ["/other/m-7", "/run/m-7"])
  func `a state file that names a torn checkpoint is misleading, wherever that is`(torn: String)
    throws
  {
    let run = try ManagerRun(system, .all, name: "m")
    try run.save(1)
    try system.createDirectory("/other")
    try system.copy("/run/m-1.index", to: "\(torn).index")  // its data file is missing
    try system.write("model_checkpoint_path: \"\(torn)\"\n", to: "/run/checkpoint")
    let state = try #require(try audit().files.first { $0.name == "checkpoint" })
    #expect(state.kind == .misleading)
    #expect(state.note?.contains("which is not whole: \(torn).data-00000-of-00001: ") == true)
    #expect(try audit().repair() == ["rebuilt checkpoint"])
    #expect(try CheckpointDirectory("/run", fileSystem: system).latest() == "/run/m-1")
    #expect(try kinds()["checkpoint"] == .record)
  }

  @Test func `a state file stays if no checkpoint here is whole either`() throws {
    let text = "model_checkpoint_path: \"/other/m-7\"\n"
    for directory in ["/run", "/other"] { try system.createDirectory(directory) }
    try system.write("", to: "/other/m-7.index")
    try system.write("", to: "/run/m-1.index")
    try system.write(text, to: "/run/checkpoint")
    #expect(try kinds()["checkpoint"] == .misleading)
    #expect(try audit().repair() == [])
    #expect(system.text("/run/checkpoint") == text)
  }

  // MARK: What a repair leaves alone

  @Test(arguments: ["GGUF\u{3}\0\0\0 weights", "<html><body>404</body></html>"])
  func `a file of another program is no state file, and stays`(text: String) throws {
    _ = try prepare()
    try system.write(text, to: "/run/checkpoint")
    #expect(try kinds()["checkpoint"] == .foreign)
    let error = #expect(throws: CheckpointError.self) { try audit().repair() }
    #expect(error?.code == .pathConflict)
    #expect(error?.file == "/run/checkpoint")
    #expect(system.text("/run/checkpoint") == text)
  }

  @Test func `a checkpoint that is called as the state file is none, and stays`() throws {
    _ = try prepare()
    var options = FileOptions()
    options.fileSystem = system
    var writer = try SlicesWriter(path: "/run/v1", options: options)
    try writer.add(Tensor<Float>(1), for: "w")
    try writer.finish()
    try system.copy("/run/v1", to: "/run/checkpoint")
    let before = system.text("/run/checkpoint")
    #expect(try kinds()["checkpoint"] == .foreign)
    #expect(throws: CheckpointError.self) { try audit().repair() }
    #expect(system.text("/run/checkpoint") == before)
  }

  @Test(arguments: [
    "DIR/m-50", "DIR/./m-50", "DIR//m-50", "./m-50", "../OTHER/m-7", "UP/OTHER/m-7",
  ])
  func `a state file that leads to a whole checkpoint stays, however it spells the way`(
    path: String
  ) throws {
    let directory = try TemporaryDirectory("audit")
    for name in ["run", "other"] { try LocalFileSystem().createDirectory(directory.path(name)) }
    for prefix in ["run/m-50", "run/m-100", "other/m-7"] {
      var writer = try BundleWriter(
        prefix: directory.path(prefix), shardByteCounts: [4], options: FileOptions())
      try writer.add(Tensor<Float>(1), for: "w")
      try writer.finish()
    }
    let recorded = path.replacingOccurrences(of: "DIR", with: directory.path("run"))
      .replacingOccurrences(of: "UP", with: directory.path)
      .replacingOccurrences(of: "OTHER", with: "other")
    let text = "model_checkpoint_path: \"\(recorded)\"\n"
    try directory.write(text.utf8, to: "run/checkpoint")
    // Named is the older one on purpose: that is somebody's choice. What others save elsewhere does not matter.
    var later = try BundleWriter(
      prefix: directory.path("other/m-8"), shardByteCounts: [4], options: FileOptions())
    try later.add(Tensor<Float>(1), for: "w")
    try later.finish()
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -60)],
      ofItemAtPath: directory.path("run/checkpoint"))
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -120)],
      ofItemAtPath: directory.path("run/m-100.index"))
    #expect(try CheckpointDirectory.Audit(of: directory.path("run")).repair() == [])
    #expect(try directory.bytes("run/checkpoint") == Array(text.utf8))
  }

  @Test(arguments: [true, false])
  func `a state file that was pointed back stays`(listsAll: Bool) throws {
    let run = try ManagerRun(system, .all)
    for value in 1...3 { try run.save(Float(value)) }
    if !listsAll { try system.removeFile("/run/ckpt.history.json") }
    let listed = ["ckpt-1", "ckpt-2"] + (listsAll ? ["ckpt-3"] : [])
    let lines = listed.map { "all_model_checkpoint_paths: \"\($0)\"\n" }.joined()
    let text = "model_checkpoint_path: \"ckpt-2\"\n\(lines)"
    try system.write(text, to: "/run/checkpoint")
    #expect(try audit().repair() == [])
    #expect(system.text("/run/checkpoint") == text)
  }

  @Test func `says what foreign files are`() throws {
    try system.createDirectory("/run")
    try system.write("version https://git-lfs.github.com/spec/v1\noid …", to: "/run/a.safetensors")
    try system.write("", to: "/run/b")
    #expect(
      try audit().files.map(\.note)
        == ["a pointer of Git LFS, not the file that it stands for", "an empty file"])
  }

  @Test func `says that there is no such directory`() {
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointDirectory.Audit(of: "/nowhere", fileSystem: system)
    }
    #expect(error?.code == .notFound)
  }
}
