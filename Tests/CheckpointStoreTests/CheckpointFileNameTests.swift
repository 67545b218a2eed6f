import CheckpointIO
import CheckpointStore
import Testing

/// Proves what names say, and what they do not.
@Suite struct CheckpointFileNameTests {
  @Test(
    arguments: [
      ("ckpt-7.index", .index(prefix: "ckpt-7")), ("é.index", .index(prefix: "é")),
      ("a.index.index", .index(prefix: "a.index")), (".index", .single),
      ("ckpt-7.meta", .graph(prefix: "ckpt-7")), (".meta", .single),
      ("checkpoint", .state), ("checkpoint.index", .index(prefix: "checkpoint")),
      ("ckpt.history.json", .history(stem: "ckpt")), (".history.json", .single),
      ("ckpt-7.swift-checkpoints-lock", .lock(target: "ckpt-7")),
      ("ckpt-7.index.swift-checkpoints-tmp", .temporary(target: "ckpt-7.index")),
      ("ckpt-8.data-00000-of-00001.tempstate123", .tensorFlowTemporary),
      ("checkpoint.tmp00ff", .tensorFlowTemporary), ("checkpoint.tmpx", .single),
      ("checkpoint.tmp", .single), ("m.index.tempstate", .single), ("m.tmp00ff", .single),
      ("model.ckpt", .single), ("model.safetensors", .single), ("", .single),
      ("m-0000-of-00002", .single), ("m-00002-of-00002", .single), ("m-00000-of-00000", .single),
    ] as [(String, CheckpointFileName)])
  func `takes names apart`(name: String, expected: CheckpointFileName) {
    #expect(CheckpointFileName(name) == expected)
  }

  @Test func `takes the names of data files apart`() throws {
    let data = try #require(DataFileName("ckpt-7.data-00001-of-00002"))
    #expect(CheckpointFileName("ckpt-7.data-00001-of-00002") == .data(data))
    #expect(data.prefix == "ckpt-7")
  }

  @Test(arguments: [
    ("m-3-00000-of-00002", "m-3-?????-of-00002", ["m-3-00000-of-00002", "m-3-00001-of-00002"]),
    (
      "model-00002-of-00002.safetensors", "model-?????-of-00002.safetensors",
      ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    ),
  ])
  func `knows the parts of a checkpoint from one of them`(
    name: String, pattern: String, parts: [String]
  ) throws {
    let found = try #require(PartsName(part: name))
    #expect(found.pattern == pattern)
    #expect(Array(found.parts) == parts)
    #expect(PartsName(pattern: pattern) == found)
    #expect(found.missing(besides: [parts[1]]) == [parts[0]])
    #expect(CheckpointFileName(name).checkpoint(ofFile: name) == pattern)
  }

  // TensorFlow counts from 0, safetensors from 1.
  @Test(arguments: ["model-00000-of-00002.safetensors", "m-00002-of-00002", "m-?????-of-00002"])
  func `takes no other number for a part`(name: String) { #expect(PartsName(part: name) == nil) }

  @Test func `lists few of 99,999 parts that are missing`() throws {
    let parts = try #require(PartsName(part: "m-00000-of-99999"))
    #expect(parts.missing(besides: ["m-00000-of-99999"]).first == "m-00001-of-99999")
    #expect(parts.missing(besides: []).count == 16)
  }

  @Test func `orders names by their numbers`() {
    let names = ["ckpt-10", "ckpt-9", "ckpt", "a-?????-of-00002", "ckpt-100.safetensors"]
    let sorted = names.map(NumberedName.init).sorted().map(\.name)
    #expect(sorted == ["a-?????-of-00002", "ckpt", "ckpt-9", "ckpt-10", "ckpt-100.safetensors"])
    #expect(NumberedName("m-7-?????-of-00002").step == 7)
    #expect(NumberedName("m-7").step(of: "m") == 7)
    #expect(NumberedName("m-7").step(of: "") == nil)
    #expect(NumberedName("m7").step == nil)
    #expect(NumberedName("m-99999999999999999999").step == nil)
  }

  // An accented letter in two forms: the same text to Swift, two names to the system.
  @Test func `compares names byte by byte`() {
    let (composed, decomposed) = ("\u{e9}-1", "e\u{301}-1")
    #expect(composed == decomposed)
    #expect(NumberedName(composed) != NumberedName(decomposed))
  }
}
