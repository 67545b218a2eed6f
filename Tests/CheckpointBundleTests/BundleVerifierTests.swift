@testable import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import CheckpointWire
import Synchronization
import Testing

@Suite struct BundleVerifierTests {
  private let directory: TemporaryDirectory
  private var prefix: String { directory.path("m") }
  private var data: String { "m.data-00000-of-00001" }

  init() throws { directory = try TemporaryDirectory("verify") }

  /// Writes a checkpoint: a large tensor of several jobs, small ones around it, strings, slices.
  private func writeCheckpoint() throws {
    var writer = try BundleWriter(prefix: prefix, shardByteCounts: [0], options: FileOptions())
    for index in 0..<100 {
      try writer.add(Tensor<Int32>([Int32(index), -1, 2]), for: TensorKey("small/\(index)"))
    }
    try writer.add(Tensor(repeating: 1.5 as Float, shape: [3, 1_000_000]), for: "large")
    try writer.add(Tensor<String>(["one", "", "three"]), for: "words")
    let top = try TensorSlice.Part("4 3 0,2:-")
    let bottom = try TensorSlice.Part("4 3 2,2:-")
    try writer.add(Tensor(repeating: 7 as Int8, shape: [2, 3]), for: "cut", part: top)
    try writer.add(Tensor(repeating: 8 as Int8, shape: [2, 3]), for: "cut", part: bottom)
    try writer.add(Tensor<Float>(repeating: 0, shape: [0, 3]), for: "empty")
    try writer.finish()
  }

  private func verify() throws -> VerificationFindings {
    BundleVerifier(try BundleReader(prefix: prefix)).verify()
  }

  private func place(of key: TensorKey) throws -> Int {
    var place: Int?
    try Self.entries(prefix) { name, entry in
      if name == key { place = Int(entry.range.offset) }
    }
    return try #require(place)
  }

  // The entries of an index, by the library's own listing of the smaller parts.
  private static func entries(_ prefix: String, _ body: (TensorKey, BundleEntry) -> Void) throws {
    let reader = try BundleReader(prefix: prefix)
    for entry in try reader.entries() {
      if let stored = try reader.index.entry(for: entry.key) { body(entry.key, stored) }
    }
  }

  private func flip(_ offset: Int, in name: String) throws {
    var bytes = try directory.bytes(name)
    bytes[offset] ^= 0x10
    try directory.write(bytes, to: name)
  }

  @Test func `an intact checkpoint has no problem`() throws {
    try writeCheckpoint()
    let findings = try verify()
    #expect(findings.problems.count == 0)
    #expect(findings.notes == [])
    #expect(findings.tensorCount == 104)
    #expect(findings.byteCount == 100 * 12 + 12_000_000 + 15 + 12)
  }

  @Test func `progress ends at the number of bytes`() throws {
    try writeCheckpoint()
    let calls = Mutex<[(UInt64, UInt64)]>([])
    let findings = BundleVerifier(try BundleReader(prefix: prefix)).verify { checked, total in
      calls.withLock { $0.append((checked, total)) }
    }
    let seen = calls.withLock { $0 }
    #expect(seen.count >= 3)
    #expect(seen.map(\.0) == seen.map(\.0).sorted())
    #expect(seen.last?.0 == findings.byteCount)
    #expect(seen.allSatisfy { $0.1 == findings.byteCount })
  }

  @Test func `every damaged payload is found, and nothing else`() throws {
    try writeCheckpoint()
    let large = try place(of: "large")
    for offset in [try place(of: "small/17"), large, large + 11_999_999, try place(of: "words")] {
      try flip(offset, in: data)
    }
    let problems = try verify().problems
    #expect(problems.count == 3)
    #expect(problems.problems.map(\.key) == ["small/17", "large", "words"])
    #expect(problems.problems.allSatisfy { $0.code == .corrupt })
    #expect(problems.problems.allSatisfy { $0.file == "\(prefix).data-00000-of-00001" })
  }

  @Test func `damage of any byte of a small checkpoint is found`() throws {
    var writer = try BundleWriter(prefix: prefix, shardByteCounts: [0], options: FileOptions())
    try writer.add(Tensor<Int32>([1, 2, 3]), for: "numbers")
    try writer.add(Tensor<String>(["one", "", "three"]), for: "words")
    try writer.finish()
    for offset in try directory.bytes(data).indices {
      try flip(offset, in: data)
      #expect(try verify().problems.count == 1, "byte \(offset)")
      try flip(offset, in: data)
    }
  }

  @Test func `a data file that is cut short loses the tensors behind the cut`() throws {
    try writeCheckpoint()
    let place = try place(of: "words")
    try directory.write(try directory.bytes(data)[..<(place + 3)], to: data)
    let problems = try verify().problems
    #expect(problems.problems.map(\.key) == ["cut", "cut", "words"])
    #expect(problems.problems.allSatisfy { $0.code == .truncated })
  }

  @Test func `a data file that is missing is one problem`() throws {
    try writeCheckpoint()
    try LocalFileSystem().removeFile(directory.path(data))
    let problems = try verify().problems
    #expect(problems.count == 1)
    #expect(problems.problems.first?.code == .notFound)
    #expect(
      problems.problems.first?.message
        == "this data file is missing; the index of '\(prefix)' names it; it has 104 values")
  }

  @Test func `a slice without an entry, and one of another shape, are found`() throws {
    let spec = TensorSpec(.int8, [4])
    let first = TensorSlice([.range(start: 0, length: 2)])
    let second = TensorSlice([.range(start: 2, length: 2)])
    let key = TensorKey("cut")
    let nothing = CRC32C().masked
    let wrong = BundleEntry(
      spec: TensorSpec(.int8, [0]), shard: 0, range: ByteRange(offset: 0, count: 0),
      maskedCRC: nothing)
    try writeIndex([
      (key, BundleEntry(partitioned: spec, shard: 0, slices: [first, second])),
      (key.sliceKey(first), wrong),
    ])
    let problems = try verify().problems.problems
    #expect(
      problems.map(\.message) == [
        "slice 0,2 is stored as int8[0], it should be int8[2]",
        "slice 2,2 is listed, but has no entry",
      ])
    #expect(problems.allSatisfy { $0.file == "\(prefix).index" && $0.key == "cut" })
  }

  // A part is named by its tensor, and an entry that no tensor lists by its own key.
  @Test func `a damaged part is told from one that nobody lists`() throws {
    for text in ["4 0,2", "144115188075855872 0,72057594037927936"] {
      let slice = try TensorSlice.Part(text).slice
      let key = TensorKey("cut").sliceKey(slice)
      let spec = TensorSpec(.int8, [2])
      var owners = PayloadOwners()
      owners.append(key.bytes.span, spec)
      owners.append(TensorKey("\u{0}no slice").bytes.span, spec)
      let error = CheckpointError(.corrupt, "wrong")
      #expect(owners.naming(error, 0).key == key.description)
      #expect(owners.claim(slice, of: "cut") == spec)
      #expect(owners.claim(slice, of: "cut") == nil)
      #expect(owners.naming(error, 0).key == "cut")
      #expect(owners.naming(error, 0).message.hasPrefix("slice "))
      #expect(owners.naming(error, 1).key == TensorKey("\u{0}no slice").description)
    }
  }

  @Test func `slices that overlap are a problem, a gap is a note`() throws {
    let gap = TensorSlice([.range(start: 1, length: 2)])
    let (left, right) = (TensorSlice([.full]), TensorSlice([.range(start: 0, length: 1)]))
    try writeIndex([
      ("gap", BundleEntry(partitioned: TensorSpec(.int8, [4]), shard: 0, slices: [gap])),
      ("twice", BundleEntry(partitioned: TensorSpec(.int8, [4]), shard: 0, slices: [left, right])),
    ])
    let findings = try verify()
    #expect(
      findings.problems.problems.map(\.message) == [
        "slice 1,2 is listed, but has no entry",
        "the slices - and 0,1 overlap",
      ])
    #expect(
      findings.notes == [
        "key 'gap': its slices have 2 of 4 elements; the others were never saved"
      ])
  }

  @Test func `an empty tensor needs the checksum of nothing`() throws {
    let entry = BundleEntry(
      spec: TensorSpec(.float32, [0]), shard: 0, range: ByteRange(offset: 0, count: 0), maskedCRC: 0
    )
    try writeIndex([("empty", entry)])
    #expect(try verify().problems.problems.map(\.key) == ["empty"])
  }

  @Test func `an empty tensor with another checksum is not read, alone or with others`() throws {
    let entry = BundleEntry(
      spec: TensorSpec(.float32, [0]), shard: 0, range: ByteRange(offset: 0, count: 0), maskedCRC: 0
    )
    try writeIndex([("empty", entry)])
    let reader = try BundleReader(prefix: prefix)
    let single = #expect(throws: CheckpointError.self) {
      try reader.tensor(for: "empty", slice: nil)
    }
    let batch = try reader.batch(of: [TensorRequest("empty")])
    let together = #expect(throws: CheckpointError.self) { try batch.tensors() }
    #expect(single?.code == .corrupt)
    #expect(together?.code == .corrupt)
    #expect(together?.key == "empty")
  }

  @Test func `only so many problems are kept, but all are counted`() throws {
    let entries = (0..<1500).map { index in
      (
        TensorKey("t\(1000 + index)"),
        BundleEntry(
          spec: TensorSpec(.float32, [0]), shard: 0, range: ByteRange(offset: 0, count: 0),
          maskedCRC: 0)
      )
    }
    try writeIndex(entries)
    let problems = try verify().problems
    #expect(problems.count == 1500)
    #expect(problems.problems.count == 1000)
  }

  // An index of one data file, with entries that no writer makes.
  private func writeIndex(_ entries: [(TensorKey, BundleEntry)]) throws {
    try LocalFileSystem().removeFile("\(prefix).index")
    let file = try LocalFileSystem().createFile("\(prefix).index")
    let sorted = entries.map { (key: $0.0, entry: $0.1) }.sorted { $0.key < $1.key }
    var index = BundleIndex(header: BundleHeader(shardCount: 1))
    for (key, entry) in sorted { index.add(key, entry) }
    try index.write(to: file)
    try file.close()
  }
}
