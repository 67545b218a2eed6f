import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves that V2 checkpoints are read and written as every format has to be.
@Suite struct BundleConformanceTests {
  private static let names = [
    TensorKey(bytes: [0xFF]), TensorKey(bytes: [0, 1]), TensorKey(bytes: [0xC3, 0x28]),
  ]

  private static func subject(shardCount: Int = 1, alignment: Int = 1) -> WriterSubject {
    WriterSubject { path, _ throws(CheckpointError) in
      var options = FileOptions()
      (options.alignment, options.durability) = (alignment, .none)
      return try BundleWriter(
        prefix: path, shardByteCounts: Array(repeating: 0, count: shardCount), options: options)
    } open: { path throws(CheckpointError) in
      try BundleReader(prefix: path)
    }
  }

  @Test(arguments: TestCases.every(4, of: [(1, 1), (1, 64), (3, 1), (3, 4096)]))
  func `the writer keeps its promises`(shardCount: Int, alignment: Int) throws {
    let subject = Self.subject(shardCount: shardCount, alignment: alignment)
    let model = TensorModel.sample(names: Self.names, seed: UInt64(alignment))
    #expect(try checkTensorWriter(subject, of: model) == [])
  }

  @Test(arguments: TestCases.every(4, of: 0..<4 as Range<UInt64>))
  func `tensors in many data files are read as they are promised`(seed: UInt64) throws {
    let directory = try TemporaryDirectory()
    let model = TensorModel.sample(names: Self.names, seed: seed)
    var random = SeededGenerator(seed: seed)
    var writer = try BundleWriter(
      prefix: directory.path("m"), shardByteCounts: Array(repeating: 0, count: 5))
    for key in model.keys.shuffled(using: &random) {
      let tensor = try #require(model[key])
      try writer.add(tensor, for: key, part: nil, shard: Int.random(in: 0..<5, using: &random))
    }
    try writer.finish()
    let reader = try BundleReader(prefix: directory.path("m"))
    #expect(checkTensorReader(reader, against: model, seed: seed) == [])
  }

  @Test func `tensors in parts of every dtype that has a width are read as they are promised`()
    throws
  {
    let directory = try TemporaryDirectory()
    var random = SeededGenerator(seed: 3)
    let dtypes = DType.allCases.filter { $0.byteWidth != nil }
    let tensors = dtypes.map { ($0.name, TensorModel.random($0, [5, 4, 2], &random)) }
    let model = TensorModel(
      Dictionary(uniqueKeysWithValues: tensors.map { (TensorKey("parts/\($0)"), $1) }))
    var writer = try BundleWriter(prefix: directory.path("m"), shardByteCounts: [0, 0])
    for (key, tensor) in model.tensors {
      for (shard, start) in [0, 2, 3].enumerated() {
        let slice = TensorSlice([.range(start: start, length: [2, 1, 2][shard]), .full, .full])
        let part = try #require(TensorModel.part(slice, of: tensor))
        try writer.add(
          part, for: key, part: TensorSlice.Part(fullShape: [5, 4, 2], slice: slice),
          shard: shard % 2)
      }
    }
    try writer.finish()
    let reader = try BundleReader(prefix: directory.path("m"))
    #expect(checkTensorReader(reader, against: model) == [])
  }

  @Test(arguments: TestCases.every(3, of: FaultyWriter.Fault.allCases))
  func `the check finds what is wrong with a writer`(fault: FaultyWriter.Fault) throws {
    let subject = WriterSubject { path, _ throws(CheckpointError) in
      try FaultyWriter(path, fault)
    } open: { path throws(CheckpointError) in
      try BundleReader(prefix: path)
    }
    let model = TensorModel.sample([.float32, .string])
    #expect(try !checkTensorWriter(subject, of: model).isEmpty)
  }
}
