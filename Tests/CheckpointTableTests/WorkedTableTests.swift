import CheckpointIO
import CheckpointTable
import CheckpointTestSupport
import Testing

/// Tables that TensorFlow wrote, byte for byte.
@Suite struct WorkedTableTests {
  /// `b` = float32 [1.5, -2] and `a` = int64 7.
  static let twoVariables = bytes(
    """
    00 00 06 08 01 1a 02 08 01 00 01 0d 61 08 09 12
    00 20 08 28 08 35 bb d7 9f 11 00 01 0f 62 08 01
    12 04 12 02 08 02 28 08 35 3d 33 c8 f4 00 00 00
    00 01 00 00 00 00 6e 94 ad 96 00 00 00 00 01 00
    00 00 00 c0 f2 a1 b0 00 01 02 63 00 35 00 00 00
    00 01 00 00 00 00 7e 2c 7d 04 3a 08 47 0e 00 00
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    00 00 57 fb 80 8b 24 75 47 db
    """)

  /// A checkpoint object with one variable `v`.
  static let object = bytes(
    """
    00 00 06 08 01 1a 02 08 01 00 1c 0d 5f 43 48 45
    43 4b 50 4f 49 4e 54 41 42 4c 45 5f 4f 42 4a 45
    43 54 5f 47 52 41 50 48 08 07 12 00 20 08 28 4b
    35 d2 58 67 f8 00 1c 0f 76 2f 2e 41 54 54 52 49
    42 55 54 45 53 2f 56 41 52 49 41 42 4c 45 5f 56
    41 4c 55 45 08 01 12 04 12 02 08 02 28 08 35 59
    3c e5 35 00 00 00 00 01 00 00 00 00 12 02 52 a6
    00 00 00 00 01 00 00 00 00 c0 f2 a1 b0 00 01 02
    77 00 6b 00 00 00 00 01 00 00 00 00 b9 5f a8 2b
    70 08 7d 0e 00 00 00 00 00 00 00 00 00 00 00 00
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    00 00 00 00 00 00 00 00 57 fb 80 8b 24 75 47 db
    """)

  /// A V1 checkpoint: its keys share bytes, and its values hold the tensors.
  static let version1 = bytes(
    """
    00 00 53 0a 51 0a 0f 0a 01 62 12 04 12 02 08 02
    18 01 22 02 0a 00 0a 13 0a 0b 67 6c 6f 62 61 6c
    5f 73 74 65 70 12 00 18 09 22 00 0a 25 0a 01 77
    12 08 12 02 08 05 12 02 08 03 18 01 22 08 0a 02
    10 03 0a 02 10 03 22 0a 0a 04 08 03 10 02 0a 02
    10 03 12 02 08 01 00 08 15 00 62 00 01 01 01 80
    7f 12 13 0a 01 62 12 02 0a 00 1a 0a 2a 08 00 00
    e0 40 00 00 00 41 01 0e 16 67 6c 6f 62 61 6c 5f
    73 74 65 70 00 01 00 12 14 0a 0b 67 6c 6f 62 61
    6c 5f 73 74 65 70 12 00 1a 03 52 01 00 01 09 37
    77 00 01 01 02 80 83 80 83 12 35 0a 01 77 12 08
    0a 02 10 03 0a 02 10 03 1a 26 2a 24 8d b2 4f bf
    55 07 be 3f 68 cb 85 3d 44 55 1c c0 bf 42 cb 3d
    7a 5a 17 3f 3f c3 17 3f 14 de 07 c0 cb 0f 39 bf
    06 04 2d 83 82 80 83 12 2b 0a 01 77 12 0a 0a 04
    08 03 10 02 0a 02 10 03 1a 1a 2a 18 8d b2 4f bf
    55 07 be 3f 68 cb 85 3d 44 55 1c c0 bf 42 cb 3d
    7a 5a 17 3f 00 00 00 00 01 00 00 00 00 87 b8 9d
    c5 00 00 00 00 01 00 00 00 00 c0 f2 a1 b0 00 01
    03 01 00 9c 02 00 00 00 00 01 00 00 00 00 09 f0
    f6 e7 a1 02 08 ae 02 0f 00 00 00 00 00 00 00 00
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    00 00 00 00 00 00 00 00 00 00 57 fb 80 8b 24 75
    47 db
    """)

  @Test func `reads the index of two variables`() throws {
    let table = try readTable(Self.twoVariables)
    #expect(table.blockCount == 1)
    #expect(
      try table.entries() == [
        Entry([], bytes("08 01 1a 02 08 01")),
        Entry([0x61], bytes("08 09 12 00 20 08 28 08 35 bb d7 9f 11")),
        Entry([0x62], bytes("08 01 12 04 12 02 08 02 28 08 35 3d 33 c8 f4")),
      ])
    #expect(try table.value(for: [0x61]) == bytes("08 09 12 00 20 08 28 08 35 bb d7 9f 11"))
    #expect(try table.value(for: [0x63]) == nil)
  }

  @Test func `reads the keys of an object checkpoint`() throws {
    let keys = try readTable(Self.object).entries().map { String(decoding: $0.key, as: UTF8.self) }
    #expect(keys == ["", "_CHECKPOINTABLE_OBJECT_GRAPH", "v/.ATTRIBUTES/VARIABLE_VALUE"])
  }

  @Test func `reads keys that share bytes with the one before`() throws {
    let entries = try readTable(Self.version1).entries()
    #expect(entries.map(\.value.count) == [83, 21, 22, 55, 45])
    #expect(entries[1].key == bytes("00 62 00 01 01 01 80 7f"))
    #expect(entries[2].key == [0] + Array("global_step".utf8) + [0, 1, 0])
    #expect(entries[3].key == bytes("00 77 00 01 01 02 80 83 80 83"))
    #expect(entries[4].key == bytes("00 77 00 01 01 02 83 82 80 83"))
  }

  @Test(arguments: [twoVariables, object, version1])
  func `writes the same bytes as TensorFlow`(file: [UInt8]) throws {
    let entries = try readTable(file).entries()
    #expect(try writeTable(entries) == file)
  }
}
