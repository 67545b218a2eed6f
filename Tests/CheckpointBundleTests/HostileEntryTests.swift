import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import CheckpointWire
import Testing

/// What entries of a hostile index can say of numbers.
@Suite struct HostileEntryTests {
  private static let sum = maskedCRC([0, 1, 2, 3])
  private static let key = "/run/m.index: key 'w': "

  private func expectRefused(_ fields: StoredFields, _ wording: String) throws {
    let bundle = BundleAssembler(fields)
    let expected = Self.key + wording
    #expect(try bundle.listingProblem() == expected)
    #expect(try bundle.readingProblem() == expected)
    let reader = try BundleReader(prefix: "/run/m", fileSystem: bundle.system())
    #expect(problem { () throws(CheckpointError) in _ = try reader.entry(for: "w") } == expected)
    let requests = [TensorRequest("v"), TensorRequest("w")]
    #expect(
      problem { () throws(CheckpointError) in _ = try reader.batch(of: requests) } == expected)
  }

  @Test(arguments: [
    (0, "none"), (20, "a resource handle, which cannot be stored"),
    (101, "a reference type, which cannot be stored"),
    (133, "a reference type, which cannot be stored"), (34, "unknown"), (99, "unknown"),
    (134, "unknown"), (-1, "unknown"), (Int64(Int32.max), "unknown"),
  ])
  func `refuses dtypes that no tensor has`(dtype: Int64, what: String) throws {
    try expectRefused(StoredFields(dtype: dtype), "dtype \(dtype) is \(what) (corrupt)")
  }

  @Test(
    arguments: [
      ([-1], "[-1]"), ([3, -1], "[3, -1]"), ([.min], "[-9223372036854775808]"),
      ([1 << 32, 1 << 31], "[4294967296, 2147483648]"),
      ([1 << 31, 1 << 31, 4], "[2147483648, 2147483648, 4]"),
      ([.max, .max], "[9223372036854775807, 9223372036854775807]"),
      ([.max, 2, 0], "[9223372036854775807, 2]"),
      (Array(repeating: 1, count: 255), "[1, 1, 1, 1, 1, 1, 1, 1, … 255 dimensions]"),
    ] as [([Int64], String)])
  func `refuses shapes that no tensor has`(dimensions: [Int64], shown: String) throws {
    try expectRefused(
      StoredFields(dimensions: dimensions), "no tensor can have the shape \(shown) (corrupt)")
  }

  @Test func `every bit of a checksum counts`() throws {
    #expect(try BundleAssembler(StoredFields(checksum: Self.sum)).readingProblem() == nil)
    for bit in 0..<32 as Range<UInt32> {
      let bundle = BundleAssembler(StoredFields(checksum: Self.sum ^ 1 << bit))
      #expect(try bundle.readingProblem() != nil, "bit \(bit)")
    }
  }

  @Test func `takes 254 dimensions`() throws {
    let dimensions = [Int64](repeating: 1, count: 254)
    let bundle = BundleAssembler(StoredFields(dimensions: dimensions, checksum: Self.sum))
    #expect(try bundle.listingProblem() == nil)
    #expect(try bundle.readingProblem() == nil)
  }

  @Test func `refuses tensors larger than any memory`() throws {
    // 2^62 elements of 4 bytes are 0 bytes to those who do not watch for overflow.
    for (dimensions, size) in [([1 << 62], 0), ([1 << 61], Int64.max)] as [([Int64], Int64)] {
      try expectRefused(
        StoredFields(dimensions: dimensions, size: size),
        "a tensor float32[\(dimensions[0])] is larger than any memory (corrupt)")
    }
  }

  @Test(
    arguments: [
      (1, [], 3), (1, [], 5), (1, [], 0), (1, [2], 4), (1, [0], 4), (2, [], 4), (18, [], 8),
      (1, [1 << 40], 4), (29, [3], 2), (10, [8], 1),
    ] as [(Int64, [Int64], Int64)])
  func `refuses a size that is not that of dtype and shape`(
    dtype: Int64, dimensions: [Int64], size: Int64
  ) throws {
    let spec = TensorSpec(try DType(stored: Int32(dtype)), TensorShape(dimensions.map { Int($0) }))
    try expectRefused(
      StoredFields(dtype: dtype, dimensions: dimensions, size: size),
      "a tensor \(spec) takes \(spec.byteCount ?? 0) bytes, the index says \(size) (corrupt)")
  }

  @Test func `refuses negative places`() throws {
    try expectRefused(
      StoredFields(offset: -1), "no tensor lies in data file 0 at byte -1 with 4 bytes (corrupt)")
    try expectRefused(
      StoredFields(size: -4), "no tensor lies in data file 0 at byte 0 with -4 bytes (corrupt)")
    try expectRefused(
      StoredFields(shard: -1), "no tensor lies in data file -1 at byte 0 with 4 bytes (corrupt)")
  }

  @Test(arguments: [1, 2, Int64(Int32.max)])
  func `refuses a data file beyond their number`(shard: Int64) throws {
    try expectRefused(
      StoredFields(shard: shard), "the entry names data file \(shard), there are 1 (corrupt)")
  }

  @Test(arguments: [61, 64, 65, 1 << 40, .max - 3, .max] as [Int64])
  func `refuses a place beyond the end of the data file`(offset: Int64) throws {
    let bundle = BundleAssembler(StoredFields(offset: offset, checksum: Self.sum))
    #expect(try bundle.listingProblem() == nil)
    #expect(
      try bundle.readingProblem()
        == "/run/m.data-00000-of-00001: byte \(offset): key 'w': the tensor takes 4 bytes from byte "
        + "\(offset) on, but only \(64 - min(offset, 64)) of 64 are left (truncated)")
  }

  @Test func `takes no memory for a tensor that the data file cannot hold`() throws {
    let bundle = BundleAssembler(StoredFields(dimensions: [1 << 50], size: 1 << 52))
    #expect(
      try bundle.readingProblem()
        == "/run/m.data-00000-of-00001: byte 0: key 'w': the tensor takes 4503599627370496 bytes "
        + "from byte 0 on, but only 64 of 64 are left (truncated)")
    let part = TensorSlice([.range(start: 5, length: 1 << 45)])
    #expect(try bundle.readingProblem(slice: part)?.hasSuffix("(truncated)") == true)
  }

  @Test func `says which data file is missing, and lists without it`() throws {
    var bundle = BundleAssembler(StoredFields(shard: 1, checksum: Self.sum))
    bundle.header = [0x08, 2, 0x1A, 2, 0x08, 1]
    bundle.data = ["00000-of-00002": []]
    #expect(try bundle.listingProblem() == nil)
    #expect(
      try bundle.readingProblem()
        == "/run/m.data-00001-of-00002: key 'w': this data file is missing; the index of '/run/m' "
        + "names it (notFound)")
  }

  @Test func `refuses a wrong or absent checksum`() throws {
    for checksum in [nil, 0, Self.sum ^ 1] as [UInt32?] {
      let bundle = BundleAssembler(StoredFields(checksum: checksum))
      let expected = CRC32C(unmasking: checksum ?? 0).value
      #expect(
        try bundle.readingProblem()
          == "/run/m.data-00000-of-00001: byte 0: key 'w': the tensor's checksum is 0xd9331aa3, "
          + "expected 0x\(hexadecimal(expected)); the file is damaged, restore another "
          + "checkpoint (corrupt)")
    }
  }

  private func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  @Test func `refuses an empty tensor without a checksum, and needs no file for it`() throws {
    var bundle = BundleAssembler(StoredFields(dimensions: [0, 7], offset: 1 << 40, size: 0))
    #expect(try bundle.readingProblem()?.contains("checksum is 0x00000000, expected") == true)
    bundle = BundleAssembler(
      StoredFields(dimensions: [0, 7], offset: 1 << 40, size: 0, checksum: 0xA282_EAD8))
    bundle.data = [:]
    #expect(try bundle.readingProblem() == nil)
  }

  @Test func `takes aliases and gaps, as TensorFlow does`() throws {
    var bundle = BundleAssembler()
    for key in ["a", "b"] {
      bundle.add(Array(key.utf8), StoredFields(offset: 8, checksum: maskedCRC([8, 9, 10, 11])))
    }
    #expect(try bundle.readingProblem("a") == nil)
    #expect(try bundle.readingProblem("b") == nil)
  }

  @Test(arguments: [[0x08], [0xFF], [0x12, 0x7F, 1], [0x00, 0x01], [0x35, 1, 2]] as [[UInt8]])
  func `refuses an entry that is no message`(value: [UInt8]) throws {
    var bundle = BundleAssembler()
    bundle.entries = [(Array("w".utf8), value)]
    let listing = try #require(try bundle.listingProblem())
    #expect(listing.hasPrefix("/run/m.index: key 'w': "), "\(listing)")
    #expect(try bundle.readingProblem() == listing)
    // Damage of one entry does not make another one unreadable, and is not taken for absence.
    bundle.add(Array("v".utf8), StoredFields(checksum: Self.sum))
    #expect(try bundle.readingProblem("v") == nil)
    #expect(try bundle.listingProblem() != nil)
    #expect(try bundle.readingProblem("u") == listing)
  }

  // MARK: The header

  @Test(
    arguments: [
      (nil, "the index has no header; it is no index of a V2 checkpoint (corrupt)"),
      ([], "the header says that there are 0 data files (corrupt)"),
      (
        [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
        "the header says that there are -1 data files (corrupt)"
      ),
      (
        [0x08, 1, 0x1A, 4, 0x08, 1, 0x10, 2],
        "the file (version 1) asks for a reader of version 2 or later that is none of []; this one "
          + "is of version 1 (unsupported)"
      ),
      (
        [0x08, 1, 0x1A, 5, 0x08, 2, 0x1A, 1, 1],
        "the file (version 2) asks for a reader of version 0 or later that is none of [1]; this "
          + "one is of version 1 (unsupported)"
      ),
      (
        [0x08, 1, 0x1A, 11, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
        "the producer version -1 is no version (corrupt)"
      ),
    ] as [([UInt8]?, String)])
  func `refuses headers`(header: [UInt8]?, wording: String) throws {
    var bundle = BundleAssembler(StoredFields(checksum: Self.sum))
    bundle.header = header
    #expect(try bundle.listingProblem() == "/run/m.index: " + wording)
  }

  @Test(
    arguments: [
      [0x08, 1], [0x08, 1, 0x1A, 0], [0x08, 1, 0x1A, 2, 0x08, 99], [0x08, 1, 0x1A, 2, 0x10, 1],
      [0x08, 1, 0x1A, 3, 0x1A, 1, 2], [0x10, 0, 0x08, 1], [0x08, 5, 0x08, 1], [0x10, 7, 0x08, 1],
      [0x08, 1, 0x7A, 2, 9, 9],
    ] as [[UInt8]])
  func `takes the headers that TensorFlow takes`(header: [UInt8]) throws {
    var bundle = BundleAssembler(StoredFields(checksum: Self.sum))
    bundle.header = header
    #expect(try bundle.readingProblem() == nil)
  }

  @Test func `takes a large number of data files for a name only`() throws {
    var bundle = BundleAssembler(StoredFields(shard: 2_147_483_646, checksum: Self.sum))
    bundle.header = [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0x07]
    bundle.data = ["2147483646-of-2147483647": [0, 1, 2, 3]]
    #expect(try bundle.listingProblem() == nil)
    #expect(try bundle.readingProblem() == nil)
  }
}
