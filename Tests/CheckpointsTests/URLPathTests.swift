import CheckpointStore
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// File URLs, as texts and as values, wherever a path is taken; and URLs that lead elsewhere.
@Suite struct URLPathTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  // With everything that a URL encodes.
  private func place() throws -> String {
    let place = directory.path("a b%20é?#")
    try PathEntry.prepare(place)
    return place
  }

  private func expectNothingBesides() {
    #expect(directory.names.filter { !$0.contains("/") } == ["a b%20é?#"])
    for scheme in ["file:", "gs:"] { #expect(!FileManager.default.fileExists(atPath: scheme)) }
  }

  @Test(arguments: PathEntry.all)
  func `the text of a file URL is taken as its path`(entry: PathEntry) throws {
    let url = URL(filePath: try place(), directoryHint: .notDirectory)
    try entry.useText(url.absoluteString)
    expectNothingBesides()
  }

  @Test(arguments: PathEntry.all)
  func `a file URL is taken as its path`(entry: PathEntry) throws {
    try entry.useURL(URL(filePath: try place()))
    expectNothingBesides()
  }

  @Test(arguments: PathEntry.all)
  func `what leads elsewhere is refused, and nothing is made of it`(entry: PathEntry) throws {
    let text = "gs://bucket/\(UUID())"
    let error = #expect(throws: CheckpointError.self) { try entry.useText(text) }
    #expect(error?.code == .unsupported, "\(error as Any)")
    #expect(error?.file?.hasPrefix(text) == true)
    let url = try #require(URL(string: text))
    let other = #expect(throws: CheckpointError.self) { try entry.useURL(url) }
    #expect(other?.code == .unsupported, "\(other as Any)")
    #expect(!FileManager.default.fileExists(atPath: "gs:"))
  }

  @Test func `a file URL with one slash is taken as its path`() throws {
    let url = try #require(URL(string: "file:\(directory.path)/m"))
    #expect(try PathEntry.saver().save(to: url).path == directory.path("m"))
    #expect(try CheckpointReader(directory.path("m")).format == .v2)
  }

  @Test(arguments: ["run/m", "mailto:m", "file:m"])
  func `a URL that is no file URL is refused`(text: String) throws {
    let url = try #require(URL(string: text))
    let error = #expect(throws: CheckpointError.self) { try PathEntry.saver().save(to: url) }
    #expect(error?.code == .invalidArgument)
    #expect(!FileManager.default.fileExists(atPath: "run"))
  }

  // A directory that an earlier process has copied from a bucket, or that TensorFlow has saved to by URL.
  @Test(arguments: ["gs://bucket/run/m-1", "file:///elsewhere/m%2D1", "s3://m-1"])
  func `a state file with URLs leads to the checkpoint beside it`(recorded: String) throws {
    let place = try place()
    try directory.write(
      "model_checkpoint_path: \"\(recorded)\"\nall_model_checkpoint_paths: \"\(recorded)\"\n".utf8,
      to: "a b%20é?#/checkpoint")
    #expect(try CheckpointDirectory(place).latest() == "\(place)/m-1")
    let manager = try CheckpointManager(
      PathEntry.objects(), directory: place, name: "m", retention: .all)
    #expect(manager.latest == "\(place)/m-1")
  }

  @Test func `the tool takes file URLs, and refuses others`() throws {
    let url = URL(filePath: try place(), directoryHint: .notDirectory).absoluteString
    let list = try ChildProcess.run("checkpoint", ["list", "\(url)/v1"])
    #expect(list.status == 0 && list.output.contains("float32"), "\(list.errors)")
    let copy = try ChildProcess.run("checkpoint", ["convert", "\(url)/v1", "\(url)/x.safetensors"])
    #expect(copy.status == 0, "\(copy.errors)")
    let refused = try ChildProcess.run("checkpoint", ["list", "s3://bucket/m"])
    #expect(refused.status != 0)
    #expect(refused.errors.contains("a URL of the scheme 's3'"))
    expectNothingBesides()
  }

  @Test(arguments: ["run:1/m", "file:run/m", "file:/m", "C://m", "./gs://bucket/m"])
  func `a path with a colon stays a path`(path: String) throws {
    let source = try place() + "/v1"
    let outcome = try ChildProcess.run(
      "checkpoint", ["convert", source, path], directory: directory.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try CheckpointReader(directory.path(path)).entries().count == 1)
  }
}
