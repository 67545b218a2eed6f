import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Lists of tensors that no writer makes: each is refused when the file is opened, and said why.
@Suite struct HostileMetaTests {
  @Test func `a list that is fine is read`() throws {
    var file = SlicesAssembler()
    file.list("w")
    file.list("unlisted", slices: [])
    #expect(try file.reader().entries().map(\.key) == ["w"])
    #expect(try file.reader().entry(for: "unlisted") == nil)
  }

  @Test func `a file without a list is of another kind`() {
    var file = SlicesAssembler()
    file.metaRecord = hex("08 01 1a 02 08 01")
    let found = problem { _ = try file.reader() }
    #expect(
      found
        == "this sorted table has no list of tensors, as every file of a V1 checkpoint has; if it "
        + "is an index of V2, give the prefix: the path without '.index' (notACheckpoint)")
  }

  @Test func `a list that is damaged is refused`() {
    var file = SlicesAssembler()
    file.metaRecord = hex("0a 05 12 02 08")
    #expect(problem { _ = try file.reader() } == "5 bytes promised, 3 left (truncated)")
  }

  @Test func `a later version is refused`() {
    let file = SlicesAssembler(version: [0x08, 0x05, 0x10, 0x04])
    #expect(
      problem { _ = try file.reader() }
        == "the file (version 5) asks for a reader of version 4 or later that is none of []; this "
        + "one is of version 1 (unsupported)")
  }

  @Test func `no version at all is accepted`() throws {
    var file = SlicesAssembler()
    file.meta.bytes = []
    file.list("w")
    #expect(try file.reader().entries().count == 1)
  }

  static let slices: [([UInt8], String)] = [
    (extent(-1, 1), "w: no slice has the extent -1,1 (corrupt)"),
    (extent(1, 0), "w: no slice has the extent 1,0 (corrupt)"),
    (extent(0, -2), "w: no slice has the extent 0,-2 (corrupt)"),
    (extent(1, 4), "w: slice 1,4 leaves the tensor's shape [4] (corrupt)"),
    (extent(.max, 4), "w: slice 9223372036854775807,4 leaves the tensor's shape [4] (corrupt)"),
    ([0x0A, 0x00, 0x0A, 0x00], "w: slice -:- has 2 dimensions, the tensor [4] has 1 (corrupt)"),
    ([], "w: slice  has 0 dimensions, the tensor [4] has 1 (corrupt)"),
  ]

  @Test(arguments: slices)
  func `a slice that does not fit is refused`(slice: [UInt8], expected: String) {
    var file = SlicesAssembler()
    file.list("w", shape: [4], slices: [slice])
    // A length of 0 is not written by the helper: it means the full extent of start 1.
    let found = problem { _ = try file.reader() }
    #expect(found == expected || (slice == extent(1, 0) && found == nil))
  }

  @Test func `the same slice twice is refused`() {
    var file = SlicesAssembler()
    file.list("w", shape: [4], slices: [extent(0, 2), extent(2, 2), extent(0, 2)])
    #expect(problem { _ = try file.reader() } == "w: slice 0,2 is listed twice (corrupt)")
  }

  @Test func `slices that overlap are refused when they are read`() throws {
    var file = SlicesAssembler()
    file.list("w", shape: [4], slices: [extent(0, 3), extent(2, 2)])
    let reader = try file.reader()
    #expect(
      problem { _ = try reader.tensor(for: "w") } == "w: the slices 0,3 and 2,2 overlap (corrupt)")
  }

  @Test func `shapes and dtypes that no tensor has are refused`() {
    let cases: [(Int32, [Int64], String)] = [
      (1, [-1], "w: no tensor can have the shape [-1] (corrupt)"),
      (
        1, [1 << 40, 1 << 40],
        "w: no tensor can have the shape [1099511627776, 1099511627776] (corrupt)"
      ),
      (0, [2], "w: dtype 0 is none (corrupt)"),
      (20, [2], "w: dtype 20 is a resource handle, which cannot be stored (corrupt)"),
      (101, [2], "w: dtype 101 is a reference type, which cannot be stored (corrupt)"),
      (99, [2], "w: dtype 99 is unknown (corrupt)"),
    ]
    for (dtype, shape, expected) in cases {
      var file = SlicesAssembler()
      file.list("w", dtype, shape: shape, slices: [])
      #expect(problem { _ = try file.reader() } == expected)
    }
  }

  @Test func `a tensor that is listed as two is refused`() {
    var file = SlicesAssembler()
    file.list("w", shape: [4], slices: [extent(0, 2)])
    file.list("w", shape: [5], slices: [extent(2, 2)])
    #expect(
      problem { _ = try file.reader() }
        == "w: some slices are listed as of a tensor float32[4], others as of float32[5] (corrupt)")
  }

  @Test func `a list that promises more than the file can hold costs no memory`() throws {
    var file = SlicesAssembler()
    file.list("w", shape: [1 << 40], slices: [[0x0A, 0x00]])
    file.list("s", 7, shape: [1 << 61], slices: [[0x0A, 0x00]])
    let reader = try file.reader()
    #expect(
      problem { _ = try reader.tensor(for: "w") }
        == "w: the list of tensors promises float32[1099511627776], for which the records need "
        + "4398046511104 bytes at least, more than the file can hold (corrupt)")
    let found = problem { _ = try reader.tensor(for: "s") }
    #expect(found?.contains("more than the file can hold (corrupt)") == true)
  }
}
