import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves that V1 checkpoints are read and written as every format has to be.
@Suite struct SlicesConformanceTests {
  private static let dtypes = DType.allCases.filter { dtype in
    (try? SlicesWriter.check(TensorSpec(dtype, [1]), for: "x", part: nil)) != nil
  }

  private static let options: FileOptions = {
    var options = FileOptions()
    options.durability = .none
    return options
  }()

  private static func subject(shardCount: Int?) -> WriterSubject {
    WriterSubject(replaces: (shardCount ?? 1) == 1) { path, _ throws(CheckpointError) in
      guard let shardCount else { return try SlicesWriter(path: path, options: options) }
      return try SlicesWriter(prefix: path, shardCount: shardCount, options: options)
    } open: { path throws(CheckpointError) in
      guard let shardCount else { return try SlicesReader(path: path) }
      return try SlicesReader(path: "\(path)-?????-of-0000\(shardCount)")
    }
  }

  @Test(arguments: TestCases.every(2, of: [nil, 1, 3]))
  func `the writer keeps its promises`(shardCount: Int?) throws {
    let model = TensorModel.sample(Self.dtypes, seed: UInt64(shardCount ?? 0))
    #expect(try checkTensorWriter(Self.subject(shardCount: shardCount), of: model) == [])
  }

  @Test(arguments: TestCases.every(4, of: 0..<4 as Range<UInt64>))
  func `tensors in many files are read as they are promised`(seed: UInt64) throws {
    let directory = try TemporaryDirectory()
    let model = TensorModel.sample(Self.dtypes, seed: seed)
    var random = SeededGenerator(seed: seed)
    var writer = try SlicesWriter(prefix: directory.path("m"), shardCount: 5, options: Self.options)
    for key in model.keys.shuffled(using: &random) {
      let tensor = try #require(model[key])
      try writer.add(tensor, for: key, part: nil, shard: Int.random(in: 0..<5, using: &random))
    }
    try writer.finish()
    let reader = try SlicesReader(path: directory.path("m-?????-of-00005"))
    #expect(checkTensorReader(reader, against: model, seed: seed) == [])
  }

  @Test func `tensors in parts of every dtype are read as they are promised`() throws {
    let directory = try TemporaryDirectory()
    var random = SeededGenerator(seed: 3)
    let tensors = Self.dtypes.map { ($0.name, TensorModel.random($0, [5, 4, 2], &random)) }
    let model = TensorModel(
      Dictionary(uniqueKeysWithValues: tensors.map { (TensorKey("parts/\($0)"), $1) }))
    var writer = try SlicesWriter(prefix: directory.path("m"), shardCount: 2, options: Self.options)
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
    let reader = try SlicesReader(path: directory.path("m-?????-of-00002"))
    #expect(checkTensorReader(reader, against: model) == [])
  }
}
