import CheckpointBundle
import CheckpointIO
import CheckpointSafetensors
import CheckpointSlices
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves that one listing knows the checkpoints of all formats, whole and torn.
@Suite struct DirectoryListingTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory("listing") }

  private func listing() throws -> DirectoryListing {
    try DirectoryListing(of: directory.path, fileSystem: LocalFileSystem())
  }

  private func saveV2(_ name: String) throws {
    var writer = try BundleWriter(
      prefix: directory.path(name), shardByteCounts: [4], options: FileOptions())
    try writer.add(Tensor<Float>(1), for: "w")
    try writer.finish()
  }

  @Test func `names that end in ckpt are numbered, apart from others`() throws {
    for name in ["cp-0010.ckpt", "cp-0002.ckpt", "cp-11", "cp-0009.ckpt"] { try saveV2(name) }
    let newest = try listing().newestFirst().map(\.name.name)
    #expect(
      newest.filter { $0.hasSuffix("t") } == ["cp-0010.ckpt", "cp-0009.ckpt", "cp-0002.ckpt"])
    let nine = NumberedName("cp-0009.ckpt")
    #expect(NumberedName("cp-0010.ckpt").comes(after: nine))
    #expect(!NumberedName("cp-11").comes(after: nine))
    #expect(nine.step == 9 && nine.step(of: "cp") == nil)
    #expect(NumberedName("model.ckpt").step == nil && NumberedName("model.ckpt-7").step == 7)
    // The metric of a callback is no number.
    #expect(NumberedName("best-0.35.ckpt").series == "best-0.35.ckpt")
  }

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

  private func saveSafetensors(_ name: String) throws {
    var writer = try SafetensorsWriter(directory.path(name))
    try writer.add(Tensor<Float>(1), for: "w")
    try writer.finish()
  }

  private func setTime(of name: String, to seconds: Double) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: seconds)],
      ofItemAtPath: directory.path(name))
  }

  @Test func `lists each checkpoint once, and nothing else`() throws {
    try saveV2("ckpt-7")
    try saveV1("model.ckpt")
    try saveV1("m-3", shards: 2)
    try saveSafetensors("model.safetensors")
    for name in ["ckpt-7.meta", "notes.txt", "checkpoint", "m-3.meta", "x-00000-of-00002"] {
      try directory.write("what".utf8, to: name)
    }
    let found = try listing().checkpoints()
    #expect(
      found.map(\.name.name) == ["ckpt-7", "m-3-?????-of-00002", "model.ckpt", "model.safetensors"])
    #expect(found.map(\.format) == [.v2, .v1, .v1, .safetensors])
    #expect(found.allSatisfy { $0.missing.isEmpty })
  }

  @Test(arguments: [
    ("ckpt-7.index", "ckpt-7"), ("ckpt-7.data-00000-of-00001", "ckpt-7"), ("ckpt-7.meta", "ckpt-7"),
    ("m-3-00001-of-00002", "m-3-?????-of-00002"), ("m-3.meta", "m-3-?????-of-00002"),
    ("one", "one"), ("one.meta", "one"), ("notes.txt", nil), ("other.meta", nil),
    ("checkpoint", nil), ("gone", nil),
  ])
  func `knows whose a file is`(name: String, owner: String?) throws {
    try saveV2("ckpt-7")
    try saveV1("m-3", shards: 2)
    try saveV1("one")
    for name in ["ckpt-7.meta", "m-3.meta", "one.meta", "notes.txt", "other.meta", "checkpoint"] {
      try directory.write("what".utf8, to: name)
    }
    #expect(try listing().owner(of: name)?.path == owner.map(directory.path))
  }

  @Test func `names the parts that are missing`() throws {
    try saveV1("m", shards: 4)
    for shard in [0, 2] {
      try LocalFileSystem().removeFile(directory.path("m-0000\(shard)-of-00004"))
    }
    let found = try #require(listing().checkpoints().first)
    #expect(found.missing == ["m-00000-of-00004", "m-00002-of-00004"])
  }

  @Test func `knows a checkpoint of which the first part is cut`() throws {
    try saveV1("m", shards: 2)
    try directory.write(directory.bytes("m-00000-of-00002").prefix(20), to: "m-00000-of-00002")
    #expect(try listing().checkpoints().map(\.format) == [.v1])
  }

  @Test func `an index counts before a file of the same path`() throws {
    try saveV1("m")
    try saveV2("m")
    #expect(try listing().checkpoints().map(\.format) == [.v2])
  }

  @Test func `the newest is that of the highest number, and only between names the latest`() throws
  {
    for (name, time) in [("a-2", 5e6), ("a-10", 1e6), ("a-9", 6e6), ("b-1", 4e6)] {
      try saveV2(name)
      try setTime(of: "\(name).index", to: time)
    }
    #expect(try listing().newestFirst().map(\.name.name) == ["a-10", "a-9", "a-2", "b-1"])
    try setTime(of: "b-1.index", to: 7e6)
    #expect(try listing().newestFirst().map(\.name.name) == ["b-1", "a-10", "a-9", "a-2"])
  }

  @Test func `finds what has a higher number, and the numbered ones of a name`() throws {
    try saveV2("m-7")
    try saveV2("m-12")
    try saveV1("m-9")
    try saveV1("m-10", shards: 2)
    try saveSafetensors("m-11.safetensors")
    try directory.write("what".utf8, to: "m-13")
    let listing = try listing()
    #expect(
      listing.successors(of: NumberedName("m-9")).map(\.name.name)
        == ["m-13", "m-12", "m-11.safetensors", "m-10-?????-of-00002"])
    #expect(
      try listing.numbered("m").map(\.name.name)
        == ["m-7", "m-9", "m-10-?????-of-00002", "m-12"])
  }

  @Test func `two names that look the same are two`() throws {
    for name in ["\u{e9}-1", "e\u{301}-1"] { try saveV1(name, shards: 2) }
    #expect(try listing().checkpoints().count == 2)
    #expect(try listing().checkpoints().allSatisfy { $0.missing.isEmpty })
  }

  @Test func `a name that speaks of many parts costs nothing`() throws {
    try saveV1("m", shards: 2)
    let bytes = try directory.bytes("m-00000-of-00002")
    for number in 0..<200 { try directory.write(bytes, to: "x\(number)-00000-of-99999") }
    let found = try listing().checkpoints()
    #expect(found.count == 201)
    #expect(found.allSatisfy { $0.missing.count <= 16 })
  }
}
