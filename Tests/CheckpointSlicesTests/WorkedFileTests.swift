import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import CheckpointWire
import Testing

/// A file of TensorFlow, byte by byte: `b` = [7, 8], the int64 scalar `global_step` = 0, and `w` of
/// shape [5, 3] in two slices.
@Suite struct WorkedFileTests {
  static let file = hex(
    """
    00 00 53 0a 51 0a 0f 0a 01 62 12 04 12 02 08 02 18 01 22 02 0a 00 0a 13 0a 0b 67 6c 6f 62 61 6c
    5f 73 74 65 70 12 00 18 09 22 00 0a 25 0a 01 77 12 08 12 02 08 05 12 02 08 03 18 01 22 08 0a 02
    10 03 0a 02 10 03 22 0a 0a 04 08 03 10 02 0a 02 10 03 12 02 08 01 00 08 15 00 62 00 01 01 01 80
    7f 12 13 0a 01 62 12 02 0a 00 1a 0a 2a 08 00 00 e0 40 00 00 00 41 01 0e 16 67 6c 6f 62 61 6c 5f
    73 74 65 70 00 01 00 12 14 0a 0b 67 6c 6f 62 61 6c 5f 73 74 65 70 12 00 1a 03 52 01 00 01 09 37
    77 00 01 01 02 80 83 80 83 12 35 0a 01 77 12 08 0a 02 10 03 0a 02 10 03 1a 26 2a 24 8d b2 4f bf
    55 07 be 3f 68 cb 85 3d 44 55 1c c0 bf 42 cb 3d 7a 5a 17 3f 3f c3 17 3f 14 de 07 c0 cb 0f 39 bf
    06 04 2d 83 82 80 83 12 2b 0a 01 77 12 0a 0a 04 08 03 10 02 0a 02 10 03 1a 1a 2a 18 8d b2 4f bf
    55 07 be 3f 68 cb 85 3d 44 55 1c c0 bf 42 cb 3d 7a 5a 17 3f 00 00 00 00 01 00 00 00 00 87 b8 9d
    c5 00 00 00 00 01 00 00 00 00 c0 f2 a1 b0 00 01 03 01 00 9c 02 00 00 00 00 01 00 00 00 00 09 f0
    f6 e7 a1 02 08 ae 02 0f 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    00 00 00 00 00 00 00 00 00 00 57 fb 80 8b 24 75 47 db
    """)

  static let w: [UInt32] = [
    0xBF4F_B28D, 0x3FBE_0755, 0x3D85_CB68, 0xC01C_5544, 0x3DCB_42BF, 0x3F17_5A7A, 0x3F17_C33F,
    0xC007_DE14, 0xBF39_0FCB, 0xBF4F_B28D, 0x3FBE_0755, 0x3D85_CB68, 0xC01C_5544, 0x3DCB_42BF,
    0x3F17_5A7A,
  ]

  @Test func `is read`() throws {
    let directory = try TemporaryDirectory()
    try directory.write(Self.file, to: "model.ckpt-0")
    let reader = try SlicesReader(path: directory.path("model.ckpt-0"))
    let entries = try reader.entries()
    #expect(entries.map(\.key) == ["b", "global_step", "w"])
    #expect(entries.map(\.spec.description) == ["float32[2]", "int64[]", "float32[5, 3]"])
    #expect(entries.map { $0.slices.map(\.description) } == [[], [], ["0,3:0,3", "3,2:0,3"]])
    #expect(entries.map(\.shard) == [0, 0, nil])
    #expect(entries.map(\.byteCount) == [8, 8, 60])
    #expect(try Tensor<Float>(reader.tensor(for: "b")).array == [7, 8])
    #expect(try Tensor<Int64>(reader.tensor(for: "global_step")).array == [0])
    let w = try Tensor<Float>(reader.tensor(for: "w")).array
    #expect(w.map(\.bitPattern) == Self.w)
  }

  @Test func `any part of a partitioned tensor is read`() throws {
    let directory = try TemporaryDirectory()
    try directory.write(Self.file, to: "model.ckpt-0")
    let reader = try SlicesReader(path: directory.path("model.ckpt-0"))
    for (rows, columns) in [(0..<5, 1..<2), (2..<4, 0..<3), (1..<4, 1..<3), (4..<5, 2..<3)] {
      let slice = TensorSlice([
        .range(start: rows.lowerBound, length: rows.count),
        .range(start: columns.lowerBound, length: columns.count),
      ])
      let values = try Tensor<Float>(reader.tensor(for: "w", slice: slice)).array
      let expected = rows.flatMap { row in columns.map { Self.w[row * 3 + $0] } }
      #expect(values.map(\.bitPattern) == expected, "\(slice)")
    }
  }

  @Test func `is written`() throws {
    let directory = try TemporaryDirectory()
    var writer = try SlicesWriter(path: directory.path("model.ckpt-0"))
    try writer.add(Tensor<Float>([7, 8]), for: "b")
    try writer.add(Tensor<Int64>(0), for: "global_step")
    let w = Self.w.map(Float.init(bitPattern:))
    for (text, range) in [("5 3 0,3:0,3", 0..<9), ("5 3 3,2:0,3", 9..<15)] {
      let values = Tensor(shape: [range.count / 3, 3], scalars: Array(w[range]))
      try writer.add(values, for: "w", part: TensorSlice.Part(text))
    }
    #expect(!directory.names.contains("model.ckpt-0"))
    try writer.finish()
    #expect(directory.names == ["model.ckpt-0"])
    #expect(try directory.bytes("model.ckpt-0") == Self.file)
  }
}

/// Bytes from pairs of digits.
func hex(_ text: String) -> [UInt8] {
  text.split { $0 == " " || $0 == "\n" }.compactMap { UInt8($0, radix: 16) }
}
