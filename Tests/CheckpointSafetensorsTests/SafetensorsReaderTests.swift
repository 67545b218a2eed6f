import CheckpointIO
@testable import CheckpointSafetensors
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves that parts are read from their places, and that requests that make no sense are refused.
@Suite struct SafetensorsReaderTests {
  static func file(_ header: String, _ elements: [UInt8] = []) -> MemoryFile {
    let count = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    return MemoryFile(count + Array(header.utf8) + elements, path: "f")
  }

  static func tensor(_ name: String, _ type: String, _ shape: [Int], _ range: Range<Int>) -> String
  {
    #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"#
      + #""data_offsets":[\#(range.lowerBound),\#(range.upperBound)]}"#
  }

  @Test func `reads every slice of a tensor as the elements have it`() throws {
    let shape: TensorShape = [3, 4, 5]
    let elements = (0..<120).map { UInt8($0) }
    let header = "{" + Self.tensor("w", "I16", [3, 4, 5], 0..<120) + "}"
    let reader = try SafetensorsReader(file: Self.file(header, elements))
    let all = try Tensor<Int16>(reader.tensor(for: "w"))
    var random = SeededGenerator(seed: 7)
    for round in 0..<200 {
      let starts = shape.dimensions.map { Int.random(in: 0..<$0, using: &random) }
      let lengths = zip(starts, shape.dimensions).map { start, length in
        Int.random(in: 1...length - start, using: &random)
      }
      let slice = TensorSlice(starts: starts, shape: TensorShape(lengths))
      let part = try Tensor<Int16>(reader.tensor(for: "w", slice: slice))
      var expected: [Int16] = []
      for i in starts[0]..<starts[0] + lengths[0] {
        for j in starts[1]..<starts[1] + lengths[1] {
          for k in starts[2]..<starts[2] + lengths[2] { expected.append(all[i, j, k]) }
        }
      }
      #expect(part.array == expected, "round \(round): \(slice)")
    }
  }

  @Test func `reads a column without reading what is far between`() throws {
    let directory = try TemporaryDirectory()
    var writer = try SafetensorsWriter(directory.path("f"))
    let rows = (0..<4).flatMap { row in Array(repeating: Float(row), count: 200_000) }
    try writer.add(Tensor<Float>(shape: [4, 200_000], scalars: rows), for: "w")
    try writer.finish()
    let counting = CountingFile(MemoryFile(try directory.bytes("f")))
    let reader = try SafetensorsReader(file: counting)
    let opening = counting.reads.count
    let column = try reader.tensor(for: "w", slice: TensorSlice.Part("4 200000 -:199999,1").slice)
    #expect(try Tensor<Float>(column).array == [0, 1, 2, 3])
    #expect(counting.reads.dropFirst(opening).map(\.count) == [4, 4, 4, 4])
  }

  @Test func `reads runs that lie close together at once`() throws {
    let header = "{" + Self.tensor("w", "U8", [1000, 3], 0..<3000) + "}"
    let counting = CountingFile(Self.file(header, (0..<3000).map { UInt8($0 % 3) }))
    let reader = try SafetensorsReader(file: counting)
    let opening = counting.reads.count
    let column = try reader.tensor(for: "w", slice: TensorSlice.Part("1000 3 -:1,1").slice)
    #expect(try Tensor<UInt8>(column).array == Array(repeating: 1, count: 1000))
    #expect(counting.reads.dropFirst(opening).map(\.count) == [2998])
  }

  @Test func `lists what it can read, and names what it cannot`() throws {
    let header =
      "{" + Self.tensor("s", "F8_E8M0", [2], 0..<2) + ","
      + Self.tensor("p", "F4", [4], 2..<4) + ","
      + Self.tensor("new", "Q3", [7], 4..<5) + ","
      + Self.tensor("w", "U8", [1], 5..<6) + "}"
    let reader = try SafetensorsReader(file: Self.file(header, [1, 2, 3, 4, 5, 6]))
    #expect(try reader.entries().map(\.key) == ["w"])
    #expect(try Tensor<UInt8>(reader.tensor(for: "w")).array == [6])
    #expect(reader.unsupportedTensors.map(\.key) == ["new", "p", "s"])
    #expect(reader.unsupportedTensors.map(\.typeName) == ["Q3", "F4", "F8_E8M0"])
    let text =
      "f: key 's': its elements are of the type F8_E8M0, which is not read here (unsupported)"
    for action in [{ _ = try reader.entry(for: "s") }, { _ = try reader.tensor(for: "s") }] {
      let error = #expect(throws: CheckpointError.self) { try action() }
      #expect(error?.description == text)
    }
  }

  @Test func `refuses requests that make no sense`() throws {
    let header = "{" + Self.tensor("dense/kernel", "F32", [2], 0..<8) + "}"
    let reader = try SafetensorsReader(file: Self.file(header, Array(repeating: 0, count: 8)))
    var error = #expect(throws: CheckpointError.self) { try reader.tensor(for: "dense/kernl") }
    #expect(
      error?.description
        == "f: key 'dense/kernl': there is no such tensor; nearest is 'dense/kernel' (notFound)")
    error = #expect(throws: CheckpointError.self) {
      try reader.tensor(for: "dense/kernel", slice: TensorSlice.Part("3 2,1").slice)
    }
    #expect(error?.code == .mismatch)
    error = #expect(throws: CheckpointError.self) {
      let room = TensorStorage(uninitializedByteCount: 7)
      try room.withMutableBytes { bytes throws(CheckpointError) in
        try reader.read("dense/kernel", slice: nil, into: &bytes)
      }
    }
    #expect(
      error?.description
        == "f: key 'dense/kernel': float32[2] takes 8 bytes, there is room for 7 (mismatch)")
    error = #expect(throws: CheckpointError.self) { try SafetensorsReader("/nowhere/f") }
    #expect(error?.code == .notFound)
  }

  @Test func `reads empty tensors whose other dimensions have no product`() throws {
    let header = "{" + Self.tensor("w", "F32", [0, 1 << 62, 1 << 62], 0..<0) + "}"
    let reader = try SafetensorsReader(file: Self.file(header))
    #expect(try reader.tensor(for: "w").spec.shape == [0, 1 << 62, 1 << 62])
    let slice = TensorSlice([.full, .full, .range(start: 5, length: 1 << 61)])
    #expect(try reader.tensor(for: "w", slice: slice).spec.shape == [0, 1 << 62, 1 << 61])
  }

  @Test func `reads names and texts in every way JSON writes them`() throws {
    let elements: [UInt8] = [1, 2, 3]
    let header =
      #"{ "__metadata__" : {"a\/\n":"\ud83d\ude00\u00E9"} ,"#
      + "\n\t" + Self.tensor(#"\u0000\b\f\r\t\"\\"#, "U8", [1], 0..<1) + ","
      + Self.tensor("é", "U8", [1], 2..<3) + ","
      + #""e\u0301":{"new":[{"x":-1.5e+3},[],true,null,{}],"data_offsets" : [ 1 , 2 ],"#
      + #""shape":[1],"dtype":"U8"}}"# + "\r\n "
    let reader = try SafetensorsReader(file: Self.file(header, elements))
    #expect(reader.metadata == ["a/\n": "😀é"])
    #expect(try reader.entries().map(\.key) == ["\0\u{8}\u{C}\r\t\"\\", "e\u{301}", "é"])
    #expect(try Tensor<UInt8>(reader.tensor(for: "e\u{301}")).array == [2])
    #expect(try Tensor<UInt8>(reader.tensor(for: "é")).array == [3])
  }

  @Test func `texts whose names look the same are two`() throws {
    let header = #"{"__metadata__":{"\u00e9":"1","e\u0301":"2"}}"#
    let reader = try SafetensorsReader(file: Self.file(header))
    #expect(reader.metadata == ["\u{E9}": "1", "e\u{301}": "2"])
  }
}
