import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Damage everywhere, one after the other.
@Suite struct DamagedFileTests {
  /// What a file says: the tensors, or what was wrong first.
  static func contents(_ path: String) -> [TensorKey: AnyTensor]? {
    do {
      let reader = try SlicesReader(path: path)
      var contents: [TensorKey: AnyTensor] = [:]
      for entry in try reader.entries() { contents[entry.key] = try reader.tensor(for: entry.key) }
      return contents
    } catch {
      return nil
    }
  }

  static func digests(_ contents: [TensorKey: AnyTensor]) -> [TensorKey: [UInt8]] {
    contents.mapValues { Array($0.spec.description.utf8) + $0.plainBytes }
  }

  // The metaindex block with its trailer, its handle in the footer, and the padding.
  static let unread = Set(0x121..<0x12E).union(0x142..<0x16A)

  @Test(.timeLimit(.minutes(20)))
  func `finds every flipped bit but those that nobody reads`() throws {
    let file = WorkedFileTests.file
    let directory = try TemporaryDirectory()
    try directory.write(file, to: "v1")
    let expected = Self.digests(try #require(Self.contents(directory.path("v1"))))
    for position in file.indices {
      for bit in 0..<8 {
        var damaged = file
        damaged[position] ^= 1 << bit
        try directory.write(damaged, to: "v1")
        guard let found = Self.contents(directory.path("v1")) else { continue }
        #expect(Self.digests(found) == expected, "byte \(position), bit \(bit)")
        #expect(Self.unread.contains(position), "byte \(position), bit \(bit)")
      }
    }
  }

  @Test(.timeLimit(.minutes(20))) func `refuses a file cut short anywhere`() throws {
    let file = WorkedFileTests.file
    let directory = try TemporaryDirectory()
    for count in file.indices {
      try directory.write(file.prefix(count), to: "v1")
      #expect(Self.contents(directory.path("v1")) == nil, "\(count) bytes")
      let cut = try LocalFileSystem().openFile(directory.path("v1"))
      #expect((try? SlicesReader.recognizes(cut)) != true)
    }
  }

  // Checksums that are right let damage through: then there is an error, or tensors that are whole.
  // What they are cannot be told: a mutation of a value is another value.
  @Test(.timeLimit(.minutes(20))) func `gives whole tensors or an error for random damage`() throws
  {
    let directory = try TemporaryDirectory()
    var readable = 0
    for seed in 0..<1_000 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      var file = WorkedFileTests.file
      for _ in 0..<Int.random(in: 1...3, using: &rng) {
        let value = [0, 1, 2, 0x0A, 0x12, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &rng)]
        let position = Int.random(in: 0..<Self.blockByteCount, using: &rng)
        file[position] = value.randomElement(using: &rng) ?? 0
      }
      Self.repairChecksum(&file)
      try directory.write(file, to: "v1")
      guard let found = Self.contents(directory.path("v1")) else { continue }
      readable += 1
      for (key, tensor) in found {
        #expect(tensor.storage?.byteCount == tensor.spec.byteCount, "seed \(seed), \(key)")
      }
    }
    #expect(readable > 0)
  }

  // Names, slices, shapes, dtypes and counts stand twice or more: no flip of a bit in what is not a
  // value goes unnoticed, even under a checksum that is right.
  @Test(.timeLimit(.minutes(20))) func `never gives other values for a flip outside of them`()
    throws
  {
    let directory = try TemporaryDirectory()
    try directory.write(WorkedFileTests.file, to: "v1")
    let expected = Self.digests(try #require(Self.contents(directory.path("v1"))))
    let values = Set(0x6E..<0x76).union([0x9C]).union(0xBC..<0xE0).union(0xFC..<0x114)
    for position in 0..<Self.blockByteCount where !values.contains(position) {
      for bit in 0..<8 {
        var file = WorkedFileTests.file
        file[position] ^= 1 << bit
        Self.repairChecksum(&file)
        try directory.write(file, to: "v1")
        guard let found = Self.contents(directory.path("v1")) else { continue }
        for (key, value) in Self.digests(found) {
          guard let before = expected[key] else { continue }  // renamed everywhere, or not at all
          #expect(value == before, "byte \(position), bit \(bit), \(key)")
        }
      }
    }
  }

  private static let blockByteCount = 0x11C

  private static func repairChecksum(_ file: inout [UInt8]) {
    let covered = Array(file.prefix(blockByteCount)) + [0]  // and the type
    var sum = ByteWriter()
    unsafe sum.write(CRC32C(of: covered.span.bytes).masked)
    file.replaceSubrange((blockByteCount + 1)..<(blockByteCount + 5), with: sum.bytes)
  }
}
