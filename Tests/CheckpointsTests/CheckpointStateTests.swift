import CheckpointStore
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// A directory of one test, gone with it.
private final class TestDirectory {
  let path: String

  init(named name: String = "run") throws {
    let root = NSTemporaryDirectory() + "checkpoint-state-" + UUID().uuidString
    path = "\(root)/\(name)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: Path(path).directory) }

  func write(_ text: String, to name: String = "checkpoint") throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: Path.join(path, name)))
  }

  func contents(of name: String = "checkpoint") throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")), as: UTF8.self)
  }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

@Suite struct CheckpointStateTests {
  @Test func `is nil only if there is no file`() throws {
    let run = try TestDirectory()
    #expect(try CheckpointDirectory.State.read(from: run.path) == nil)
    #expect(try CheckpointDirectory.State.read(from: run.path + "/none") == nil)
    try run.write("no directory", to: "file")
    #expect(try CheckpointDirectory.State.read(from: run.path + "/file") == nil)
    #expect(try CheckpointDirectory.State.read(from: run.path, filename: "other") == nil)
  }

  @Test func `resolves paths against the directory without changing them`() throws {
    let run = try TestDirectory()
    try run.write(
      """
      model_checkpoint_path: "../b/m-1"
      all_model_checkpoint_paths: "/x/m-0"
      all_model_checkpoint_paths: "./m-0"
      all_model_checkpoint_paths: "../b/m-1"
      all_model_checkpoint_timestamps: [1, 2, 3.5]
      last_preserved_timestamp: 0.5
      """)
    let state = try #require(try CheckpointDirectory.State.read(from: run.path))
    #expect(state.latest == run.path + "/../b/m-1")
    #expect(state.all == ["/x/m-0", run.path + "/./m-0", run.path + "/../b/m-1"])
    #expect(state.timestamps == [1, 2, 3.5])
    #expect(state.lastPreserved == 0.5)
  }

  @Test func `adds the newest where a file lists it nowhere, and drops timestamps then`() throws {
    let run = try TestDirectory()
    try run.write(
      """
      model_checkpoint_path: "m-2" all_model_checkpoint_paths: "m-1"
      all_model_checkpoint_timestamps: 1
      """)
    let state = try #require(try CheckpointDirectory.State.read(from: run.path))
    #expect(state.all == ["\(run.path)/m-1", "\(run.path)/m-2"])
    #expect(state.timestamps == [])
    #expect(state.lastPreserved == nil)
  }

  static let refused: [(text: String, message: String)] = [
    ("", "there is no model_checkpoint_path"),
    ("model_checkpoint_path: ''", "there is no model_checkpoint_path"),
    ("model_checkpoint_path: \"a\" all_model_checkpoint_paths: \"\"", "a path is empty"),
    ("model_checkpoint_path: \"a\\000b\"", "a path is empty or contains the character U+0000"),
    ("model_checkpoint_path = 'a'", "byte 22: expected ':' after 'model_checkpoint_path'"),
    ("hello: 1", "byte 0: there is no field 'hello'"),
  ]

  @Test(arguments: refused)
  func `says what is wrong with a file, and what to do`(text: String, message: String) throws {
    let run = try TestDirectory()
    try run.write(text)
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointDirectory.State.read(from: run.path)
    }
    #expect(error?.code == .corrupt)
    let description = try #require(error?.description)
    #expect(description.hasPrefix("\(run.path)/checkpoint: \(message)"), "\(description)")
    #expect(
      description.hasSuffix(
        "; this file cannot tell the newest checkpoint, restore one by its prefix (corrupt)"))
  }

  @Test func `refuses a file that is far too long before reading it`() throws {
    let run = try TestDirectory()
    try run.write("")
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: run.path + "/checkpoint"))
    try file.truncate(atOffset: 1 << 40)
    try file.close()
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointDirectory.State.read(from: run.path)
    }
    #expect(error?.code == .limitExceeded)
  }

  @Test(arguments: ["", ".", "..", "a/b", "/a"])
  func `refuses a file name that leads elsewhere`(name: String) {
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointDirectory.State.read(from: "run", filename: name)
    }
    #expect(error?.code == .invalidArgument)
  }

  @Test func `ends with the newest, and has a timestamp for each or none`() throws {
    #expect(try CheckpointDirectory.State(latest: "m-2", all: ["m-1"]).all == ["m-1", "m-2"])
    #expect(
      try CheckpointDirectory.State(latest: "m-2", all: ["m-1", "m-2"]).all == ["m-1", "m-2"])
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointDirectory.State(latest: "m-2", all: ["m-1"], timestamps: [1])
    }
    #expect(
      error?.description
        == "1 timestamps for 2 checkpoints; give one for each, or none (invalidArgument)")
  }
}

@Suite struct StateFileTests {
  @Test func `writes what TensorFlow writes, and reads it back`() throws {
    let run = try TestDirectory()
    let state = try CheckpointDirectory.State(
      latest: run.path + "/ckpt-3", all: [run.path + "/ckpt-2", run.path + "/ckpt-3"],
      timestamps: [1795336786.7758505, 1795336786.781859], lastPreserved: 1795336785.731321)
    try StateFile(in: run.path).write(state)
    #expect(
      try run.contents() == """
        model_checkpoint_path: "ckpt-3"
        all_model_checkpoint_paths: "ckpt-2"
        all_model_checkpoint_paths: "ckpt-3"
        all_model_checkpoint_timestamps: 1795336786.7758505
        all_model_checkpoint_timestamps: 1795336786.781859
        last_preserved_timestamp: 1795336785.731321

        """)
    #expect(try CheckpointDirectory.State.read(from: run.path) == state)
    #expect(try run.names == ["checkpoint"])
  }

  // Directory, path, what is written with relative paths, and with paths as given.
  static let paths: [(directory: String, path: String, relative: String, asGiven: String)] = [
    ("/x", "/x/m-1", "m-1", "/x/m-1"),
    ("/x/", "/x//m-1", "m-1", "/x//m-1"),
    ("/x/a", "/x/b/m-1", "../b/m-1", "/x/b/m-1"),
    ("/x/a", "/x/a/../b/m-1", "../b/m-1", "/x/a/../b/m-1"),
    ("/x/a/b", "/y/m-1", "../../../y/m-1", "/y/m-1"),
    ("/", "/m-1", "m-1", "/m-1"),
    ("/x/m-1", "/x/m-1", "../m-1", "/x/m-1"),
    ("run", "run/m-1", "m-1", "m-1"),
    ("run", "./run/m-1", "m-1", "m-1"),
    ("run", "other/m-1", "../other/m-1", "../other/m-1"),
    (".", "m-1", "m-1", "m-1"),
    ("", "m-1", "m-1", "m-1"),
    (".", "./run/m-1", "run/m-1", "run/m-1"),
    ("../a", "../a/m-1", "m-1", "m-1"),
    ("a/../b", "a/../b/m-1", "m-1", "m-1"),
    ("run", "/x/m-1", "/x/m-1", "/x/m-1"),
    ("run[1]*?\\", "run[1]*?\\/m-1", "m-1", "m-1"),
    ("run", "run/m-3-?????-of-00002", "m-3-?????-of-00002", "m-3-?????-of-00002"),
  ]

  @Test(arguments: paths)
  func `writes paths from the directory on`(
    directory: String, path: String, relative: String, asGiven: String
  ) throws {
    let root = try TestDirectory()
    let state = try CheckpointDirectory.State(latest: path)
    let file = try StateFile(in: directory, fileSystem: Redirected(to: root.path))
    try file.write(state)
    #expect(try root.contents().hasPrefix("model_checkpoint_path: \"\(escaped(relative))\"\n"))
    try file.write(state, paths: .asGiven)
    #expect(try root.contents().hasPrefix("model_checkpoint_path: \"\(escaped(asGiven))\"\n"))
  }

  private func escaped(_ path: String) -> String { path.replacing("\\", with: "\\\\") }

  @Test(arguments: [
    ("/x", "m-1", "the way here from '/x' is not known"),
    ("../a", "m-1", "the way here from '../a' is not known"),
    ("run", "run/", "a checkpoint's path ends with a name"),
    ("run", "run/..", "a checkpoint's path ends with a name"),
    ("run", "", "the path is empty"),
    ("run", "run/a\u{0}", "a path cannot contain the character U+0000"),
  ])
  func `refuses paths that cannot be written`(directory: String, path: String, wording: String) {
    let error = #expect(throws: CheckpointError.self) {
      try StateFile(in: directory).write(CheckpointDirectory.State(latest: path))
    }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.hasPrefix(wording) == true)
  }

  @Test(arguments: [
    ("run", "checkpoint", "run/checkpoint"), ("/x", "checkpoint", "/x/./checkpoint"),
    ("run", "m.index", "run/m"), ("run", "m.meta", "./run//m"),
    ("run", "m.data-00000-of-00001", "run/m"), (".", "state", "state"),
  ])
  func `refuses a checkpoint that would overwrite it`(
    directory: String, name: String, prefix: String
  ) throws {
    let file = try StateFile(in: directory, name: name)
    let error = #expect(throws: CheckpointError.self) { try file.checkConflict(with: prefix) }
    #expect(
      error?.description
        == "\(Path.join(directory, name)): the checkpoint '\(prefix)' would overwrite the state file;"
        + " rename one (pathConflict)")
    #expect(throws: CheckpointError.self) {
      try file.write(CheckpointDirectory.State(latest: prefix))
    }
    try file.checkConflict(with: Path.join(directory, "checkpoint-1"))
  }

  @Test func `writes, syncs, renames, and syncs the directory, in this order`() throws {
    let run = try TestDirectory()
    let system = InterceptingFileSystem()
    let file = try StateFile(in: run.path, fileSystem: system)
    let temporary = TemporaryName.temporary(for: "checkpoint")
    try file.write(CheckpointDirectory.State(latest: run.path + "/m-1"))
    let lock = TemporaryName.lock(for: "checkpoint")
    #expect(
      system.calls.filter(\.kind.changesFiles).map(\.description) == [
        "lock \(lock)", "setNote \(lock)", "syncNote \(lock)", "syncDirectory run",
        "create \(temporary)", "write \(temporary)", "sync \(temporary)",
        "close \(temporary)", "rename checkpoint", "syncDirectory run", "removeLock \(lock)",
      ])
  }

  @Test func `waits for nothing if durability is not wanted`() throws {
    let run = try TestDirectory()
    let system = InterceptingFileSystem()
    let file = try StateFile(in: run.path, fileSystem: system)
    try file.write(CheckpointDirectory.State(latest: run.path + "/m-1"), durability: .none)
    #expect(!system.calls.contains { [.sync, .syncNote, .syncDirectory].contains($0.kind) })
    #expect(try run.contents().hasPrefix("model_checkpoint_path: \"m-1\"\n"))
  }

  @Test(arguments: ["create", "write", "sync", "close", "rename"])
  func `keeps the old file and leaves nothing behind when a step fails`(step: String) throws {
    let run = try TestDirectory()
    try StateFile(in: run.path).write(CheckpointDirectory.State(latest: run.path + "/m-1"))
    let before = try run.contents()
    let system = InterceptingFileSystem { _, call throws(CheckpointError) in
      guard call.kind.rawValue == step else { return }
      throw CheckpointError(.io, "\(step) failed", file: call.path)
    }
    let failing = try StateFile(in: run.path, fileSystem: system)
    let error = #expect(throws: CheckpointError.self) {
      try failing.write(CheckpointDirectory.State(latest: run.path + "/m-2"))
    }
    #expect(error?.message == "\(step) failed")
    #expect(try run.contents() == before)
    #expect(try run.names == ["checkpoint"])
  }

  @Test func `writes over what a dead process left behind`() throws {
    let run = try TestDirectory()
    try run.write(
      String(repeating: "x", count: 999), to: TemporaryName.temporary(for: "checkpoint"))
    let note = String(decoding: SaveNote.file.bytes, as: UTF8.self)
    try run.write(note, to: TemporaryName.lock(for: "checkpoint"))
    try StateFile(in: run.path).write(CheckpointDirectory.State(latest: run.path + "/m-1"))
    #expect(
      try run.contents() == """
        model_checkpoint_path: "m-1"
        all_model_checkpoint_paths: "m-1"

        """)
    #expect(try run.names == ["checkpoint"])
  }

  @Test func `is whole whoever writes at the same time`() async throws {
    let run = try TestDirectory()
    let path = run.path
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<4 {
        group.addTask {
          for step in 0..<20 {
            let state = try CheckpointDirectory.State(latest: "\(path)/w\(writer)-\(step)")
            try StateFile(in: path).write(state, durability: .none)
            #expect(try CheckpointDirectory.State.read(from: path) != nil)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try run.names == ["checkpoint"])
  }
}

/// A file system in which every file lies in one directory, whatever directory its path names.
private struct Redirected: FileSystem {
  private let local = LocalFileSystem()
  private let directory: String

  init(to directory: String) { self.directory = directory }

  private func place(_ path: String) -> String { Path.join(directory, Path(path).name) }

  func openFile(_ path: String) throws(CheckpointError) -> any ReadableFile {
    try local.openFile(place(path))
  }
  func createFile(_ path: String, permissions: FilePermissions) throws(CheckpointError)
    -> any WritableFile
  {
    try local.createFile(place(path), permissions: permissions)
  }
  func reopenFile(_ path: String) throws(CheckpointError) -> any WritableFile {
    try local.reopenFile(place(path))
  }
  func rename(_ old: String, to new: String) throws(CheckpointError) {
    try local.rename(place(old), to: place(new))
  }
  func link(_ existing: String, to new: String) throws(CheckpointError) -> Bool {
    try local.link(place(existing), to: place(new))
  }
  func removeFile(_ path: String) throws(CheckpointError) { try local.removeFile(place(path)) }
  func removeDirectory(_ path: String) throws(CheckpointError) {}
  func createDirectory(_ path: String) throws(CheckpointError) {}
  func syncDirectory(_ path: String) throws(CheckpointError) {}
  func namesInDirectory(_ path: String) throws(CheckpointError) -> [String] {
    try local.namesInDirectory(directory)
  }
  func status(of path: String) throws(CheckpointError) -> FileStatus? {
    try local.status(of: place(path))
  }
  func entryStatus(of path: String) throws(CheckpointError) -> FileStatus? {
    try local.entryStatus(of: place(path))
  }
  func lockFile(_ path: String, creating: Bool) throws(CheckpointError) -> (any LockedFile)? {
    try local.lockFile(place(path), creating: creating)
  }
  func availableByteCount(at directory: String) -> UInt64? { nil }
}

@Suite struct LatestCheckpointTests {
  @Test func `is nil without a state file, or without the checkpoint`() throws {
    let run = try TestDirectory()
    #expect(try CheckpointDirectory(run.path).latest() == nil)
    try run.write("index", to: "ckpt-6.index")
    try run.write("model_checkpoint_path: \"ckpt-7\" all_model_checkpoint_paths: \"ckpt-6\"")
    #expect(try CheckpointDirectory(run.path).latest() == nil)
  }

  // TensorFlow takes the path for a pattern, and finds nothing in most of these.
  @Test(arguments: ["run", "d[1]", "d*", "d?", "d\\", "{a,b}", "é ü", "a'b\"c"])
  func `finds the index file in any directory`(name: String) throws {
    let run = try TestDirectory(named: name)
    try run.write("index", to: "ckpt-7.index")
    try StateFile(in: run.path).write(CheckpointDirectory.State(latest: run.path + "/ckpt-7"))
    #expect(try CheckpointDirectory(run.path).latest() == run.path + "/ckpt-7")
  }

  @Test func `finds a file of format V1, and its parts`() throws {
    let run = try TestDirectory()
    try run.write("model_checkpoint_path: \"m-3\"")
    try run.write("v1", to: "m-3")
    #expect(try CheckpointDirectory(run.path).latest() == run.path + "/m-3")
    let pattern = "m-3-?????-of-00002"
    try run.write("model_checkpoint_path: \"\(pattern)\"")
    for name in [
      "m-3-0000a-of-00002", "m-3-000000-of-00002", "m-3-00001-of-00003", "xm-3-00001-of-00002",
    ] {
      try run.write("not a part", to: name)
    }
    #expect(try CheckpointDirectory(run.path).latest() == nil)
    try run.write("part", to: "m-3-00001-of-00002")
    #expect(try CheckpointDirectory(run.path).latest() == "\(run.path)/\(pattern)")
  }

  @Test func `does not take other characters for patterns`() throws {
    let run = try TestDirectory()
    try run.write("index", to: "ckpt-7.index")
    for pattern in ["ckpt-?", "ckpt-*", "ckpt-[7]", "*", "ckpt-7.*"] {
      try run.write("model_checkpoint_path: \"\(pattern)\"")
      #expect(try CheckpointDirectory(run.path).latest() == nil, "\(pattern)")
    }
  }

  @Test func `does not take a directory for a checkpoint`() throws {
    let run = try TestDirectory()
    try run.write("model_checkpoint_path: \".\"")
    #expect(try CheckpointDirectory(run.path).latest() == nil)
  }

  @Test func `finds a checkpoint whose directory was moved`() throws {
    let run = try TestDirectory()
    try run.write("index", to: "ckpt-7.index")
    try run.write("model_checkpoint_path: \"/old/place/run/ckpt-7\"")
    #expect(try CheckpointDirectory(run.path).latest() == run.path + "/ckpt-7")
  }

  @Test func `does not take another checkpoint of the same name`() throws {
    let run = try TestDirectory()
    try run.write("index", to: "ckpt-7.index")
    try run.write("model_checkpoint_path: \"../b/ckpt-7\"")
    #expect(try CheckpointDirectory(run.path).latest() == nil)
  }

  @Test func `fails on a damaged state file`() throws {
    let run = try TestDirectory()
    try run.write("model_checkpoint_path: \"ckpt")
    let error = #expect(throws: CheckpointError.self) { try CheckpointDirectory(run.path).latest() }
    #expect(error?.code == .corrupt)
    #expect(error?.file == run.path + "/checkpoint")
  }

  @Test func `lists the prefixes that are there, by number`() throws {
    let run = try TestDirectory()
    for name in [
      "ckpt-10", "ckpt-9", "ckpt-100", "best", "best-2", "a-18446744073709551616", "a-7",
    ] {
      try run.write("index", to: name + ".index")
    }
    try run.write("", to: "ckpt-11.index")
    try run.write("x", to: ".index")
    try run.write("x", to: TemporaryName.temporary(for: "ckpt-12.index"))
    try run.write("x", to: "ckpt-13.data-00000-of-00001")
    let names = try CheckpointDirectory(run.path).prefixes().map { Path($0).name }
    #expect(
      names == ["a-7", "a-18446744073709551616", "best", "best-2", "ckpt-9", "ckpt-10", "ckpt-100"])
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointDirectory(run.path + "/none").prefixes()
    }
    #expect(error?.code == .notFound)
  }
}
