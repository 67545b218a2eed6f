import CheckpointIO
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves that `.meta` files by TensorFlow are understood, and that no bytes end the process.
@Suite struct MetaGraphSummaryTests {
  static let folder =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().path + "/TensorFlowFixtureTests/Fixtures/meta"

  static let names = [
    "default", "references", "renamed", "scoped", "partitioned", "sharded", "version_1",
    "version_1_sharded", "no_saver",
  ]

  private func summary(_ name: String) throws -> MetaGraphSummary {
    try MetaGraphSummary(contentsOf: "\(Self.folder)/\(name).meta")
  }

  private func saved(_ name: String) throws -> [String] {
    try summary(name).savedTensors.map { tensor in
      let part = tensor.part.map { " \($0)" } ?? ""
      return "\(tensor.key) \(tensor.spec?.description ?? "?")\(part) <- \(tensor.source)"
    }
  }

  static let threeVariables = [
    "b bfloat16[3] <- b", "global_step int64[] <- global_step", "w float32[2, 3] <- w",
  ]

  @Test func `finds what a saver writes`() throws {
    #expect(try saved("default") == Self.threeVariables)
    #expect(try saved("references") == Self.threeVariables)
    #expect(try saved("scoped") == Self.threeVariables)
    #expect(
      try saved("renamed") == [
        "old/kernel float32[2, 3] <- w", "old/step int64[] <- global_step",
      ])
    #expect(
      try saved("partitioned") == [
        "b float32[3] <- b", "layer/w float32[5, 3] 5 3 0,3:0,3 <- layer/w/part_0",
        "layer/w float32[5, 3] 5 3 3,2:0,3 <- layer/w/part_1",
      ])
    #expect(try saved("sharded") == ["b float32[3] <- b", "w float32[2, 3] <- w"])
    for name in ["version_1", "version_1_sharded"] {
      #expect(
        try saved(name) == ["global_step int64[] <- global_step", "w float32[2, 3] <- w"], "\(name)"
      )
    }
    #expect(try saved("no_saver").isEmpty)
  }

  @Test func `reads the saver's definition`() throws {
    #expect(try summary("default").saverDefinition == MetaGraphSummary.SaverDefinition())
    #expect(
      try summary("references").saverDefinition
        == MetaGraphSummary.SaverDefinition(maxToKeep: 2, keepCheckpointEveryNHours: 1.5))
    #expect(
      try summary("sharded").saverDefinition
        == MetaGraphSummary.SaverDefinition(saveTensorName: "save/Identity:0", isSharded: true))
    #expect(
      try summary("version_1_sharded").saverDefinition
        == MetaGraphSummary.SaverDefinition(
          saveTensorName: "save/ShardedFilespec:0", isSharded: true, version: .v1)
    )
    #expect(try summary("no_saver").saverDefinition == nil)
  }

  @Test func `reads who wrote it, and what for`() throws {
    let summary = try summary("no_saver")
    #expect(summary.path == "\(Self.folder)/no_saver.meta")
    #expect(summary.tensorFlowVersion == "2.21.0")
    #expect(summary.tensorFlowGitVersion.hasPrefix("v2.21.0"))
    #expect(summary.tags == ["serve", "gpu"])
  }

  @Test func `reads the variables`() throws {
    let variables = try summary("default").variables
    #expect(variables.map(\.name) == ["w", "b", "global_step"])
    #expect(variables.map(\.fullName) == ["w", "b", "global_step"])
    #expect(variables.map(\.isTrainable) == [true, true, false])
    #expect(variables.map(\.isResource) == [true, true, true])
    #expect(variables.map(\.aggregation) == [.none, .none, .onlyFirstReplica])
    #expect(variables.map(\.synchronization) == [.auto, .auto, .auto])
    let references = try summary("references").variables
    #expect(references.map(\.isResource) == [false, false, false])
    let parts = try summary("partitioned").variables
    #expect(parts.map(\.name) == ["layer/w/part_0", "layer/w/part_1", "b"])
    #expect(parts.map(\.fullName) == ["layer/w", "layer/w", "b"])
    #expect(parts.map { $0.part?.description } == ["5 3 0,3:0,3", "5 3 3,2:0,3", nil])
  }

  // MARK: The text form

  @Test(arguments: names) func `reads the text form as the message`(name: String) throws {
    let (message, text) = (try summary(name), try summary("text/\(name)"))
    #expect(text.path == "\(Self.folder)/text/\(name).meta")
    #expect(text.tensorFlowVersion == "2.21.0")
    #expect(text.tensorFlowGitVersion == message.tensorFlowGitVersion)
    #expect(text.tags == message.tags)
    #expect(text.saverDefinition == message.saverDefinition)
    #expect(text.variables.map { "\($0)" } == message.variables.map { "\($0)" })
    #expect(try saved("text/\(name)") == saved(name))
    #expect(text.savedTensors.map(\.dtype) == message.savedTensors.map(\.dtype))
    #expect(text.savedTensors.isEmpty == (name == "no_saver"))
  }

  private func summary(text: String) throws -> MetaGraphSummary {
    try MetaGraphSummary(MemoryFile(Array(text.utf8), path: "f"))
  }

  @Test func `reads the text form however it is written`() throws {
    let summary = try summary(
      text: """

        # by hand
        meta_info_def < tags: ["a", 'b' "c"], [ext.of.another]: { x: 1 } any_info { [t.com/M] {} } >;
        saver_def: { save_tensor_name: "a\\x3a0" max_to_keep: 0x10, sharded: t version: 2
          unknown { deep < list: [1, -2.5e3f, "}"] > } }
        """)
    #expect(summary.tags == ["a", "bc"])
    let saver = summary.saverDefinition
    #expect(saver?.saveTensorName == "a:0")
    #expect(saver?.maxToKeep == 16)
    #expect(saver?.isSharded == true)
    #expect(saver?.version == .v2)
  }

  @Test func `takes words of later versions for unknown numbers`() throws {
    let saver = try summary(text: "saver_def { version: V9 }").saverDefinition
    #expect(saver?.version.rawValue == 0)
  }

  @Test(arguments: [
    ("graph_def {", "f: byte 11: expected a field's name or '}', the text ends (corrupt)"),
    ("graph_def }", "f: byte 10: expected '{', found '}' (corrupt)"),
    ("graph_def { node { name 1 } }", "f: byte 24: expected ':' after a field's name, found '1'"),
    ("graph_def { node { name: 1 } }", "f: byte 25: expected a text in quotes, found '1'"),
    ("saver_def { max_to_keep: 1.5 }", "f: byte 26: expected a field's name, found '.' (corrupt)"),
    ("saver_def { max_to_keep: 0x }", "f: byte 25: '0x' is no whole number (corrupt)"),
    ("saver_def { other { ]", "f: byte 20: expected a value, found ']' (corrupt)"),
    ("saver_def { other { \"a", "f: byte 20: this text does not end on its line (corrupt)"),
    ("saver_def { other {", "f: byte 18: the text ends within what begins here (corrupt)"),
    ("saver_def { save_tensor_name: \"\\xff\" }", "f: a text field is not UTF-8 (corrupt)"),
    (
      "graph_def { x " + String(repeating: "{", count: 200),
      "f: byte 114: messages in messages, more than 100 deep (limitExceeded)"
    ),
  ])
  func `refuses a text of another form, with its place`(text: String, message: String) {
    let refusal = refusal(Array(text.utf8))
    #expect(refusal?.hasPrefix(message) == true, "\(refusal ?? "")")
  }

  // MARK: Hostile files

  private func refusal(_ bytes: [UInt8]) -> String? {
    #expect(throws: CheckpointError.self) {
      try MetaGraphSummary(MemoryFile(bytes, path: "f"))
    }?.description
  }

  @Test func `refuses what is no message, with its place`() {
    #expect(refusal([0x0A, 5, 1]) == "f: byte 2: 5 bytes promised, 1 left (truncated)")
    #expect(refusal([0x07]) == "f: byte 0: no protobuf field has the tag 7 (corrupt)")
    #expect(
      refusal([0x1A, 3, 0x0A, 1, 0xFF])?.hasSuffix("a text field is not UTF-8 (corrupt)") == true)
    let error = #expect(throws: CheckpointError.self) {
      try MetaGraphSummary(contentsOf: "/nowhere/model.meta")
    }
    #expect(error?.code == .notFound)
  }

  private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(byte: number << 3 | 2)
    writer.write(varint: UInt64(bytes.count))
    writer.write(bytes)
    return writer.bytes
  }

  private func many(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
    Array(repeatElement(bytes, count: count).joined())
  }

  private func expectLimits(_ cases: [([UInt8], String)]) {
    for (bytes, text) in cases {
      #expect(refusal(bytes)?.contains("\(text) (limitExceeded)") == true, "\(text)")
    }
  }

  @Test(.enabled(if: TestCases.areAll, "it takes many seconds"), .timeLimit(.minutes(20)))
  func `keeps to the limits for many nodes`() {
    let saver = field(3, field(2, [0x61]))
    let wide = field(1, field(1, [0x61]) + (0...100_000).flatMap { field(3, Array("\($0)".utf8)) })
    let variables = field(1, Array("variables".utf8))
    expectLimits([
      (
        field(4, variables + field(2, field(2, many([0x0A, 0], 500_001)))),
        "a collection of more than 500000 elements"
      ),
      (
        saver + field(2, many([0x0A, 2, 0x0A, 0], 2_000_001)), "a graph of more than 2000000 nodes"
      ),
      (saver + field(2, wide), "more than 100000 nodes lead to a save"),
    ])
  }

  @Test func `keeps to the limits for graphs`() {
    expectLimits([
      (field(1, many(field(4, []), 1_001)), "more than 1000 tags"),
      (
        field(1, field(5, many([0x61], 65_537))), "a text takes 65537 bytes, at most 65536 are read"
      ),
      (
        field(3, many([0], 1_048_577)), "the saver takes 1048577 bytes, at most 1048576 are read"
      ),
    ])
    for (beginning, count, text) in [
      ("", 1 << 31, "the file has 2147483648 bytes, no protobuf message has more than 2147483647"),
      ("graph_def {", 1 << 29 + 1, "the text takes 536870913 bytes, at most 536870912 are read"),
    ] as [(String, UInt64, String)] {
      let error = #expect(throws: CheckpointError.self) {
        try MetaGraphSummary(LongFile(beginning, byteCount: count))
      }
      #expect(error?.description.contains("\(text) (limitExceeded)") == true, "\(text)")
    }
  }

  @Test(
    arguments: [
      ([0x80, 0x80, 0x80, 0x80, 0x80, 1], "f: byte 0: a varint of more than 32 bits (corrupt)"),
      ([0x0A], "f: byte 1: 1 bytes promised, 0 left (truncated)"),
      ([0x0D, 1], "f: byte 1: 4 bytes promised, 1 left (truncated)"),
    ] as [([UInt8], String)])
  func `refuses numbers that are none, with their places`(bytes: [UInt8], message: String) {
    #expect(refusal(bytes) == message)
  }

  private static let constants = """
    node { name: "names" op: "Const" attr { key: "value" value { tensor {
      string_val: "w" string_val: "v" } } } }
    node { name: "slices" op: "Const" attr { key: "value" value { tensor { string_val: "?" } } } }
    """

  @Test(arguments: [
    (#"input: "f""#, "f: key 'save': 'save' saves without names (corrupt)"),
    (
      #"input: ["f", "names", "slices", "a", "b"]"#,
      "f: key 'w': slice specification '?' is not of the form"
    ),
    (
      #"input: ["f", "names", "slices", "a"]"#,
      "f: key 'names': 2 strings for 1 values that are saved (corrupt)"
    ),
    (
      #"input: ["f", "a", "slices", "a"]"#,
      "f: key 'a': the names of a save operation are no constant (corrupt)"
    ),
  ])
  func `refuses a save that makes no sense`(inputs: String, message: String) {
    let refusal = refusal(
      Array(
        """
        saver_def { save_tensor_name: "save:0" version: V2 }
        graph_def { node { name: "save" op: "SaveV2" \(inputs) } \(Self.constants) }
        """.utf8))
    #expect(refusal?.hasPrefix(message) == true, "\(refusal ?? "")")
  }

  @Test(arguments: [
    ("", "a variable has no name"),
    (#"\n\001w\"\004\020\004\030\000"#, "a slice of 1 and 0 dimensions"),
  ])
  func `refuses variables that make no sense`(variable: String, message: String) {
    let refusal = refusal(
      Array(
        """
        collection_def { key: "variables" value { bytes_list { value: "\(variable)" } } }
        """.utf8))
    #expect(refusal?.contains(message) == true, "\(refusal ?? "")")
  }

  @Test func `follows nodes that lead in a circle to an end`() throws {
    // A saver of the node `a`, which waits for itself.
    let node: [UInt8] = [0x0A, 1, 0x61, 0x12, 1, 0x78, 0x1A, 2, 0x5E, 0x61, 0x1A, 1, 0x61]
    let graph = [0x0A, UInt8(node.count)] + node
    let bytes = [0x12, UInt8(graph.count)] + graph + [0x1A, 5, 0x12, 3, 0x61, 0x3A, 0x30]
    let summary = try MetaGraphSummary(MemoryFile(bytes))
    #expect(summary.saverDefinition?.saveTensorName == "a:0")
    #expect(summary.savedTensors.isEmpty)
  }

  @Test(.timeLimit(.minutes(20)), arguments: names + ["text/default", "text/version_1_sharded"])
  func `reads or refuses whatever is changed in a file`(name: String) throws {
    let whole = Array(try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(name).meta")))
    for seed in 0..<150 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      var bytes = whole
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes[place] = [0, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
        default: if seed.isMultiple(of: 5) { bytes.removeSubrange((place + 1)...) }
        }
      }
      _ = try? MetaGraphSummary(MemoryFile(bytes))
    }
  }
}

/// A file of any length with a text at its beginning, then zeros.
private final class LongFile: ReadableFile {
  let path = "f"
  let byteCount: UInt64
  private let beginning: [UInt8]

  init(_ beginning: String, byteCount: UInt64) {
    (self.beginning, self.byteCount) = (Array(beginning.utf8), byteCount)
  }

  var status: FileStatus {
    FileStatus(kind: .file, byteCount: byteCount, modified: FileTime(seconds: 0))
  }

  func read(into output: inout MutableRawSpan, at offset: UInt64) {
    for index in 0..<output.byteCount {
      let place = Int(offset) + index
      let byte = beginning.indices.contains(place) ? beginning[place] : 0
      output.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
    }
  }

  func map() throws(CheckpointError) -> MappedFile {
    throw CheckpointError(.unsupported, "it is too long")
  }
}
