import CheckpointPlans
import CheckpointTensors
import CheckpointStore
import CheckpointSlices
import CheckpointSafetensors
import CheckpointBundle
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

@Suite struct CheckpointLocationTests {
  private let directory: TemporaryDirectory
  private var run: String { directory.path("run") }

  init() throws { directory = try TemporaryDirectory("location") }

  private func save(_ name: String) throws {
    var writer = try BundleWriter(
      prefix: directory.path(name), shardByteCounts: [4], options: FileOptions())
    try writer.add(Tensor<Float>(1), for: "w")
    try writer.finish()
  }

  @Test func `a prefix is itself`() throws {
    try save("run/ckpt-7")
    let location = try CheckpointLocation("\(run)/ckpt-7")
    #expect(location.path == "\(run)/ckpt-7")
    #expect(location.note == nil)
  }

  @Test(arguments: [".index", ".data-00000-of-00001", ".meta"])
  func `a file leads to its checkpoint`(suffix: String) throws {
    try save("run/ckpt-7")
    try directory.write([], to: "run/ckpt-7.meta")
    // Many may be named, one after the other: none needs a list of the directory.
    let system = InterceptingFileSystem()
    let location = try CheckpointLocation("\(run)/ckpt-7\(suffix)", fileSystem: system)
    #expect(!system.calls.contains { $0.kind == .list })
    #expect(location.path == "\(run)/ckpt-7")
    #expect(location.note == "\(run)/ckpt-7\(suffix) is a file of the checkpoint \(run)/ckpt-7")
  }

  @Test func `a directory says why the file in it is no checkpoint`() throws {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 72\n"
    try LocalFileSystem().createDirectory(directory.path("link"))
    #expect(unsafe symlink("../../blobs/gone", directory.path("link/model.safetensors")) == 0)
    for (name, text, reason) in [
      ("lfs/model.safetensors", pointer, "'model.safetensors' is a pointer of Git LFS"),
      ("empty/model.safetensors", "", "'model.safetensors' is an empty file"),
      ("html/model.safetensors", "<!DOCTYPE html>", "'model.safetensors' is an HTML page"),
      ("json/model.safetensors", #"{"error": "no"}"#, "'model.safetensors' is a text in JSON"),
      ("v1/model.ckpt", pointer, "'model.ckpt' is a pointer of Git LFS"),
      (
        "data/m.data-00000-of-00001", "1234",
        "of 'm' there is no index, only 'm.data-00000-of-00001'"
      ),
      (
        "link/readme.md", "# A model",
        "'model.safetensors' is a symbolic link that leads to nothing"
      ),
    ] {
      let place = directory.path(Path(name).directory)
      if Path(place).name != "link" { try LocalFileSystem().createDirectory(place) }
      try directory.write(text.utf8, to: name)
      let error = #expect(throws: CheckpointError.self) {
        try CheckpointLocation(place)
      }
      #expect(error?.code == .notACheckpoint)
      #expect(
        error?.message.contains("there is none in it: \(reason)") == true, "\(name): \(error)")
    }
  }

  @Test func `a link that leads in a circle does not lead to nothing`() throws {
    try LocalFileSystem().createDirectory(run)
    let path = directory.path("run/model.safetensors")
    #expect(unsafe symlink("model.safetensors", path) == 0)
    let error = #expect(throws: CheckpointError.self) { try CheckpointLocation(run) }
    #expect(error?.message.hasSuffix("and there is none in it") == true)
  }

  @Test func `where something comes at each look, a directory is busy, and not empty`() throws {
    try LocalFileSystem().createDirectory(run)
    let system = InterceptingFileSystem { [run] number, call throws(CheckpointError) in
      guard call.kind == .list, call.path == run else { return }
      try LocalFileSystem().createDirectory("\(run)/\(number)")
    }
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointLocation(run, fileSystem: system)
    }
    #expect(error?.code == .busy && error?.file == run)
    #expect(error?.message.hasPrefix("checkpoints come and go here, and none stayed") == true)
  }

  @Test func `an empty file of another name is no reason`() throws {
    try LocalFileSystem().createDirectory(run)
    try directory.write([], to: "run/__init__.py")
    let none = #expect(throws: CheckpointError.self) { try CheckpointLocation(run) }
    #expect(none?.message.hasSuffix("and there is none in it") == true)
    try directory.write([], to: "run/model.ckpt")
    let error = #expect(throws: CheckpointError.self) { try CheckpointLocation(run) }
    #expect(error?.message.contains("'model.ckpt' is an empty file") == true)
  }

  @Test func `a directory names those below it that have a checkpoint`() throws {
    try save("hub/models--a--b/snapshots/1a2b/m")
    try save("hub/models--a--b/blobs/4d7a")
    try save("serving/00000123/variables/variables")
    // Nothing of this is a reason, nor keeps anybody from looking on.
    try directory.write("<!DOCTYPE html>".utf8, to: "serving/index.html")
    for (link, target) in [("loop", "loop"), ("latest", "00000123/variables"), ("gone", "nowhere")]
    {
      #expect(unsafe symlink(target, directory.path("serving/\(link)")) == 0)
    }
    #expect(unsafe mkfifo(directory.path("serving/pipe"), 0o600) == 0)
    for (name, below) in [
      ("hub", "hub/models--a--b/snapshots/1a2b"),
      ("hub/models--a--b", "hub/models--a--b/snapshots/1a2b"), ("serving", "serving/00000123"),
    ] {
      let error = #expect(throws: CheckpointError.self) {
        try CheckpointLocation(directory.path(name))
      }
      let text = "and there is none in it, but below it: '\(directory.path(below))'"
      #expect(error?.message.contains(text) == true, "\(error)")
    }
  }

  @Test func `a directory leads to the checkpoint that its state file names`() throws {
    try save("run/ckpt-7")
    try save("run/ckpt-8")
    try directory.write("model_checkpoint_path: \"ckpt-7\"\n".utf8, to: "run/checkpoint")
    #expect(try CheckpointLocation(run + "/").path == "\(run)/ckpt-7")
  }

  @Test(arguments: [
    ("", "has no state file"),
    (
      "model_checkpoint_path: \"gone\"\n",
      "has a state file that names '{run}/gone', which is not there"
    ),
    ("%", "has a state file that cannot be read (byte 0: "),
    (
      "model_checkpoint_path: \"C:\\Users\\me\\old\"\n",
      "has a state file that cannot be read (byte 26: "
    ),
  ])
  func `without a state file that helps, the newest index counts`(state: String, reason: String)
    throws
  {
    try save("run/old")
    try save("run/new")
    try Self.setTime(of: "\(run)/old.index", to: 1_000_000)
    try Self.setTime(of: "\(run)/new.index", to: 2_000_000)
    if !state.isEmpty { try directory.write(state.utf8, to: "run/checkpoint") }
    let location = try CheckpointLocation(run)
    #expect(location.path == "\(run)/new")
    let note = try #require(location.note)
    #expect(!note.contains("restore one by its prefix"), "\(note)")
    let beginning = "\(run) " + reason.replacing("{run}", with: run)
    #expect(note.hasPrefix(beginning), "\(note)")
    #expect(note.hasSuffix("; its newest checkpoint is \(run)/new"), "\(note)")
  }

  // Editors of Windows put a mark in front.
  @Test func `a state file may begin with a byte order mark`() throws {
    try save("run/old")
    try save("run/new")
    let text = "\u{FEFF}model_checkpoint_path: \"old\"\r\n"
    try directory.write(text.utf8, to: "run/checkpoint")
    #expect(try CheckpointLocation(run).path == "\(run)/old")
  }

  @Test func `of indexes of one time, the highest number is the newest`() throws {
    for number in [9, 10, 8] {
      try save("run/ckpt-\(number)")
      try Self.setTime(of: "\(run)/ckpt-\(number).index", to: 1_000_000)
    }
    #expect(try CheckpointLocation(run).path == "\(run)/ckpt-10")
  }

  @Test func `a SavedModel leads to its variables`() throws {
    try save("model/variables/variables")
    let model = directory.path("model")
    let location = try CheckpointLocation(model)
    #expect(location.path == "\(model)/variables/variables")
    #expect(location.note == "\(model) is a SavedModel; its variables are \(location.path)")
  }

  @Test func `paths are literal`() throws {
    try save("r[1]*?/m*")
    #expect(try CheckpointLocation(directory.path("r[1]*?")).path.hasSuffix("/r[1]*?/m*"))
    #expect(throws: CheckpointError.self) { try CheckpointLocation(directory.path("r[1]*?/m?")) }
  }

  @Test func `a wrong prefix gets at most five that are there, the nearest first`() throws {
    for number in 1...7 { try save("run/ckpt-\(number)") }
    try save("run/other")
    let error = #expect(throws: CheckpointError.self) { try CheckpointLocation("\(run)/ckpt-9") }
    #expect(error?.code == .notACheckpoint)
    #expect(error?.file == "\(run)/ckpt-9")
    let near = (1...5).map { "'\(run)/ckpt-\($0)'" }.joined(separator: ", ")
    #expect(error?.message == "there is no 'ckpt-9.index'; the directory has \(near), … 8 in all")
  }

  @Test func `readers give the same advice`() throws {
    try save("run/ckpt-7")
    func refusal(_ path: String) -> CheckpointError? {
      #expect(throws: CheckpointError.self) {
        try CheckpointReader(path, fileSystem: LocalFileSystem())  // no other path than this
      }
    }
    #expect(
      refusal(run)?.message
        == "this is a directory, not a checkpoint, and the directory has '\(run)/ckpt-7'")
    #expect(
      refusal("\(run)/ckpt-7.index")?.message
        == "this is a file of the checkpoint '\(run)/ckpt-7'; give that")
    let missing = refusal("\(run)/a/b")
    #expect(missing?.message == "there is no directory '\(run)/a'")
  }

  @Test func `a file whose index is missing says so`() throws {
    try save("run/ckpt-7")
    try LocalFileSystem().removeFile("\(run)/ckpt-7.index")
    let data = #expect(throws: CheckpointError.self) {
      try CheckpointReader("\(run)/ckpt-7.data-00000-of-00001")
    }
    #expect(
      data?.message
        == "this is a data file, but there is no 'ckpt-7.index' beside it, without which "
        + "it says nothing")
    let index = #expect(throws: CheckpointError.self) {
      try CheckpointLocation("\(run)/ckpt-7.index")
    }
    #expect(index?.message == "there is no 'ckpt-7.index', nor any other checkpoint beside it")
    let prefix = #expect(throws: CheckpointError.self) { try CheckpointReader("\(run)/ckpt-7") }
    #expect(
      prefix?.message
        == "there is no 'ckpt-7.index', only 'ckpt-7.data-00000-of-00001', which says nothing without "
        + "it: fetch or copy the index as well")
  }

  @Test func `an index by another name is no V1 file`() throws {
    try save("run/ckpt-7")
    try directory.write(directory.bytes("run/ckpt-7.index"), to: "run/model.ckpt")
    let error = #expect(throws: CheckpointError.self) { try CheckpointReader("\(run)/model.ckpt") }
    #expect(
      error?.message.hasPrefix("this is a sorted table of another kind: if it is the") == true)
  }

  // MARK: Other formats

  private func saveV1(_ name: String, shards: Int? = nil) throws {
    let path = directory.path(name)
    var writer =
      if let shards {
        try SlicesWriter(prefix: path, shardCount: shards)
      } else {
        try SlicesWriter(path: path)
      }
    for shard in 0..<(shards ?? 1) {
      try writer.add(Tensor<Float>(1), for: TensorKey("w\(shard)"), part: nil, shard: shard)
    }
    try writer.finish()
  }

  @Test(arguments: ["model.ckpt", "model.ckpt.meta"])
  func `a V1 file is itself, and the graph beside it leads to it`(name: String) throws {
    try saveV1("run/model.ckpt")
    try directory.write([], to: "run/model.ckpt.meta")
    let location = try CheckpointLocation("\(run)/\(name)")
    #expect(location.path == "\(run)/model.ckpt")
    #expect((location.note == nil) == (name == "model.ckpt"))
  }

  @Test(arguments: ["m-00001-of-00003", "m-?????-of-00003", "m", "m.meta"])
  func `all paths of a V1 checkpoint in parts lead to its pattern`(name: String) throws {
    try saveV1("run/m", shards: 3)
    if name == "m.meta" { try directory.write([], to: "run/m.meta") }
    let location = try CheckpointLocation("\(run)/\(name)")
    #expect(location.path == "\(run)/m-?????-of-00003")
    #expect(try CheckpointReader(location.path).shardCount == 3)
  }

  @Test func `a state file may name a V1 checkpoint`() throws {
    try saveV1("run/m-1", shards: 2)
    let state = "model_checkpoint_path: \"m-1-?????-of-00002\"\n"
    try directory.write(state.utf8, to: "run/checkpoint")
    #expect(try CheckpointLocation(run).path == "\(run)/m-1-?????-of-00002")
  }

  @Test func `without a state file the newest file counts, after indexes`() throws {
    try saveV1("run/old")
    try saveV1("run/new", shards: 2)
    try directory.write("no checkpoint".utf8, to: "run/notes.txt")
    try Self.setTime(of: "\(run)/old", to: 1_000_000)
    try Self.setTime(of: "\(run)/new-00000-of-00002", to: 2_000_000)
    try Self.setTime(of: "\(run)/new-00001-of-00002", to: 2_000_000)
    #expect(try CheckpointLocation(run).path == "\(run)/new-?????-of-00002")
    var writer = try SafetensorsWriter("\(run)/m.safetensors")
    try writer.add(Tensor<Float>(1), for: "w")
    try writer.finish()
    #expect(try CheckpointLocation(run).path == "\(run)/m.safetensors")
    try save("run/ckpt-1")
    try Self.setTime(of: "\(run)/ckpt-1.index", to: 1_000_000)
    #expect(try CheckpointLocation(run).path == "\(run)/ckpt-1")
  }

  @Test func `a V1 file that is damaged is no checkpoint by its looks`() throws {
    try saveV1("run/m")
    try directory.write(directory.bytes("run/m").dropLast(), to: "run/m")
    let error = #expect(throws: CheckpointError.self) { try CheckpointReader("\(run)/m") }
    #expect(error?.code == .notACheckpoint)
    #expect(error?.message.hasPrefix("this file is no checkpoint, or a damaged one: ") == true)
  }

  @Test func `a V1 file is opened once`() throws {
    try saveV1("run/m")
    let system = InterceptingFileSystem()
    _ = try CheckpointReader(at: "\(run)/m", system).tensor(for: "w0")
    #expect(system.calls.count { $0.kind == .open } == 1)
  }

  @Test func `a link that leads nowhere is named`() throws {
    try save("run/ckpt-7")
    try FileManager.default.createSymbolicLink(
      atPath: "\(run)/ckpt-8.index", withDestinationPath: "/nowhere/ckpt-8.index")
    let error = #expect(throws: CheckpointError.self) { try CheckpointReader("\(run)/ckpt-8") }
    #expect(error?.code == .notACheckpoint)
    #expect(
      error?.message.hasPrefix("'\(run)/ckpt-8.index' is a symbolic link that leads to nothing")
        == true)
  }

  @Test func `a wrong path gets the checkpoints of all formats`() throws {
    try saveV1("run/model.ckpt")
    try saveV1("run/model.old", shards: 2)
    var writer = try SafetensorsWriter("\(run)/model.safetensors")
    try writer.add(Tensor<Float>(1), for: "w")
    try writer.finish()
    try save("run/model-7")
    try directory.write("no checkpoint".utf8, to: "run/model.txt")
    let error = #expect(throws: CheckpointError.self) { try CheckpointReader("\(run)/model") }
    for name in ["model.ckpt", "model.old-?????-of-00002", "model.safetensors", "model-7"] {
      #expect(error?.message.contains("'\(run)/\(name)'") == true, "\(name)")
    }
    #expect(error?.message.contains("model.txt") == false)
  }

  private static func setTime(of path: String, to seconds: Double) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: seconds)], ofItemAtPath: path)
  }

  // MARK: What is no checkpoint, or goes

  @Test func `a pipe is no checkpoint, and nobody waits for it`() throws {
    try LocalFileSystem().createDirectory(run)
    let made = unsafe mkfifo("\(run)/pipe", 0o600)
    #expect(made == 0)
    let error = #expect(throws: CheckpointError.self) { try CheckpointReader("\(run)/pipe") }
    #expect(error?.code == .notACheckpoint && error?.file == "\(run)/pipe")
  }

  @Test func `a file that goes before it is opened, or may not be read, is told as that`() throws {
    let path = directory.path("f.safetensors")
    var writer = try SafetensorsWriter(path)
    try writer.add(Tensor<Float>([1, 2]), for: "w")
    try writer.finish()
    func failure(
      _ onOpening: @escaping @Sendable () throws(CheckpointError) -> Void
    ) -> CheckpointError? {
      let system = InterceptingFileSystem { _, call throws(CheckpointError) in
        if call.kind == .open, call.path == path { try onOpening() }
      }
      return #expect(throws: CheckpointError.self) {
        try CheckpointReader(path, fileSystem: system)
      }
    }
    let refused = failure { () throws(CheckpointError) in
      throw .system("open", errno: EACCES, file: path)
    }
    #expect(refused?.systemError == EACCES)
    let gone = failure { () throws(CheckpointError) in try LocalFileSystem().removeFile(path) }
    #expect(gone?.code == .notACheckpoint)
  }

  @Test func `reading what is not there says so`() throws {
    try save("m")
    let reader = try CheckpointReader(directory.path("m"))
    var bytes = [UInt8](repeating: 0, count: 4)
    let error = #expect(throws: CheckpointError.self) {
      var span = bytes.mutableSpan
      var output = unsafe span.mutableBytes
      try reader.read("v", slice: nil, into: &output)
    }
    #expect(error?.code == .notFound && error?.key == "v")
  }

  @Test func `looks for nothing for ever, nor for another once variables have changed`() {
    let newest = NewestIntact(in: "run", LocalFileSystem())
    var looks = 0
    let busy = #expect(throws: CheckpointError.self) {
      try newest.find(among: { ["run/m-1", "run/m-0"] }) { path throws(CheckpointError) in
        looks += 1
        throw FileChange.deleted.error(at: path)
      }
    }
    #expect(looks == 10)
    #expect(busy?.code == .busy && busy?.message.contains("went away each time") == true)
    looks = 0
    let changed = #expect(throws: CheckpointError.self) {
      try newest.find(among: { ["run/m-1", "run/m-0"] }) { path throws(CheckpointError) in
        looks += 1
        var error = CheckpointError(.corrupt, "wrong bytes", file: path)
        error.hasChangedVariables = true
        throw error
      }
    }
    #expect(looks == 1)
    #expect(changed?.message == "wrong bytes" && changed?.file == "run/m-1")
  }
}
