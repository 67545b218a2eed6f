import CheckpointIO
import CheckpointTestSupport
import CheckpointWire
import Testing

/// Passes over every field of a message, and returns their tags.
private func tags(of bytes: [UInt8]) throws(CheckpointError) -> [WireTag] {
  var tags: [WireTag] = []
  var fields = WireReader(bytes.span)
  while let tag = try fields.nextTag() {
    tags.append(tag)
    try fields.skip(tag)
  }
  return tags
}

@Suite struct WireFormatTests {
  @Test func `finds number and type in a tag`() {
    #expect(WireTag.varint(1).rawValue == 0x08)
    #expect(WireTag.bytes(2).rawValue == 0x12)
    #expect(WireTag.fixed32(6).rawValue == 0x35)
    #expect(WireTag.fixed64(3).rawValue == 0x19)
    #expect(WireTag(rawValue: 0x12).number == 2)
    #expect(WireTag(rawValue: 0x12).wireType == .bytes)
    #expect(WireTag(rawValue: 0x0E).wireType == nil)
  }

  // A value, and its shortest varint.
  static let varints: [(value: UInt64, bytes: [UInt8])] = [
    (0, [0]), (1, [1]), (127, [0x7F]), (128, [0x80, 1]), (333, [0xCD, 2]), (16_383, [0xFF, 0x7F]),
    (16_384, [0x80, 0x80, 1]), (1 << 32, [0x80, 0x80, 0x80, 0x80, 0x10]),
    (.max, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
  ]

  @Test(arguments: varints)
  func `reads and writes varints`(value: UInt64, bytes: [UInt8]) throws {
    var writer = ByteWriter()
    writer.write(varint: value)
    #expect(writer.bytes == bytes)
    var fields = WireReader(bytes.span)
    #expect(try fields.readVarint() == value)
  }

  @Test func `reads varints that are longer than necessary`() throws {
    var fields = WireReader(([0x87, 0x80, 0x80, 0x00] as [UInt8]).span)
    #expect(try fields.readVarint() == 7)
  }

  @Test(
    arguments: [
      ([UInt8](repeating: 0xFF, count: 9) + [2], "byte 0: varint of more than 64 bits (corrupt)"),
      ([UInt8](repeating: 0x80, count: 11), "byte 0: varint of more than 64 bits (corrupt)"),
      ([0x80], "byte 1: 1 bytes promised, 0 left (truncated)"),
      ([], "byte 0: 1 bytes promised, 0 left (truncated)"),
    ] as [([UInt8], String)])
  func `refuses varints that do not end`(bytes: [UInt8], message: String) {
    let error = #expect(throws: CheckpointError.self) {
      var fields = WireReader(bytes.span)
      _ = try fields.readVarint()
    }
    #expect(error?.description == message)
  }

  @Test func `keeps the low bits of a narrow integer, as TensorFlow does`() throws {
    let bytes: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]
    var fields = WireReader(bytes.span)
    #expect(try fields.readInt32() == -1)
    var wide = WireReader(([0x81, 0x80, 0x80, 0x80, 0x10] as [UInt8]).span)
    #expect(try wide.readInt32() == 1)
  }

  @Test func `writes nothing for a default, and ten bytes for a negative number`() {
    var writer = ByteWriter()
    writer.write(1, varint: 0)
    writer.write(2, signed: 0)
    writer.write(3, fixed32: 0)
    writer.write(4, string: "")
    #expect(writer.bytes == [])
    writer.write(2, signed: -1)
    #expect(writer.bytes == [0x10] + [UInt8](repeating: 0xFF, count: 9) + [1])
  }

  @Test func `writes a message also if it is empty`() {
    var writer = ByteWriter()
    writer.write(2, message: [])
    writer.write(4, string: "é")
    writer.write(6, fixed32: 0x1234_5678)
    #expect(writer.bytes == [0x12, 0, 0x22, 2, 0xC3, 0xA9, 0x35, 0x78, 0x56, 0x34, 0x12])
  }

  @Test func `passes over unknown fields of every type`() throws {
    let bytes: [UInt8] = [
      0x08, 0x96, 0x01,  // 1: varint
      0x11, 1, 2, 3, 4, 5, 6, 7, 8,  // 2: 8 bytes
      0x1A, 3, 0xAA, 0xBB, 0xCC,  // 3: bytes
      0x23, 0x08, 1, 0x2B, 0x2C, 0x24,  // 4: a group with a field and a group
      0x35, 1, 2, 3, 4,  // 6: 4 bytes
    ]
    #expect(try tags(of: bytes).map(\.number) == [1, 2, 3, 4, 6])
  }

  static let refused: [(bytes: [UInt8], message: String)] = [
    ([0x00, 0], "byte 0: no protobuf field has the tag 0 (corrupt)"),
    ([0x07], "byte 0: no protobuf field has the tag 7 (corrupt)"),
    ([0x0E, 0], "byte 0: no protobuf field has the tag 14 (corrupt)"),
    ([0x0C], "byte 1: protobuf group 1 ends where none began (corrupt)"),
    ([0x0B], "protobuf group 1 does not end (corrupt)"),
    ([0x0B, 0x14], "byte 2: protobuf group 2 ends where none began (corrupt)"),
    ([0x0A, 5, 1], "byte 2: 5 bytes promised, 1 left (truncated)"),
    (
      [0x0A] + [UInt8](repeating: 0xFF, count: 9) + [1],
      "byte 11: 18446744073709551615 bytes promised, 0 left (truncated)"
    ),
    ([0x0D, 1, 2, 3], "byte 1: 4 bytes promised, 3 left (truncated)"),
    ([0x09, 1], "byte 1: 8 bytes promised, 1 left (truncated)"),
    ([UInt8](repeating: 0x0B, count: 1_000), "protobuf group 1 does not end (corrupt)"),
  ]

  @Test(arguments: refused)
  func `says what is wrong in a message`(bytes: [UInt8], message: String) {
    let error = #expect(throws: CheckpointError.self) { try tags(of: bytes) }
    #expect(error?.description == message)
  }

  @Test func `refuses a text that is not UTF-8`() {
    let error = #expect(throws: CheckpointError.self) {
      var fields = WireReader(([2, 0xC3, 0x28] as [UInt8]).span)
      _ = try fields.readString()
    }
    #expect(error?.description == "byte 0: a text field is not UTF-8 (corrupt)")
  }

  @Test(.timeLimit(.minutes(20))) func `survives any bytes`() {
    for seed in 0..<20_000 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      let count = Int.random(in: 0...40, using: &rng)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &rng) }
      _ = try? tags(of: bytes)
    }
  }
}
