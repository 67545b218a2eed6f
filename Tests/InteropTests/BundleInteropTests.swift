import CheckpointPlans
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves that TensorFlow is there where it has to be.
@Suite struct TensorFlowTests {
  @Test(.enabled(if: TensorFlow.isRequired))
  func `is installed where it is required`() throws {
    #expect(TensorFlow.isInstalled, "\(TensorFlow.python) cannot import tensorflow")
    #expect(try TensorFlow.shared.ask(["cmd": "version"])["version"] != nil)
  }
}

/// Proves that TensorFlow reads what is written here, that it is read here what TensorFlow writes,
/// and that both write the same bytes.
@Suite(.enabled(if: TensorFlow.isInstalled), .serialized)
struct BundleInteropTests {
  static let shapes: [TensorShape] = [.scalar, [1], [7], [0], [2, 0, 3], [3, 4], [2, 1, 3, 2]]

  @Test func `writes what TensorFlow writes, for every dtype and shape`() throws {
    var random = SeededGenerator(seed: 1)
    var tensors: [NamedTensor] = []
    for dtype in DType.plain {
      for shape in Self.shapes {
        let key = TensorKey("\(dtype.name)/\(shape)")
        tensors.append(NamedTensor(key: key, tensor: try random.tensor(dtype, shape)))
      }
    }
    tensors.shuffle(using: &random)
    try expectSameFiles(tensors)
  }

  @Test func `writes what TensorFlow writes, for keys of any bytes`() throws {
    var random = SeededGenerator(seed: 2)
    let names: [[UInt8]] = [
      Array("é".utf8), Array("e\u{301}".utf8), Array("a b/c.d".utf8), Array("a".utf8),
      Array("a/".utf8), Array("a/b".utf8), [0xFF, 0xFE], [0xFF, 0xFF, 0xFF],
      Array(repeating: UInt8(ascii: "x"), count: 5000), [1], [0x80],
    ]
    let tensors = try names.map {
      NamedTensor(key: TensorKey(bytes: $0), tensor: try random.tensor(.float32, [2]))
    }
    try expectSameFiles(tensors)
  }

  @Test func `writes what TensorFlow writes, for an index of many blocks`() throws {
    var random = SeededGenerator(seed: 3)
    let tensors = try (0..<5000).map { number in
      let path = String(repeating: "block_\(number % 7)/", count: 12)
      return NamedTensor(
        key: TensorKey("\(path)layer_\(number)/kernel"), tensor: try random.tensor(.int16, [3]))
    }
    try expectSameFiles(tensors)
  }

  @Test func `writes what TensorFlow writes, for partitioned tensors`() throws {
    var random = SeededGenerator(seed: 4)
    let parts: [(String, DType, String)] = [
      ("rows", .float32, "5 3 0,3:-"), ("whole", .int32, "2 2 -:-"),
      ("rows", .float32, "5 3 3,2:-"),
      ("grid", .int64, "2 4 0,1:0,2"), ("grid", .int64, "2 4 0,1:2,2"),
      ("plain", .uint8, ""), ("grid", .int64, "2 4 1,1:0,4"), ("half", .float16, "4 0,2"),
      ("half", .float16, "4 2,2"), ("text", .string, "2 0,1"), ("text", .string, "2 1,1"),
    ]
    let tensors = try parts.map { name, dtype, text in
      let part = text.isEmpty ? nil : try TensorSlice.Part(text)
      let shape = try part?.slice.region(in: part?.fullShape ?? .scalar).shape ?? [3]
      return NamedTensor(key: TensorKey(name), tensor: try random.tensor(dtype, shape), part: part)
    }
    try expectSameFiles(tensors, compareValues: false)  // TensorFlow cannot join half and text
  }

  @Test func `writes what TensorFlow writes, for tensors that all cores share`() throws {
    var random = SeededGenerator(seed: 7)
    let counts = [(300 << 10) + 1, 5, (1 << 20) + 3, (9 << 20) + 17]
    let tensors = try counts.map {
      NamedTensor(key: TensorKey("t\($0)"), tensor: try random.tensor(.uint8, [$0]))
    }
    try expectSameFiles(tensors)
  }

  @Test(arguments: [8, 64, 4096])
  func `lets TensorFlow read tensors at aligned offsets`(alignment: Int) throws {
    let directory = try TemporaryDirectory()
    var random = SeededGenerator(seed: 8)
    let tensors = try DType.plain.map {
      NamedTensor(key: TensorKey($0.name), tensor: try random.tensor($0, [3]))
    }
    var options = FileOptions()
    options.alignment = alignment
    var writer = try BundleWriter(prefix: directory.path("m"), options: options)
    for tensor in tensors { try writer.add(tensor.tensor, for: tensor.key) }
    try writer.finish()
    let expected = tensors.map { TensorSummary($0.key, $0.tensor) }.sorted { $0.key < $1.key }
    #expect(try TensorFlow.shared.dump(directory.path("m")) == expected)
  }

  @Test func `merges as TensorFlow merges`() throws {
    let directory = try TemporaryDirectory()
    var random = SeededGenerator(seed: 5)
    let parts = [
      [
        NamedTensor(key: "b", tensor: try random.tensor(.float32, [2])),
        NamedTensor(
          key: "w", tensor: try random.tensor(.float32, [2, 3]),
          part: try TensorSlice.Part("5 3 3,2:-")),
      ],
      [
        NamedTensor(key: "a", tensor: try random.tensor(.string, [2])),
        NamedTensor(
          key: "w", tensor: try random.tensor(.float32, [3, 3]),
          part: try TensorSlice.Part("5 3 0,3:-")),
      ],
      [NamedTensor(key: "c", tensor: try random.tensor(.bfloat16, [0]))],
    ]
    for writer in ["ours", "theirs"] {
      for (number, part) in parts.enumerated() {
        try write(part, to: directory.path("\(writer)_temp/part-\(number)"))
      }
    }
    let prefixes = { (writer: String) in
      (0..<3).map { directory.path("\(writer)_temp/part-\($0)") }
    }
    try BundleMerger.merge(prefixes("ours"), into: directory.path("ours"))
    _ = try TensorFlow.shared.ask([
      "cmd": "merge", "parts": prefixes("theirs"), "prefix": directory.path("theirs"),
    ])
    #expect(try directory.bytes("ours.index") == directory.bytes("theirs.index"))
    for shard in 0..<3 {
      let name = BundlePath("").data(shard: shard, of: 3)
      #expect(try directory.bytes("ours\(name)") == directory.bytes("theirs\(name)"), "\(name)")
    }
    let read = try TensorFlow.shared.dump(directory.path("ours"))
    #expect(read == (try TensorFlow.shared.dump(directory.path("theirs"))))
    #expect(read.map(\.key) == ["a", "b", "c", "w"])
  }

  @Test func `is read by TensorFlow after a prefix was overwritten again and again`() throws {
    let directory = try TemporaryDirectory()
    var random = SeededGenerator(seed: 6)
    for _ in 0..<4 {
      let tensors = [NamedTensor(key: "w", tensor: try random.tensor(.float64, [5, 5]))]
      try write(tensors, to: directory.path("model"))
      let read = try TensorFlow.shared.dump(directory.path("model"))
      #expect(read == tensors.map { TensorSummary($0.key, $0.tensor) })
      #expect(directory.names.count == 2, "\(directory.names)")
    }
  }

  // MARK: Comparing

  /// Lets both write the same tensors, compares the files, and lets each read the other's.
  private func expectSameFiles(_ tensors: [NamedTensor], compareValues: Bool = true) throws {
    let directory = try TemporaryDirectory()
    try write(tensors, to: directory.path("ours"))
    try TensorFlow.shared.write(tensors, to: directory.path("theirs"))
    for suffix in [".index", ".data-00000-of-00001"] {
      #expect(
        try directory.bytes("ours\(suffix)") == directory.bytes("theirs\(suffix)"), "\(suffix)")
    }
    guard compareValues else { return }
    let expected = tensors.map { TensorSummary($0.key, $0.tensor) }.sorted { $0.key < $1.key }
    #expect(try TensorFlow.shared.dump(directory.path("ours")) == expected)
    let reader = try BundleReader(prefix: directory.path("theirs"))
    let read = try reader.entries().map {
      TensorSummary($0.key, try reader.tensor(for: $0.key))
    }
    #expect(read == expected)
  }

  private func write(_ tensors: [NamedTensor], to prefix: String) throws {
    var writer = try BundleWriter(prefix: prefix)
    for item in tensors { try writer.add(item.tensor, for: item.key, part: item.part) }
    try writer.finish()
  }
}
