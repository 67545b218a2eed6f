import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves for V1 that TensorFlow reads what is written here, that it is read here what TensorFlow
/// writes, and that both write the same bytes.
@Suite(.enabled(if: TensorFlow.isInstalled), .serialized)
struct SlicesInteropTests {
  static let dtypes: [DType] = [
    .float32, .float64, .int32, .uint8, .int16, .int8, .string, .complex64, .int64, .bool, .qint8,
    .quint8, .qint32, .uint16, .complex128, .float16,
  ]

  @Test func `writes what TensorFlow writes, for every dtype and shape`() throws {
    var random = SeededGenerator(seed: 11)
    var tensors: [NamedTensor] = []
    for dtype in Self.dtypes {
      for shape in BundleInteropTests.shapes {
        let key = TensorKey("\(dtype.name)/\(shape)")
        tensors.append(NamedTensor(key: key, tensor: try random.tensor(dtype, shape)))
      }
    }
    tensors.shuffle(using: &random)
    try expectSameFile(tensors)
  }

  @Test func `writes what TensorFlow writes, for partitioned tensors`() throws {
    var random = SeededGenerator(seed: 12)
    let parts: [(String, DType, String)] = [
      ("rows", .float32, "5 3 0,3:-"), ("whole", .int32, "2 2 -:-"),
      ("rows", .float32, "5 3 3,2:-"),
      ("grid", .int64, "2 4 0,1:0,2"), ("grid", .int64, "2 4 0,1:2,2"), ("plain", .uint8, ""),
      ("grid", .int64, "2 4 1,1:0,4"), ("columns", .bool, "3 200 -:0,63"),
      ("columns", .bool, "3 200 0,3:63,137"), ("explicit", .int16, "2 2 0,2:0,2"),
    ]
    try expectSameFile(
      parts.map { name, dtype, text in
        let part = text.isEmpty ? nil : try TensorSlice.Part(text)
        let shape = try part?.slice.region(in: part?.fullShape ?? .scalar).shape ?? [3]
        return NamedTensor(
          key: TensorKey(name), tensor: try random.tensor(dtype, shape), part: part)
      })
  }

  @Test func `writes what TensorFlow writes, for files of many blocks`() throws {
    var random = SeededGenerator(seed: 13)
    let tensors = try (0..<600).map { number in
      let count = [0, 1, 300, 5000].randomElement(using: &random) ?? 0
      return NamedTensor(
        key: TensorKey("é\(number % 7)/layer_\(number)"),
        tensor: try random.tensor(number % 2 == 0 ? .float32 : .int16, [count]))
    }
    try expectSameFile(tensors)
  }

  @Test func `TensorFlow joins slices across shards that were written here`() throws {
    let directory = try TemporaryDirectory()
    var random = SeededGenerator(seed: 14)
    let whole = try random.tensor(.float32, [6, 4])
    var writer = try SlicesWriter(prefix: directory.path("m"), shardCount: 3)
    for (shard, text) in ["6 4 4,2:-", "6 4 0,1:-", "6 4 1,3:-"].enumerated() {
      let part = try TensorSlice.Part(text)
      let region = try part.slice.region(in: part.fullShape)
      let width = 16
      let range = region.starts[0] * width..<(region.starts[0] + region.shape.dimensions[0]) * width
      let bytes = Array(whole.plainBytes[range])
      let tensor = unsafe try AnyTensor(TensorSpec(.float32, region.shape), bytes: bytes.span.bytes)
      try writer.add(tensor, for: "w", part: part, shard: shard)
    }
    try writer.finish()
    let expected = NamedTensor(key: "w", tensor: whole)
    #expect(
      try TensorFlow.shared.readV1([expected], from: writer.path) == [TensorSummary("w", whole)])
    let reader = try SlicesReader(path: writer.path)
    #expect(try reader.tensor(for: "w").plainBytes == whole.plainBytes)
  }

  /// Lets both write the same tensors, compares the files, and lets each read the other's.
  private func expectSameFile(_ tensors: [NamedTensor]) throws {
    let directory = try TemporaryDirectory()
    var writer = try SlicesWriter(path: directory.path("ours"))
    for item in tensors { try writer.add(item.tensor, for: item.key, part: item.part) }
    try writer.finish()
    try TensorFlow.shared.writeV1(tensors, to: directory.path("theirs"))
    #expect(try directory.bytes("ours") == directory.bytes("theirs"))
    let expected = tensors.map { TensorSummary($0.key, $0.tensor) }
    #expect(try TensorFlow.shared.readV1(tensors, from: directory.path("ours")) == expected)
    let reader = try SlicesReader(path: directory.path("theirs"))
    let read = try tensors.map {
      TensorSummary($0.key, try reader.tensor(for: $0.key, slice: $0.part?.slice))
    }
    #expect(read == expected)
  }
}

extension TensorFlow {
  /// Lets it write tensors into one file of the format V1, in order.
  func writeV1(_ tensors: [NamedTensor], to path: String) throws {
    _ = try ask(["cmd": "write_v1", "path": path, "tensors": tensors.map(\.json)])
  }

  /// What it restores from files of the format V1.
  func readV1(_ tensors: [NamedTensor], from path: String) throws -> [TensorSummary] {
    let requests = tensors.map { tensor in
      tensor.json.filter { ["name", "dtype", "slice"].contains($0.key) }
    }
    let answer = try ask(["cmd": "read_v1", "path": path, "tensors": requests])
    return try #require(answer["tensors"] as? [[String: Any]]).map(TensorSummary.init(json:))
  }
}
