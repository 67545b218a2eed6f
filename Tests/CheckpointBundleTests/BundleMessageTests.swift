import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import CheckpointWire
import Testing

// The bytes were written by TensorFlow 2.21.
private let boolEntry: [UInt8] = [
  0x08, 0x0A, 0x12, 0x04, 0x12, 0x02, 0x08, 0x03, 0x20, 0xCD, 0x02, 0x28, 0x03,
  0x35, 0x75, 0x59, 0x91, 0x06,
]
private let emptyEntry: [UInt8] = [
  0x08, 0x01, 0x12, 0x06, 0x12, 0x00, 0x12, 0x02, 0x08, 0x07, 0x20, 0xCD, 0x02,
  0x35, 0xD8, 0xEA, 0x82, 0xA2,
]
private let scalarEntry: [UInt8] = [
  0x08, 0x02, 0x12, 0x00, 0x20, 0xC5, 0x02, 0x28, 0x08, 0x35, 0x8B, 0xF2, 0x57, 0x40,
]

private func bytes(of entry: BundleEntry) -> [UInt8] {
  var writer = ByteWriter()
  entry.write(to: &writer)
  return writer.bytes
}

private func entry(_ bytes: [UInt8]) throws(CheckpointError) -> BundleEntry {
  try BundleEntry(message: bytes.span)
}

@Suite struct BundleEntryTests {
  static let examples: [(bytes: [UInt8], entry: BundleEntry)] = [
    (
      boolEntry,
      BundleEntry(
        spec: TensorSpec(.bool, [3]), shard: 0, range: ByteRange(offset: 333, count: 3),
        maskedCRC: 0x0691_5975)
    ),
    (
      emptyEntry,
      BundleEntry(
        spec: TensorSpec(.float32, [0, 7]), shard: 0, range: ByteRange(offset: 333, count: 0),
        maskedCRC: 0xA282_EAD8)
    ),
    (
      scalarEntry,
      BundleEntry(
        spec: TensorSpec(.float64, []), shard: 0, range: ByteRange(offset: 325, count: 8),
        maskedCRC: 0x4057_F28B)
    ),
  ]

  @Test(arguments: examples)
  func `reads and writes what TensorFlow wrote`(message: [UInt8], value: BundleEntry) throws {
    #expect(try entry(message) == value)
    #expect(bytes(of: value) == message)
  }

  @Test(arguments: [boolEntry, emptyEntry, scalarEntry])
  func `never mistakes a part of an entry for the entry`(message: [UInt8]) throws {
    let whole = try entry(message)
    for count in 0..<message.count {
      guard let part = try? entry(Array(message.prefix(count))) else { continue }
      #expect(part != whole, "\(count) bytes")  // cut between two fields
    }
  }

  @Test func `takes fields in any order, the last of each, and skips unknown ones`() throws {
    let order: [UInt8] =
      [0x35, 1, 2, 3, 4, 0x28, 0x08, 0x20, 0xC5, 0x02, 0x7A, 1, 0xFF, 0x12, 0x00, 0x08, 0x01]
      + [0x08, 0x02, 0x35, 0x8B, 0xF2, 0x57, 0x40]
    #expect(try entry(order) == entry(scalarEntry))
  }

  @Test func `merges a shape that occurs twice`() throws {
    let twice: [UInt8] = [
      0x08, 0x04, 0x12, 4, 0x12, 2, 0x08, 2, 0x12, 4, 0x12, 2, 0x08, 3, 0x28, 6,
    ]
    #expect(try entry(twice).spec.shape == [2, 3])
  }

  @Test func `takes a known field of another wire type for an unknown one`() throws {
    // 1 as 4 bytes, 2 as varint, 4 as bytes, 6 as varint.
    let odd: [UInt8] = [0x0D, 9, 9, 9, 9, 0x10, 5, 0x22, 1, 7, 0x30, 5]
    #expect(try entry(scalarEntry + odd) == entry(scalarEntry))
  }

  @Test(
    arguments: [
      ([0x08, 0x01, 0x12, 0x00, 0x28, 0x05], "a tensor"),
      (
        [0x08, 0x01, 0x12, 0x00, 0x28, 0x04, 0x18] + [UInt8](repeating: 0xFF, count: 9) + [1],
        "data file -1"
      ),
      (
        [0x08, 0x01, 0x12, 0x00, 0x28, 0x04, 0x20] + [UInt8](repeating: 0xFF, count: 9) + [1],
        "at byte -1"
      ),
    ] as [([UInt8], String)])
  func `refuses what no tensor can be`(message: [UInt8], wording: String) {
    let error = #expect(throws: CheckpointError.self) { try entry(message) }
    #expect(error?.code == .corrupt)
    #expect(error?.message.contains(wording) == true)
  }
}

@Suite struct BundleHeaderTests {
  @Test(
    arguments: [
      (1, [0x08, 0x01, 0x1A, 0x02, 0x08, 0x01]), (3, [0x08, 0x03, 0x1A, 0x02, 0x08, 0x01]),
    ] as [(Int, [UInt8])])
  func `reads and writes what TensorFlow writes`(shardCount: Int, message: [UInt8]) throws {
    #expect(BundleHeader(shardCount: shardCount).message == message)
    #expect(try BundleHeader(message: message.span) == BundleHeader(shardCount: shardCount))
  }

  @Test func `never mistakes a part of a header for the header`() throws {
    let message: [UInt8] = [0x08, 0x01, 0x1A, 0x02, 0x08, 0x01]
    let whole = try BundleHeader(message: message.span)
    for count in 0..<message.count {
      let start = Array(message.prefix(count))
      guard let part = try? BundleHeader(message: start.span) else { continue }
      #expect(part != whole, "\(count) bytes")
    }
  }

  // 2 and 3 as unpacked, packed, and packed in two parts.
  @Test(
    arguments: [
      [0x18, 2, 0x18, 3], [0x1A, 2, 2, 3], [0x1A, 1, 2, 0x1A, 1, 3],
      [0x1A, 1, 2, 0x18, 3, 0x1A, 0],
    ] as [[UInt8]])
  func `reads repeated numbers packed or not`(field: [UInt8]) throws {
    let message = [0x08, 1, 0x1A, UInt8(field.count)] + field
    let header = try BundleHeader(message: message.span)
    #expect(header.version.badConsumers == [2, 3])
  }

  @Test func `merges a version that occurs twice`() throws {
    let message: [UInt8] = [0x08, 1, 0x1A, 2, 0x08, 1, 0x1A, 2, 0x18, 5]
    let version = try BundleHeader(message: message.span).version
    #expect(version.producer == 1)
    #expect(version.badConsumers == [5])
  }

  @Test func `takes the low bits of an enumeration`() throws {
    let big: [UInt8] = [0x08, 1, 0x10, 0x81, 0x80, 0x80, 0x80, 0x10]
    #expect(try BundleHeader(message: big.span).isBigEndian)
  }

  @Test(
    arguments: [
      ([], CheckpointError.Code.corrupt),
      ([0x08, 0], .corrupt),
      ([0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], .corrupt),
      ([0x08, 1, 0x1A, 2, 0x10, 2], .unsupported),
      ([0x08, 1, 0x1A, 2, 0x18, 1], .unsupported),
    ] as [([UInt8], CheckpointError.Code)])
  func `refuses what this library cannot read`(message: [UInt8], code: CheckpointError.Code) {
    let error = #expect(throws: CheckpointError.self) { try BundleHeader(message: message.span) }
    #expect(error?.code == code)
  }

  @Test(.timeLimit(.minutes(20))) func `survives any bytes, as an entry does`() {
    for seed in 0..<20_000 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      let count = Int.random(in: 0...40, using: &rng)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &rng) }
      _ = try? BundleEntry(message: bytes.span)
      _ = try? BundleHeader(message: bytes.span)
    }
  }
}
