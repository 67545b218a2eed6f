import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import CheckpointWire
import Testing

/// Records that contradict the list, and values that contradict the dtype.
@Suite struct HostileRecordTests {
  static let two: [UInt8] = [0x2A, 0x08, 0, 0, 0xE0, 0x40, 0, 0, 0, 0x41]

  /// What reading a tensor of two elements says whose record has these values.
  static func reading(_ values: [UInt8], _ dtype: DType = .float32) -> String? {
    problem {
      var file = SlicesAssembler()
      file.list("w", dtype.rawValue)
      file.add("w", values: values)
      _ = try file.reader().tensor(for: "w")
    }
  }

  @Test func `a record that is missing is damage`() throws {
    var file = SlicesAssembler()
    file.list("w")
    let reader = try file.reader()
    #expect(
      problem { _ = try reader.tensor(for: "w") }
        == "w: slice - is listed, but has no record (corrupt)")
  }

  @Test func `a record of another tensor or slice is damage`() throws {
    for (name, slice) in [
      ("v", TensorSlice.all(rank: 1)), ("w", TensorSlice([.range(start: 0, length: 2)])),
      ("", TensorSlice([])),
    ] {
      var file = SlicesAssembler()
      file.list("w")
      file.add("w", says: (name, slice), values: Self.two)
      let reader = try file.reader()
      #expect(
        problem { _ = try reader.tensor(for: "w") }
          == "w: the record of slice - says that it is slice \(slice) of '\(name)' (corrupt)")
    }
  }

  @Test func `a record that is no message is damage`() throws {
    var file = SlicesAssembler()
    file.list("w")
    file.add(TensorKey("w").sliceKey(.all(rank: 1)), hex("12 7f 0a"))
    let reader = try file.reader()
    #expect(
      problem { _ = try reader.tensor(for: "w") } == "w: 127 bytes promised, 1 left (truncated)")
  }

  @Test func `there is a value for each element`() {
    #expect(Self.reading(Self.two) == nil)
    #expect(
      Self.reading([0x2A, 0x04, 0, 0, 0, 0])
        == "w: the record has 1 values for 2 elements (corrupt)")
    #expect(Self.reading([]) == "w: the record has 0 values for 2 elements (corrupt)")
    let many = "w: the record has more values than the 2 elements (corrupt)"
    #expect(Self.reading([0x2A, 0x0C] + Array(repeating: 0, count: 12)) == many)
    #expect(Self.reading(Self.two + Self.two) == many)
    #expect(Self.reading([0x3A, 0x03, 1, 2, 3], .int32) == many)
    #expect(Self.reading([0x42, 0, 0x42, 0, 0x42, 0], .string) == many)
    #expect(
      Self.reading([0x42, 0], .string) == "w: the record has 1 values for 2 elements (corrupt)")
    let half: [UInt8] = [0x4A, 0x0C] + Array(repeating: 0, count: 12)
    #expect(Self.reading(half, .complex64) == "w: the record has 1 values for 2 elements (corrupt)")
  }

  @Test func `nothing but the list of the dtype is taken for values`() {
    let content: [UInt8] = [0x22, 0x08] + Array(repeating: 0, count: 8)
    #expect(Self.reading(content) == "w: the record has 0 values for 2 elements (corrupt)")
    #expect(Self.reading(Self.two, .int32) == "w: the record has 0 values for 2 elements (corrupt)")
    #expect(
      Self.reading([0x08, 0x03] + Self.two) == "w: the record holds int32, not float32 (corrupt)")
    #expect(Self.reading([0x08, 0x01] + Self.two) == nil)
  }

  @Test func `a packed list has whole values`() {
    #expect(
      Self.reading([0x2A, 0x07] + Array(repeating: 0, count: 7))
        == "w: a list of 4-byte values has 7 bytes (corrupt)")
    #expect(
      Self.reading([0x3A, 0x02, 1, 0x80], .int32) == "w: 1 bytes promised, 0 left (truncated)")
  }

  @Test func `numbers are in the range of their dtype`() {
    let cases: [(DType, UInt8, [UInt8], String?)] = [
      (.int8, 0x3A, [0xAC, 0x02], "300"), (.int8, 0x3A, [0x7F], nil),
      (.int8, 0x3A, [0x80, 1], "128"),
      (.uint8, 0x3A, [0x80, 0x02], "256"), (.bool, 0x5A, [2], nil),
      (.uint16, 0x3A, [0x80, 0x80, 0x04], "65536"), (.float16, 0x6A, [0x80, 0x80, 0x04], "65536"),
      (.int16, 0x3A, [0x80, 0x80, 0x02], "32768"), (.qint8, 0x3A, [0x80, 1], "128"),
      (.int32, 0x3A, [0x80, 0x80, 0x80, 0x80, 0x08], "2147483648"),
      (.uint8, 0x3A, Array(repeating: 0xFF, count: 9) + [1], "18446744073709551615"),
      (.int32, 0x3A, Array(repeating: 0xFF, count: 9) + [1], nil),
    ]
    for (dtype, tag, value, number) in cases {
      let values = [tag, UInt8(value.count + 1), 0] + value
      let expected = number.map { "w: the value \($0) is no \(dtype.name) (corrupt)" }
      #expect(Self.reading(values, dtype) == expected, "\(dtype)")
    }
  }

  @Test func `dtypes that V1 cannot hold are listed, but not read`() throws {
    for dtype in [DType.bfloat16, .qint16, .quint16, .float8E5M2, .int4, .variant] {
      var file = SlicesAssembler()
      file.list("w", dtype.rawValue)
      let reader = try file.reader()
      #expect(reader.entry(for: "w")?.spec.dtype == dtype)
      #expect(
        problem { _ = try reader.tensor(for: "w") }
          == "w: V1 checkpoints have no form for values of \(dtype.name), TensorFlow reads none "
          + "either (unsupported)")
    }
  }

  @Test func `values are read in any form that protobuf allows`() throws {
    let cases: [(DType, [UInt8], [UInt8])] = [
      (.int32, [0x38, 1, 0x38, 2], [1, 0, 0, 0, 2, 0, 0, 0]),
      (.int32, [0x3A, 1, 1, 0x3A, 1, 2], [1, 0, 0, 0, 2, 0, 0, 0]),
      (.int16, [0x38, 0x81, 0x00, 0x3A, 1, 2], [1, 0, 2, 0]),
      (.float32, [0x2D, 1, 2, 3, 4, 0x2A, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 8]),
      (.uint32, [0x82, 0x01, 2, 1, 2], [1, 0, 0, 0, 2, 0, 0, 0]),
      (.bool, [0x5A, 3, 2, 0xAC, 0x02], [1, 1]),
      (.bool, [0x58, 0, 0x5A, 1, 0xFF - 0x80], [0, 1]),
      (.uint64, [0x8A, 0x01, 2, 1, 2], [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]),
    ]
    for (dtype, values, expected) in cases {
      var file = SlicesAssembler()
      file.list("w", dtype.rawValue)
      file.add("w", values: values)
      #expect(try file.reader().tensor(for: "w").plainBytes == expected, "\(dtype)")
      let second = TensorSlice([.range(start: 1, length: 1)])
      let part = try file.reader().tensor(for: "w", slice: second).plainBytes
      #expect(part == Array(expected.suffix(expected.count / 2)), "\(dtype)")
    }
  }

  @Test func `memory of another size, and strings into memory, are refused`() throws {
    var file = SlicesAssembler()
    file.list("w")
    file.list("s", 7)
    file.add("w", values: Self.two)
    file.add("s", values: [0x42, 0, 0x42, 1, 0x61])
    let reader = try file.reader()
    let storage = TensorStorage(uninitializedByteCount: 4)
    let reading = { (key: TensorKey) in
      problem {
        try storage.withMutableBytes { bytes throws(CheckpointError) in
          try reader.read(key, slice: nil, into: &bytes)
        }
      }
    }
    #expect(reading("w") == "w: float32[2] takes 8 bytes, there is room for 4 (mismatch)")
    #expect(reading("s") == "s: string elements have no fixed width (mismatch)")
    #expect(reading("v") == "v: there is no such tensor (notFound)")
    #expect(try reader.tensor(for: "s").strings == [[], [0x61]])
  }
}
