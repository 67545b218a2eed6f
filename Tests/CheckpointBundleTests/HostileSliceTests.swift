import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import CheckpointWire
import Testing

/// What the entries of a partitioned tensor can say: `w`, 4 rows of 2 `float32`, in two parts.
@Suite struct HostileSliceTests {
  private static let upper = "0,2:-"
  private static let lower = "2,2:-"
  private static let prefix = "/run/m: key 'w': "

  private func whole(_ slices: [String], dimensions: [Int64] = [4, 2]) throws -> StoredFields {
    StoredFields(dimensions: dimensions, size: 0, slices: try slices.map(sliceMessage))
  }

  private func part(_ number: Int) -> StoredFields {
    let start = number * 16
    let sum = maskedCRC((start..<start + 16).map(UInt8.init))
    return StoredFields(dimensions: [2, 2], offset: Int64(start), size: 16, checksum: sum)
  }

  private func key(_ slice: String) throws -> [UInt8] {
    let spec = try TensorSlice.Part("1000 1000 " + slice)
    return TensorKey("w").sliceKey(spec.slice).bytes
  }

  /// The bundle as it should be, but for what the test changes.
  private func bundle(
    _ slices: [String] = [upper, lower], dimensions: [Int64] = [4, 2], first: StoredFields? = nil,
    hasSecond: Bool = true
  ) throws -> BundleAssembler {
    var bundle = BundleAssembler(try whole(slices, dimensions: dimensions))
    bundle.add(try key(Self.upper), first ?? part(0))
    if hasSecond { bundle.add(try key(Self.lower), part(1)) }
    return bundle
  }

  @Test func `reads what is right`() throws {
    #expect(try bundle().listingProblem() == nil)
    #expect(try bundle().readingProblem() == nil)
    let system = try bundle().system()
    let reader = try BundleReader(prefix: "/run/m", fileSystem: system)
    #expect(try reader.entries().map(\.key) == ["w"])
    #expect(try reader.tensor(for: "w").plainBytes == Array(0..<32))
  }

  @Test func `refuses a part without an entry, unless it is not wanted`() throws {
    let bundle = try bundle(hasSecond: false)
    #expect(
      try bundle.readingProblem() == Self.prefix
        + "slice 2,2:- is listed, but has no entry (corrupt)")
    let slice = try TensorSlice.Part("4 2 1,1:-").slice
    #expect(try bundle.readingProblem(slice: slice) == nil)
  }

  @Test(
    arguments: [
      (3, [2, 2], "int32[2, 2]"), (1, [1, 4], "float32[1, 4]"), (1, [4], "float32[4]"),
      (8, [2, 1], "complex64[2, 1]"),
    ] as [(Int64, [Int64], String)])
  func `refuses a part of another dtype or shape`(dtype: Int64, dimensions: [Int64], spec: String)
    throws
  {
    var fields = part(0)
    (fields.dtype, fields.dimensions) = (dtype, dimensions)
    #expect(
      try bundle(first: fields).readingProblem() == Self.prefix
        + "slice 0,2:- is stored as \(spec), it should be float32[2, 2] (corrupt)")
  }

  // TensorFlow returns uninitialized memory for it.
  @Test func `refuses a part smaller than its slice`() throws {
    var fields = part(0)
    (fields.dimensions, fields.size) = ([1, 2], 8)
    fields.checksum = maskedCRC(Array(0..<8))
    #expect(
      try bundle(first: fields).readingProblem() == Self.prefix
        + "slice 0,2:- is stored as float32[1, 2], it should be float32[2, 2] (corrupt)")
  }

  @Test func `refuses a part that is in parts itself`() throws {
    var fields = part(0)
    fields.slices = [try sliceMessage("0,1:-")]
    #expect(try bundle(first: fields).readingProblem()?.contains("slice 0,2:- is stored") == true)
  }

  @Test(arguments: [
    (["0,2:-", "0,2:-"], "the slices 0,2:- and 0,2:- overlap"),
    (["0,2:-", "2,2:-", "1,2:-"], "the slices 0,2:- and 1,2:- overlap"),
    (["-:-", "0,2:-"], "the slices -:- and 0,2:- overlap"),
    (["0,3:-", "3,1:-"], "slice 0,3:- is listed, but has no entry"),
    (["0,5:-"], "slice 0,5:- leaves the tensor's shape [4, 2]"),
    (["4,1:-"], "slice 4,1:- leaves the tensor's shape [4, 2]"),
    (["0,2:0,3"], "slice 0,2:0,3 leaves the tensor's shape [4, 2]"),
    (["0,2:0,2", "2,2:-"], "slice 0,2:0,2 is listed, but has no entry"),
    (["0,2"], "slice 0,2 has 1 dimensions, the tensor [4, 2] has 2"),
    (["0,2:-:-"], "slice 0,2:-:- has 3 dimensions, the tensor [4, 2] has 2"),
  ])
  func `refuses lists of slices`(slices: [String], wording: String) throws {
    let error = try bundle(slices).readingProblem()
    #expect(error == Self.prefix + wording + " (corrupt)")
    #expect(try bundle(slices).listingProblem() == nil)
  }

  @Test func `says what is missing if the parts leave gaps`() throws {
    #expect(
      try bundle([Self.upper]).readingProblem() == Self.prefix
        + "only 4 of the 8 elements asked for are stored, in 1 slices; the others were never "
        + "saved (notFound)")
    let slice = try TensorSlice.Part("4 2 0,2:1,1").slice
    #expect(try bundle([Self.upper]).readingProblem(slice: slice) == nil)
  }

  @Test(
    arguments: [
      [0x0A, 4, 0x08, 1, 0x10, 0], [0x0A, 2, 0x10, 0],
      [0x0A, 11, 0x10, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
      [0x0A, 13, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0x10, 1],
    ] as [[UInt8]])
  func `refuses extents that are none`(message: [UInt8]) throws {
    let fields = StoredFields(dimensions: [4], size: 0, slices: [message])
    let error = try #require(try BundleAssembler(fields).listingProblem())
    #expect(error.hasPrefix("/run/m.index: key 'w': no slice has the extent "), "\(error)")
    #expect(error.hasSuffix("(corrupt)"))
  }

  @Test func `refuses extents that wrap`() throws {
    // From 2^63 - 1 on 2^63 - 1 elements.
    let most: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]
    let fields = StoredFields(
      dimensions: [4], size: 0, slices: [[0x0A, 20, 0x08] + most + [0x10] + most])
    #expect(
      try BundleAssembler(fields).readingProblem()?.contains("leaves the tensor's shape [4]")
        == true)
  }

  // Any number of parts may claim the same few bytes of the file.
  @Test func `takes no memory for parts that lie on top of each other in the file`() throws {
    let bytes = [UInt8](repeating: 7, count: 1 << 16)
    let sum = maskedCRC(bytes)
    let count = 2_000
    let slices = (0..<count).map { "\($0),1:-" }
    var bundle = BundleAssembler(
      StoredFields(
        dimensions: [Int64(count), 1 << 14], size: 0,
        slices: slices.map { text in
          let start = Int(text.prefix { $0 != "," }) ?? 0
          var writer = ByteWriter()
          TensorSlice([.range(start: start, length: 1), .full]).write(to: &writer)
          return writer.bytes
        }))
    for start in 0..<count {
      let slice = TensorSlice([.range(start: start, length: 1), .full])
      bundle.add(
        TensorKey("w").sliceKey(slice).bytes,
        StoredFields(dimensions: [1, 1 << 14], size: 1 << 16, checksum: sum))
    }
    bundle.data = ["00000-of-00001": bytes]
    #expect(
      try bundle.readingProblem() == Self.prefix
        + "its parts take 131072000 bytes of data file 0, which has 65536 (corrupt)")
    // One part is fine.
    let one = TensorSlice([.range(start: 5, length: 1), .full])
    #expect(try bundle.readingProblem(slice: one) == nil)
  }

  // A key with a name of a megabyte for each of many slices would fill any memory.
  @Test(.timeLimit(.minutes(20)))
  func `lists a long name with many slices without a key for each`() throws {
    let name = [UInt8](repeating: 0x61, count: 1 << 20)
    let count = 60_000
    var messages: [[UInt8]] = []
    for start in 0..<count {
      var writer = ByteWriter()
      TensorSlice([.range(start: start, length: 1)]).write(to: &writer)
      messages.append(writer.bytes)
    }
    var bundle = BundleAssembler()
    bundle.add(name, StoredFields(dimensions: [Int64(count)], size: 0, slices: messages))
    bundle.add([0, 1, 2], StoredFields(checksum: maskedCRC([0, 1, 2, 3])))
    #expect(try bundle.listingProblem() == nil)
    let error = try bundle.readingProblem(TensorKey(bytes: name))
    #expect(error?.hasSuffix("60000 slices of a name of 1048576 bytes (limitExceeded)") == true)
  }

  // How many bytes strings take, only the entries of the slices say: each is looked up by a long key.
  @Test(.timeLimit(.minutes(20))) func `lists slices of strings up to a limit`() throws {
    let name = [UInt8](repeating: 0x61, count: 1 << 20)
    let slices = try (0..<300).map { try sliceMessage("\($0),1") }
    var bundle = BundleAssembler()
    bundle.add(name, StoredFields(dtype: 7, dimensions: [300], size: 0, slices: slices))
    #expect(
      try bundle.listingProblem()?.hasSuffix(
        "the names and slices of the tensors in parts are too long to be listed (limitExceeded)")
        == true)
  }

  @Test func `refuses too many slices of one tensor`() throws {
    let slices = [[UInt8]](repeating: [0x0A, 0], count: 65_537)
    let fields = StoredFields(dimensions: [4], size: 0, slices: slices)
    #expect(
      try BundleAssembler(fields).readingProblem() == Self.prefix
        + "65537 slices of one tensor, at most 65536 are read (limitExceeded)")
  }

  // A tensor may have a name that looks like the key of a part.
  @Test func `lists keys of parts that no tensor claims`() throws {
    var bundle = BundleAssembler(part(0))
    bundle.add(try key(Self.upper), part(0))
    bundle.add([0], part(0))
    bundle.add([0, 0xFF], part(0))
    let reader = try BundleReader(prefix: "/run/m", fileSystem: bundle.system())
    #expect(try reader.entries().count == 4)
  }
}
