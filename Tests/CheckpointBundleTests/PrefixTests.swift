import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves that a prefix is a path and nothing else: no pattern, no escapes.
@Suite struct PrefixTests {
  private func save(_ value: Float, to prefix: String, _ options: FileOptions = FileOptions())
    throws(CheckpointError)
  {
    var writer = try BundleWriter(prefix: prefix, options: options)
    try writer.add(Tensor<Float>([value]), for: "w")
    try writer.finish()
  }

  private func value(_ prefix: String) throws -> Float {
    try Tensor<Float>(BundleReader(prefix: prefix).tensor(for: "w")).array[0]
  }

  @Test(arguments: [
    "d[1]/ck", "[abc]", "*", "a*b", "?", "what?", "\\", "a\\*", "{a,b}", "a b", " ", "~", "$HOME",
    "日本語", "e\u{301}", "\u{E9}", "🦉/🦉", "-rf", "--help", "a\nb", "\t", "\u{7F}", ".hidden",
    "...", "a..b", "x.index", "x.data-00000-of-00001", "checkpoint", "%s%n", "a'b", "a\"b", "a;b",
    "a|b", "a&b", "#", "a:0", "ckpt-00000010", "m-?????-of-00002",
  ])
  func `saves over and reads under any name`(name: String) throws {
    let directory = try TemporaryDirectory()
    let prefix = directory.path(name)
    for number in [1, 2] as [Float] {
      try save(number, to: prefix)
      #expect(try value(prefix) == number)
    }
    let files = ["\(name).data-00000-of-00002", "\(name).index"]
    #expect(Set(directory.names).isSuperset(of: files))
    #expect(directory.names.count == 2 + (name.contains("/") ? 1 : 0))
  }

  @Test(arguments: ["", "/", ".", "..", "run/", "run/.", "run/..", "./", "../"])
  func `refuses a path that ends without a name`(name: String) throws {
    let directory = try TemporaryDirectory()
    let prefix = name == "/" || name.isEmpty ? name : directory.path(name)
    let error = #expect(throws: CheckpointError.self) { try save(1, to: prefix) }
    #expect(
      error?.description
        == "\(prefix.isEmpty ? "" : prefix): a prefix is the beginning of file names, as in "
        + "'run/ckpt', and not a directory (invalidArgument)")
    #expect(directory.names.isEmpty)
  }

  @Test func `refuses a path with the character 0`() throws {
    let directory = try TemporaryDirectory()
    let error = #expect(throws: CheckpointError.self) { try save(1, to: directory.path("a\0b")) }
    #expect(error?.code == .invalidArgument)
    #expect(throws: CheckpointError.self) { try BundleReader(prefix: directory.path("a\0b")) }
    #expect(directory.names.isEmpty)
  }

  @Test(arguments: ["a//b", "./a/b", "x/../a/b", "a/./b"])
  func `takes every spelling of a path`(path: String) throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(
      atPath: directory.path("x"), withIntermediateDirectories: true)
    try save(1, to: directory.path("a/b"))
    try save(2, to: directory.path(path))
    #expect(try value(directory.path("a/b")) == 2)
    #expect(directory.names == ["a", "a/b.data-00000-of-00002", "a/b.index", "x"])
  }

  @Test(arguments: ["model", "./model", "a/b/model", "../here/model"])
  func `takes paths relative to the working directory`(prefix: String) throws {
    let directory = try TemporaryDirectory()
    let here = directory.path("here")
    try FileManager.default.createDirectory(atPath: here, withIntermediateDirectories: true)
    for value in ["1", "2"] {
      let outcome = try ChildProcess.run(
        "crashing-saver", [prefix, value, "1", "bundle", "\(Int.max)"], directory: here)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    let reader = try BundleReader(prefix: here + "/" + prefix)
    #expect(try Set(Tensor<Float>(reader.tensor(for: "w0")).array) == [2])
    let files = directory.names.filter { $0.contains("model") }
    #expect(files.count == 2, "\(files)")
  }

  @Test func `says that a directory is missing, cannot be made, or is none`() throws {
    let directory = try TemporaryDirectory()
    var options = FileOptions()
    options.createsDirectories = false
    let missing = #expect(throws: CheckpointError.self) {
      try save(1, to: directory.path("none/model"), options)
    }
    #expect(missing?.code == .io)
    #expect(missing?.systemError == ENOENT)
    #expect(missing?.file == directory.path("none"))
    #expect(directory.names.isEmpty)

    try directory.write([1], to: "file")
    for prefix in ["file/model", "file/sub/model"] {
      let error = #expect(throws: CheckpointError.self) {
        try save(1, to: directory.path(prefix))
      }
      #expect(error?.code == .io)
      #expect(error?.systemError == ENOTDIR)
    }
    let none = #expect(throws: CheckpointError.self) { try save(1, to: "/proc/none/model") }
    #expect(none?.file == "/proc/none")
    #expect(directory.names == ["file"])
  }

  @Test func `says that a name is too long, and leaves nothing behind`() throws {
    let directory = try TemporaryDirectory()
    for count in [215, 230, 240, 250, 255, 300] {
      let prefix = directory.path(String(repeating: "n", count: count))
      let error = #expect(throws: CheckpointError.self) { try save(1, to: prefix) }
      #expect(error?.systemError == ENAMETOOLONG)
      #expect(error?.message.contains("choose a shorter prefix") == true)
    }
    #expect(directory.names.isEmpty)
    let longest = directory.path(String(repeating: "n", count: 211))
    try save(1, to: longest)
    #expect(try value(longest) == 1)
  }

  @Test func `says that a directory or a pipe is no index`() throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(
      atPath: directory.path("a.index"), withIntermediateDirectories: true)
    let error = #expect(throws: CheckpointError.self) {
      try BundleReader(prefix: directory.path("a"))
    }
    #expect(error?.code == .notACheckpoint)
    #expect(throws: CheckpointError.self) { try save(1, to: directory.path("a")) }
    #expect(directory.names == ["a.index"])
    #expect(unsafe mkfifo(directory.path("b.index"), 0o600) == 0)
    let pipe = #expect(throws: CheckpointError.self) {
      try BundleReader(prefix: directory.path("b"))
    }
    #expect(pipe?.code == .notACheckpoint)
  }
}
