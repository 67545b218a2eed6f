import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves that a save removes what dead saves of this library have left, and nothing else.
@Suite struct LeftoversTests {
  // Names as they might stand beside a checkpoint: near to ours, TensorFlow's, other prefixes'.
  static let lookalikes =
    [
      "model.meta", "model.index.bak", "modelx.index", "model", "model.txt", "model.data",
      "model.data-", "model.data-00000", "model.data-00000-of-", "model.data-00000-of-00001.bak",
      "model.data-0000-of-00001", "model.data-000000-of-000001", "model.data-00000-of-1",
      "model.data-00000-of-0000a", "model.data--0001-of-00001",
      "model.data-00000-of-00001-of-00001",
      "model.data-00000-of-99999999999999999999", "model.data-99999999999999999999-of-00001",
      "model.data-00000_of_00001", "model.DATA-00000-of-00001", "model.data-٠٠٠٠٠-of-٠٠٠٠١",
      "modelx.data-00000-of-00001", "xmodel.data-00000-of-00001", "model-1.data-00000-of-00001",
      "model.data-00000-of-00001.data-00000-of-00001", ".data-00000-of-00001", ".index",
      "other.data-00000-of-00001", "other.data-00001-of-00002", "other.index",
      "model.index.tempstate14785566384742069473", "model.data-00000-of-00001.tempstate1",
      "model_temp", "checkpoint", "checkpoint.tmp0123456789abcdef0123456789abcdef",
      "swift-checkpoints-tmp", ".swift-checkpoints-tmp", ".swift-checkpoints-lock",
      "swift-checkpoints-lock", "model.swift-checkpoints-tmp.bak", "model.swift-checkpoints-tmp~",
      "model.swift-checkpoints-tm", "model.swift-checkpoints-tmpx", "model.Swift-checkpoints-tmp",
      "model.swift_checkpoints_tmp", "model.swift-checkpoints", "model-swift-checkpoints-lock",
      "model.swift-checkpoints-lock.bak", "model.swift-checkpoints-loc",
      "model.swift-checkpoints-lock ", "model.SWIFT-CHECKPOINTS-LOCK", "a\nb", " ", "*", "[m]odel",
      "mod?l.index", "\\model", "日本語", "model\u{301}.index", "-rf",
    ]

  private func save(_ value: Float, to prefix: String, _ options: FileOptions = FileOptions())
    throws(CheckpointError)
  {
    var writer = try BundleWriter(prefix: prefix, options: options)
    try writer.add(Tensor<Float>([value, value]), for: "w")
    try writer.finish()
  }

  private func value(_ prefix: String) throws -> Float {
    try Tensor<Float>(BundleReader(prefix: prefix).tensor(for: "w")).array[0]
  }

  @Test func `removes no file that only looks like ours`() throws {
    #expect(Self.lookalikes.count >= 50)
    let directory = try TemporaryDirectory()
    for name in Self.lookalikes { try directory.write(Array(name.utf8), to: name) }
    // Our names, but not our content.
    try directory.write("My notes".utf8, to: "notes.swift-checkpoints-lock")
    try directory.write("Also mine".utf8, to: "notes.index.swift-checkpoints-tmp")
    for value in [1, 2, 3] as [Float] { try save(value, to: directory.path("model")) }
    for name in Self.lookalikes {
      #expect(try directory.bytes(name) == Array(name.utf8), "\(name)")
    }
    #expect(try directory.bytes("notes.swift-checkpoints-lock") == Array("My notes".utf8))
    #expect(try directory.bytes("notes.index.swift-checkpoints-tmp") == Array("Also mine".utf8))
    #expect(directory.names.count == Self.lookalikes.count + 4)  // two of the checkpoint
    #expect(try value(directory.path("model")) == 3)
  }

  @Test(arguments: ["other.swift-checkpoints-lock", "other.index.swift-checkpoints-tmp"])
  func `is not stopped by a directory with a name of ours`(name: String) throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(
      atPath: directory.path(name + "/within"), withIntermediateDirectories: true)
    try save(1, to: directory.path("model"))
    #expect(try value(directory.path("model")) == 1)
    #expect(directory.names.contains(name + "/within"))
  }

  @Test func `is not stopped by what somebody else has left and does not let go`() throws {
    let directory = try TemporaryDirectory()
    try directory.write([], to: "other.swift-checkpoints-lock")
    var options = FileOptions()
    options.fileSystem = InterceptingFileSystem { _, call throws(CheckpointError) in
      guard call.kind == .lock, call.path.contains("other") else { return }
      throw .system("open", errno: EACCES, file: call.path)
    }
    try save(1, to: directory.path("model"), options)
    #expect(try value(directory.path("model")) == 1)
  }

  // The notes of this version, and those of earlier ones.
  static let notes = [
    "swift-checkpoints save\nwrites .data-?????-of-00002\nwrites .index\nnew 2\nreplaces 1\nend\n",
    "swift-checkpoints save\nnew 2\nreplaces 1\n",
  ]

  @Test(arguments: notes)
  func `removes what a dead save has left, of any prefix in the directory`(note: String) throws {
    let directory = try TemporaryDirectory()
    try save(1, to: directory.path("other"))
    for name in ["other", "another"] {
      try directory.write(note.utf8, to: name + ".swift-checkpoints-lock")
      try directory.write([1], to: name + ".index.swift-checkpoints-tmp")
      try directory.write([1], to: name + ".data-00000-of-00002")
      try directory.write([1], to: name + ".data-00001-of-00002.swift-checkpoints-tmp")
    }
    try directory.write(
      "swift-checkpoints save\nwrites\nend\n".utf8, to: "checkpoint.swift-checkpoints-lock")
    try directory.write([1], to: "checkpoint.swift-checkpoints-tmp")
    try save(2, to: directory.path("model"))
    #expect(
      directory.names == [
        "model.data-00000-of-00001", "model.index", "other.data-00000-of-00001", "other.index",
      ])
    #expect(try value(directory.path("other")) == 1)
  }

  // A save that is not durable leaves an empty lock file after a power cut, and so did earlier
  // versions.
  @Test(arguments: ["", "swift-check", "swift-checkpoints save\nwrites .ind", "\0\0\0\0"])
  func `takes a note that was cut short for one that lists everything`(note: String) throws {
    let directory = try TemporaryDirectory()
    try directory.write(note.utf8, to: "other.swift-checkpoints-lock")
    for name in ["other", "other.index", "other.data-00003-of-00007"] {
      try directory.write([1], to: name + ".swift-checkpoints-tmp")
    }
    try directory.write([1], to: "others.swift-checkpoints-tmp")
    try save(2, to: directory.path("model"))
    #expect(
      directory.names == [
        "model.data-00000-of-00001", "model.index", "others.swift-checkpoints-tmp",
      ])
  }

  @Test func `removes no temporary file that no note lists`() throws {
    let directory = try TemporaryDirectory()
    try directory.write(Self.notes[0].utf8, to: "other.swift-checkpoints-lock")
    let foreign = ["other", "other.data-00000-of-00003", "loose.index", "checkpoint"]
      .map { $0 + ".swift-checkpoints-tmp" }
    for name in foreign { try directory.write([1], to: name) }
    try save(2, to: directory.path("model"))
    #expect(directory.names == (foreign + ["model.data-00000-of-00001", "model.index"]).sorted())
  }

  @Test(arguments: ["symbolic link", "directory", "second name"])
  func `removes nothing that a note lists and no save can have written`(kind: String) throws {
    let directory = try TemporaryDirectory()
    let outside = try TemporaryDirectory()
    try outside.write([7], to: "file")
    let name = "other.index.swift-checkpoints-tmp"
    let manager = FileManager.default
    switch kind {
    case "directory":
      try manager.createDirectory(atPath: directory.path(name), withIntermediateDirectories: false)
    case "second name":
      try manager.linkItem(atPath: outside.path("file"), toPath: directory.path(name))
    default:
      try manager.createSymbolicLink(
        atPath: directory.path(name), withDestinationPath: outside.path("file"))
    }
    try directory.write(Self.notes[0].utf8, to: "other.swift-checkpoints-lock")
    try save(2, to: directory.path("model"))
    #expect(directory.names == ["model.data-00000-of-00001", "model.index", name])
    #expect(try outside.bytes("file") == [7])
  }

  @Test func `leaves the note where the index that it speaks of cannot be read`() throws {
    let directory = try TemporaryDirectory()
    try save(1, to: directory.path("other"))
    try directory.write([1], to: "other.data-00000-of-00002")
    try directory.write(Self.notes[0].utf8, to: "other.swift-checkpoints-lock")
    var options = FileOptions()
    options.fileSystem = InterceptingFileSystem { _, call throws(CheckpointError) in
      guard call.kind == .open, call.path.hasSuffix("other.index") else { return }
      throw .system("open", errno: EMFILE, file: call.path)
    }
    try save(2, to: directory.path("model"), options)
    #expect(directory.names.contains("other.swift-checkpoints-lock"))
    try save(3, to: directory.path("model"))
    #expect(
      directory.names == [
        "model.data-00000-of-00002", "model.index", "other.data-00000-of-00001", "other.index",
      ])
  }

  @Test func `leaves the files of a save that is under way`() throws {
    let directory = try TemporaryDirectory()
    var writer = try BundleWriter(prefix: directory.path("other"))
    try writer.add(Tensor<Float>([7, 7]), for: "w")
    let before = directory.names
    try save(1, to: directory.path("model"))
    #expect(Set(directory.names).isSuperset(of: before))
    try writer.finish()
    #expect(try value(directory.path("other")) == 7)
  }

  // One letter in two encodings: the same text to Swift, two files to the system.
  @Test func `tells names apart by their bytes`() throws {
    let directory = try TemporaryDirectory()
    let (composed, decomposed) = ("\u{E9}", "e\u{301}")
    try save(1, to: directory.path(composed))
    var writer = try BundleWriter(prefix: directory.path(decomposed))
    try writer.add(Tensor<Float>([7, 7]), for: "w")
    try save(2, to: directory.path(composed))
    try save(3, to: directory.path("model"))
    try writer.finish()
    #expect(try value(directory.path(composed)) == 2)
    #expect(try value(directory.path(decomposed)) == 7)
    try save(8, to: directory.path(decomposed))
    #expect(try value(directory.path(composed)) == 2)
    #expect(try value(directory.path(decomposed)) == 8)
    #expect(directory.names.count == 6)
  }

  @Test(arguments: [
    "swift-checkpoints save\nnew 2\nreplaces 1", "swift-checkpoints save\nnew 0\nreplaces 1\n",
    "swift-checkpoints save\nnew -2\nreplaces\n", "swift-checkpoints save\nnew 2\nreplaces x\n",
    "swift-checkpoints save\nnew 99999999999999999999\nreplaces\n", "swift-checkpoints save\n",
    "swift-checkpoints save\nnew 2\nreplaces 1\nmore\n", "swift", "",
    "swift-checkpoints save\nnew 2 3\nreplaces\n", "swift-checkpoints save\nkeeps\nreplaces 2\n",
    "swift-checkpoints save\nwrites .index\nnew 2\nreplaces 1\n",
    "swift-checkpoints save\nnew 2\nreplaces 1\nwrites .index\nend\n",
    "swift-checkpoints save\nnew 2\nend\n",
  ])
  func `takes a note that is not whole for no note`(note: String) throws {
    let directory = try TemporaryDirectory()
    try save(1, to: directory.path("other"))
    try directory.write([1], to: "other.data-00000-of-00002")
    try directory.write(note.utf8, to: "other.swift-checkpoints-lock")
    try save(2, to: directory.path("model"))
    #expect(try value(directory.path("other")) == 1)
    #expect(
      directory.names == [
        "model.data-00000-of-00001", "model.index", "other.data-00000-of-00001",
        "other.data-00000-of-00002", "other.index",
      ])
  }

  // Whatever a note says, the data files that the standing index counts stay.
  @Test(arguments: [
    "new 1\nreplaces 1", "new 1\nreplaces 1 2", "new 2\nreplaces 1", "new 7\nreplaces 1 2 3",
  ])
  func `never removes what the standing index needs`(lines: String) throws {
    let directory = try TemporaryDirectory()
    try save(1, to: directory.path("other"))
    try directory.write(
      "swift-checkpoints save\n\(lines)\n".utf8, to: "other.swift-checkpoints-lock")
    try save(2, to: directory.path("model"))
    #expect(try value(directory.path("other")) == 1)
  }

  @Test func `proves nothing by an index that cannot be read`() throws {
    let directory = try TemporaryDirectory()
    try directory.write([1, 2, 3], to: "other.index")
    for count in 1...2 { try directory.write([1], to: "other.data-00000-of-0000\(count)") }
    try directory.write(
      "swift-checkpoints save\nnew 2\nreplaces 1\n".utf8, to: "other.swift-checkpoints-lock")
    try save(2, to: directory.path("model"))
    #expect(directory.names.filter { $0.hasPrefix("other.data") }.count == 2)
  }
}
