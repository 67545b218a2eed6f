import CheckpointIO
import CheckpointSafetensors
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Synchronization
import Testing

/// Proves that a directory with a model in safetensors files is one checkpoint, whatever leads to it, and that
/// nothing of it is lost silently.
@Suite struct ModelDirectoryTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory("model") }

  // MARK: What there is

  private func save(_ names: [TensorKey], to file: String) throws {
    var writer = try SafetensorsWriter(directory.path(file))
    for name in names { try writer.add(Tensor<Float>([1, 2]), for: name) }
    try writer.finish()
  }

  private func writeIndex(
    _ map: KeyValuePairs<String, String>, metadata: String = #"{"total_size": 24}"#,
    to name: String = "model.safetensors.index.json"
  ) throws {
    let members = map.map { "\"\($0.key)\": \"\($0.value)\"" }.joined(separator: ", ")
    try directory.write(
      #"{"metadata": \#(metadata), "weight_map": {\#(members)}}"#.utf8, to: name)
  }

  private static let first = "model-00001-of-00002.safetensors"
  private static let second = "model-00002-of-00002.safetensors"

  private func saveModel() throws {
    try save(["a", "b"], to: Self.first)
    try save(["c"], to: Self.second)
    try writeIndex(["a": Self.first, "b": Self.first, "c": Self.second])
  }

  private func keys(_ path: String) throws -> [String] {
    try CheckpointReader(directory.path(path)).entries().map(\.key.description)
  }

  private func failure(of path: String) -> CheckpointError? {
    #expect(throws: CheckpointError.self) { try keys(path) }
  }

  // MARK: Names of files in an index

  /// An empty name is that of no file, and no other's; escaped characters and `./` change nothing.
  @Test func `reads the names of files as they are meant`() throws {
    try saveModel()
    for other in [#"\u006dodel-00002-of-00002.safetensors"#, "./\(Self.second)"] {
      try writeIndex(["a": Self.first, "b": Self.first, "c": other])
      #expect(try keys("") == ["a", "b", "c"], "\(other)")
      #expect(try CheckpointReader(directory.path).shardCount == 2)
    }
    // However a file is spelled, it is one.
    try writeIndex(["a": Self.first, "b": "././\(Self.first)", "c": "./\(Self.second)"])
    #expect(try CheckpointReader(directory.path).shardCount == 2)
    try writeIndex(["a": ""])
    #expect(failure(of: "model.safetensors.index.json")?.description.contains("file ''") == true)
    try writeIndex(["a": #"\u006dodel-00001-of-00002.safetensors"#, "c": ""])
    #expect(failure(of: "model.safetensors.index.json")?.description.contains("file ''") == true)
  }

  // MARK: Ways to it

  @Test(arguments: [
    "", "model.safetensors.index.json", first, second, "model-?????-of-00002.safetensors",
  ])
  func `everything leads to the whole model`(path: String) throws {
    try saveModel()
    try save(["lora"], to: "adapters.safetensors")
    try save(["m"], to: "optimizer.safetensors")
    #expect(try keys(path) == ["a", "b", "c"])
    let reader = try CheckpointReader(directory.path(path))
    #expect(reader.format == .modelDirectory)
    #expect(reader.shardCount == 2)
    #expect(try reader.entry(for: "c")?.shard == 1)
    #expect(try Tensor<Float>(reader.tensor(for: "c")).array == [1, 2])
  }

  @Test(arguments: ["", first, "model-?????-of-00002.safetensors", "model"])
  func `parts without an index are the whole model`(path: String) throws {
    try save(["a", "b"], to: Self.first)
    try save(["c"], to: Self.second)
    #expect(try keys(path) == ["a", "b", "c"])
  }

  @Test(arguments: ["", "weights.safetensors.index.json", "one.safetensors", "sub/two.safetensors"])
  func `an index may have any name, and name any files`(path: String) throws {
    try FileManager.default.createDirectory(
      atPath: directory.path("sub"), withIntermediateDirectories: false)
    try save(["a"], to: "one.safetensors")
    try save(["b"], to: "sub/two.safetensors")
    try writeIndex(
      ["a": "one.safetensors", "b": "sub/two.safetensors"], metadata: "{}",
      to: "weights.safetensors.index.json")
    // What lies in another directory than its index is known by the index only.
    #expect(try keys(path) == (path.hasPrefix("sub") ? ["b"] : ["a", "b"]))
  }

  @Test func `a single model comes before whatever else lies beside it`() throws {
    try save(["w"], to: "model.safetensors")
    try save(["lora"], to: "adapters.safetensors")
    #expect(try keys("") == ["w"])
    #expect(try keys("adapters.safetensors") == ["lora"])
  }

  @Test func `of files of several names nobody knows which is meant`() throws {
    try save(["a"], to: "weights.00.safetensors")
    try save(["b"], to: "weights.01.safetensors")
    let error = try #require(failure(of: ""))
    #expect(error.code == .ambiguousName)
    #expect(error.message.contains("'weights.00.safetensors', 'weights.01.safetensors'"))
  }

  @Test func `of numbered files the one of the highest number is the newest`() throws {
    for step in [2, 10, 9] { try save([TensorKey("w\(step)")], to: "ckpt-\(step).safetensors") }
    #expect(try keys("") == ["w10"])
  }

  @Test func `a model in a folder of its own is given by its path`() throws {
    try FileManager.default.createDirectory(
      atPath: directory.path("unet"), withIntermediateDirectories: false)
    try save(["u"], to: "unet/model.safetensors")
    #expect(try keys("unet") == ["u"])
    #expect(failure(of: "")?.code == .notACheckpoint)
  }

  /// In a cache of Hugging Face's, what a directory has are links to files of other directories.
  @Test func `links may lead out of the directory`() throws {
    try saveModel()
    let files = FileManager.default
    for folder in ["snapshots", "snapshots/1"] {
      try files.createDirectory(
        atPath: directory.path(folder), withIntermediateDirectories: false)
    }
    for name in [Self.first, Self.second, "model.safetensors.index.json"] {
      try files.createSymbolicLink(
        atPath: directory.path("snapshots/1/\(name)"), withDestinationPath: "../../\(name)")
    }
    #expect(try keys("snapshots/1") == ["a", "b", "c"])
    try files.removeItem(atPath: directory.path(Self.second))
    let error = try #require(failure(of: "snapshots/1"))
    #expect(error.code == .notFound)
    #expect(error.message.contains("a symbolic link that leads to nothing"))
    #expect(error.file?.hasSuffix("snapshots/1/\(Self.second)") == true)
  }

  // MARK: What does not fit together

  @Test func `a single model beside an index that does not name it is an error that names both`()
    throws
  {
    try saveModel()
    try save(["w"], to: "model.safetensors")
    let error = try #require(failure(of: ""))
    #expect(error.code == .ambiguousName)
    #expect(error.message.contains("'model.safetensors', 'model.safetensors.index.json'"))
    #expect(try keys("model.safetensors") == ["w"])
    #expect(try keys("model.safetensors.index.json") == ["a", "b", "c"])
  }

  @Test func `a missing part is named, with an index and without`() throws {
    try saveModel()
    try FileManager.default.removeItem(atPath: directory.path(Self.first))
    let ways = [
      "", Self.second, "model.safetensors.index.json", "model-?????-of-00002.safetensors",
    ]
    for path in ways {
      let error = try #require(failure(of: path))
      #expect(error.code == .notFound)
      #expect("\(error)".contains(Self.first), "\(path): \(error)")
    }
    try FileManager.default.removeItem(atPath: directory.path("model.safetensors.index.json"))
    for path in ways.filter({ !$0.hasSuffix("json") }) {
      #expect("\(try #require(failure(of: path)))".contains(Self.first), "\(path)")
    }
  }

  @Test func `everything that is wrong with a model is said at once`() throws {
    try save(["a", "b", "extra"], to: Self.first)
    try save(["b", "c"], to: Self.second)
    try writeIndex(["a": Self.first, "b": Self.first, "c": Self.second, "gone": Self.second])
    let twice = try #require(failure(of: ""))
    #expect(twice.code == .duplicateName)
    #expect(twice.key == "b")
    #expect("\(twice)".contains(Self.first) && "\(twice)".contains(Self.second))
    try save(["c", "b"], to: Self.second)
    try save(["a", "extra"], to: Self.first)
    let error = try #require(failure(of: ""))
    #expect(error.code == .corrupt)
    #expect(error.problems.map(\.key) == ["b", "extra", "gone"], "\(error)")
  }

  // Files are cut and joined, and the number stays what it was; no other program reads it.
  @Test func `a wrong total size is told, and keeps nobody from the tensors`() throws {
    try saveModel()
    try writeIndex(
      ["a": Self.first, "b": Self.first, "c": Self.second], metadata: #"{"total_size": 7}"#)
    #expect(try keys("") == ["a", "b", "c"])
    let reader = try SafetensorsReader(directory.path("model.safetensors.index.json"))
    let findings = SafetensorsVerifier(reader).verify()
    #expect(findings.problems.problems.isEmpty)
    #expect(findings.notes.contains { $0.contains("7 bytes ('total_size'), they take 24;") })
  }

  @Test(arguments: [
    "/etc/x.safetensors", "../x.safetensors", "sub/../../x.safetensors", "", "a//b",
  ])
  func `an index names no file outside of its directory`(name: String) throws {
    try saveModel()
    try writeIndex(["a": Self.first, "b": Self.first, "c": name])
    let error = try #require(failure(of: ""))
    #expect(error.code == .corrupt)
    #expect(error.message.contains("'\(name)'"))
  }

  @Test(arguments: [
    #"{}"#, #"{"weight_map": []}"#, #"{"weight_map": {"a": 1}}"#, #"{"weight_map": {"a": "x"}"#,
    #"{"weight_map": {"a": "x", "a": "y"}}"#, "[1]", "",
    #"{"metadata": {"total_size": "many"}, "weight_map": {}}"#,
    #"{"weight_map": {}, "weight_map": {}}"#, #"{"weight_map": {}} {}"#,
    #"{"metadata": {"total_size": 0, "total_size": 0}, "weight_map": {}}"#,
  ])
  func `an index that is none is an error, at its place`(text: String) throws {
    try directory.write(text.utf8, to: "model.safetensors.index.json")
    let error = try #require(failure(of: ""))
    #expect(error.code == .corrupt)
    #expect(error.file == directory.path("model.safetensors.index.json"))
  }

  // What the index does not name would be lost.
  @Test func `an index names all files that are called like its parts`() throws {
    try saveModel()
    for map in [["a": Self.first, "b": Self.first] as KeyValuePairs, [:]] {
      try writeIndex(map)
      let error = try #require(failure(of: ""))
      #expect(error.code == .corrupt)
      #expect(
        "\(error)".contains("'\(Self.second)' is a file of this model by its name"), "\(error)")
    }
    // Another index may have it.
    try writeIndex(["c": Self.second], to: "head.safetensors.index.json")
    try writeIndex(["a": Self.first, "b": Self.first])
    #expect(try keys("") == ["a", "b"])
    // Parts of another number are another model's.
    try saveModel()
    try save(["z"], to: "model-00003-of-00003.safetensors")
    try save(["z"], to: "other-00002-of-00002.safetensors")
    #expect(try keys("") == ["a", "b", "c"])
  }

  /// macOS keeps what other file systems have no room for in files of its own.
  @Test func `files of macOS are no part of a model`() throws {
    let names = ["llama-00001-of-00002.safetensors", "llama-00002-of-00002.safetensors"]
    for name in names {
      try save([TensorKey(name)], to: name)
      try directory.write(
        [0, 5, 0x16, 7, 0, 2, 0, 0] + [UInt8](repeating: 0, count: 120), to: "._\(name)")
    }
    #expect(try keys("") == names)
    try writeIndex([names[0]: names[0], names[1]: names[1]], to: "llama.safetensors.index.json")
    try directory.write([0, 5, 0x16, 7], to: "._llama.safetensors.index.json")
    #expect(try keys("") == names)
    let error = try #require(failure(of: "._\(names[0])"))
    #expect("\(error)".contains("what macOS keeps of another file"), "\(error)")
  }

  @Test(arguments: ["24", "24.0", "2.4e1"])
  func `the size may be written as any number`(size: String) throws {
    try saveModel()
    try writeIndex(
      ["a": Self.first, "b": Self.first, "c": Self.second],
      metadata: #"{"total_parameters": 6, "total_size": \#(size) }"#)
    #expect(try keys("") == ["a", "b", "c"])
  }

  // MARK: Beside a writer

  /// Old or new, whole: an index that is replaced while its files are opened is read again.
  @Test func `a model that is replaced while it is opened is read again`() throws {
    try saveModel()
    try save(["n"], to: "new.safetensors")
    let isReplaced = Atomic(false)
    let replaces = InterceptingFileSystem { [directory] _, call throws(CheckpointError) in
      guard call.kind == .open, call.path.hasSuffix(Self.second),
        !isReplaced.exchange(true, ordering: .relaxed)
      else { return }
      let index = "model.safetensors.index.json"
      let text = #"{"weight_map": {"n": "new.safetensors"}}"#
      do {
        try directory.write(text.utf8, to: "index.new")
        try FileManager.default.removeItem(atPath: directory.path(Self.second))
      } catch {
        Issue.record(error)
      }
      try LocalFileSystem().rename(directory.path("index.new"), to: directory.path(index))
    }
    let reader = try CheckpointReader(at: directory.path, replaces)
    #expect(try reader.entries().map(\.key) == ["n"])
  }

  // MARK: Verification, audit

  @Test func `a check reads every part`() throws {
    try saveModel()
    let findings = try Verification(
      of: directory.path, fileSystem: LocalFileSystem(), follower: nil, found: { _ in },
      progress: { _, _ in })
    #expect(findings.isIntact)
    #expect(findings.tensorCount == 3)
    #expect(findings.byteCount == 24)
  }

  @Test func `a listing knows one model, and whose the parts are`() throws {
    try saveModel()
    try save(["lora"], to: "adapters.safetensors")
    let listing = try DirectoryListing(of: directory.path, fileSystem: LocalFileSystem())
    #expect(
      try listing.checkpoints().map(\.name.name) == [
        "adapters.safetensors", "model.safetensors.index.json",
      ])
    for name in [Self.first, Self.second, "model.safetensors.index.json"] {
      #expect(try listing.owner(of: name)?.name.name == "model.safetensors.index.json")
    }
    try FileManager.default.removeItem(atPath: directory.path(Self.second))
    let torn = try DirectoryListing(of: directory.path, fileSystem: LocalFileSystem()).model()
    #expect(torn?.missing == [Self.second])
  }

  // MARK: What the system refuses

  @Test func `a file that may not be read is no file that is missing`() throws {
    try saveModel()
    for name in [Self.first, "model.safetensors.index.json"] {
      let refusing = InterceptingFileSystem { _, call throws(CheckpointError) in
        guard call.kind == .open, call.path.hasSuffix(name) else { return }
        throw .system("open", errno: EACCES, file: call.path)
      }
      let error = #expect(throws: CheckpointError.self) {
        try SafetensorsReader(
          directory.path("model.safetensors.index.json"), fileSystem: refusing)
      }
      #expect(error?.code == .io && error?.file == directory.path(name))
      #expect(error?.systemError == EACCES)
    }
    let none = #expect(throws: CheckpointError.self) {
      try SafetensorsReader(directory.path("none.safetensors.index.json"))
    }
    #expect(none?.code == .notACheckpoint && none?.message == "there is no such index")
  }

  @Test func `elements in pieces that are not there, or cannot be read, are an error`() throws {
    try save(["a"], to: "f.safetensors")
    let refusing = InterceptingFileSystem { number, call throws(CheckpointError) in
      guard call.kind == .read, number > 4 else { return }
      throw .system("read", errno: EIO, file: call.path)
    }
    let reader = try SafetensorsReader(directory.path("f.safetensors"), fileSystem: refusing)
    let missing = #expect(throws: CheckpointError.self) {
      try reader.forEachPiece(of: "b") { _ in }
    }
    #expect(missing?.code == .notFound && missing?.key == "b")
    for _ in 0..<4 { _ = try? reader.tensor(for: "a") }
    let failed = #expect(throws: CheckpointError.self) {
      try reader.forEachPiece(of: "a") { _ in }
    }
    #expect(failed?.systemError == EIO && failed?.key == "a")
  }
}
