import CheckpointTensors
import CheckpointPlans
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Synchronization
import Testing

/// Over how many data files objects are saved, how a program's own rule spreads tensors, and how small
/// data files may be.
@Suite struct ShardingTests {
  private let directory: TemporaryDirectory
  private let kernel = Variable<Float>(repeating: 1, shape: [4, 5])
  private let bias = Variable<Float>([7, 8, 9])
  private let step = Variable<Int64>(5)

  init() throws { directory = try TemporaryDirectory() }

  private func saver(_ sharding: SaveOptions.Sharding) throws -> Saver {
    var options = SaveOptions()
    options.sharding = sharding
    return try Saver(["kernel": kernel, "bias": bias, "step": step], options: options)
  }

  private func shards(_ path: String) throws -> [String: Int?] {
    let entries = try BundleReader(prefix: path).entries()
    return Dictionary(uniqueKeysWithValues: entries.map { ($0.key.description, $0.shard) })
  }

  // MARK: By a rule

  @Test func `asks a rule for each tensor, and closes gaps between its numbers`() throws {
    let asked = Mutex<[SaveOptions.Sharding.ShardableTensor]>([])
    bias.device = "gpu:1"
    let saver = try saver(
      .by { tensor in
        asked.withLock { $0.append(tensor) }
        return tensor.spec.dtype == .int64 ? 1_000_000 : tensor.byteCount
      })
    let path = try saver.save(to: directory.path("m"))
    #expect(try shards(path) == ["bias": 0, "kernel": 1, "step": 2])
    let seen = asked.withLock { $0 }
    #expect(seen.map(\.key.description) == ["bias", "kernel", "step"])
    #expect(seen.map(\.byteCount) == [12, 80, 8])
    #expect(seen.map(\.device) == ["gpu:1", nil, nil])
    #expect(seen[1].spec.shape == [4, 5] && seen[1].slice == nil)
    kernel.value = Tensor(repeating: 0, shape: [4, 5])
    try saver.restore(from: path)
    #expect(kernel.value.array == Array(repeating: 1, count: 20))
  }

  @Test func `shows a rule each part of a partitioned variable`() throws {
    let parts = [1, 3].map { Variable<Float>(repeating: Float($0), shape: [$0, 2]) }
    let whole = try PartitionedVariable(parts, axis: 0, name: "w")
    var options = SaveOptions()
    options.sharding = .by { $0.slice?.description.hasPrefix("4 2 0,1") == true ? 0 : 1 }
    let path = try Saver([whole], options: options).save(to: directory.path("m"))
    #expect(try BundleReader(prefix: path).shardCount == 2)
    for part in parts { part.value = Tensor(repeating: 0, shape: part.shape) }
    try Saver([whole]).restore(from: path)
    #expect(parts.map(\.value.array) == [[1, 1], [3, 3, 3, 3, 3, 3]])
  }

  @Test func `refuses negative numbers, all at once, and writes nothing`() throws {
    let error = #expect(throws: CheckpointError.self) {
      try saver(.by { $0.spec.dtype == .float32 ? -3 : 0 }).save(to: directory.path("m"))
    }
    #expect(error?.code == .invalidArgument)
    #expect(error?.problems.map(\.key) == ["bias", "kernel"])
    #expect(
      error?.problems.first?.message
        == "the sharding rule names the data file -3; they are counted from 0")
    #expect(directory.names.isEmpty)
  }

  @Test func `throws what a rule throws, with the key`() throws {
    let error = #expect(throws: CheckpointError.self) {
      try saver(
        .by { _ throws(CheckpointError) in throw CheckpointError(.unsupported, "not this one") }
      ).save(to: directory.path("m"))
    }
    #expect(error?.key == "bias")
    #expect(error?.code == .unsupported)
  }

  /// A variable that says more of itself than is there.
  private final class Boastful: TensorVariable {
    let tensorSpec: TensorSpec
    init(_ shape: TensorShape) { tensorSpec = TensorSpec(.float32, shape) }

    func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
      throws(CheckpointError) -> Result
    {
      try tensorSnapshot().withTensorBytes(body)
    }

    func tensorSnapshot() -> AnyTensor { AnyTensor(Tensor<Float>([1, 2])) }
    func setTensor(_ tensor: AnyTensor) {}
  }

  @Test(arguments: [.count(2), .by { _ in 0 }] as [SaveOptions.Sharding])
  func `refuses to spread a tensor that no memory can hold`(sharding: SaveOptions.Sharding) throws {
    var options = SaveOptions()
    options.sharding = sharding
    let shape: TensorShape = [1 << 61]
    let error = #expect(throws: CheckpointError.self) {
      try Saver(["bias": bias, "vast": Boastful(shape)], options: options)
        .save(to: directory.path("m"))
    }
    #expect(error?.code == .mismatch && error?.key == "vast")
    #expect(error?.message == "a tensor float32\(shape) is larger than any memory")
    #expect(directory.names.isEmpty)
  }

  @Test func `refuses to cut a variable that has fewer values than it says`() throws {
    var options = SaveOptions()
    options.sharding = .maxBytes(8)
    let error = #expect(throws: CheckpointError.self) {
      try Saver(["w": Boastful([6])], options: options).save(to: directory.path("m"))
    }
    #expect(error?.code == .mismatch && error?.key == "w")
    #expect(error?.message == "the variable has 8 bytes, too few")
    #expect(directory.names.isEmpty)
  }

  @Test func `cuts nothing into slices of more dimensions than TensorFlow puts together`() throws {
    var options = SaveOptions()
    options.sharding = .maxBytes(8)
    for (rank, isCut) in [(8, true), (9, false)] {
      let shape = TensorShape(Array(repeating: 1, count: rank - 1) + [4])
      let deep = Variable<Float>(repeating: 1, shape: shape)
      let path = try Saver(["w": deep], options: options).save(to: directory.path("m-\(rank)"))
      #expect(try BundleReader(prefix: path).entry(for: "w")?.slices.isEmpty == !isCut)
    }
  }

  @Test func `a rule is equal to its copies, and to no other`() {
    let rule = SaveOptions.Sharding.by { _ in 0 }
    let copy = rule
    #expect(rule == copy && Set([rule, copy]).count == 1)
    #expect(rule != .by { _ in 0 })
  }

  // MARK: Objects

  static let shardings: [(SaveOptions.Sharding, Int)] = [
    (.none, 1), (.perDevice, 2), (.count(3), 3), (.maxBytes(16), 7),
    (.by { $0.spec.dtype == .string ? 7 : 3 }, 2),
  ]

  @Test(arguments: shardings, [false, true])
  func `objects are saved over several data files, also by a manager and in the background`(
    sharding: (SaveOptions.Sharding, Int), isManaged: Bool
  ) async throws {
    kernel.device = "gpu:0"
    let checkpoint = try Checkpoint(
      ["kernel": kernel, "bias": bias, "step": step], options: SaveOptions(sharding: sharding.0))
    let manager = try CheckpointManager(
      checkpoint, directory: directory.path("run"), retention: .latest(2))
    var paths = [try checkpoint.save(to: directory.path("ckpt"))]
    if isManaged {
      paths = [try #require(try manager.save()).path]
      paths.append(try #require(try await manager.saveInBackground()?.value).path)
    }
    for path in paths {
      let count = try BundleReader(prefix: path).shardCount
      #expect(count == sharding.1, "\(path)")
      kernel.value = Tensor(repeating: 0, shape: [4, 5])
      try checkpoint.restore(from: path).assertConsumed()
      #expect(kernel.value.array == Array(repeating: 1, count: 20))
    }
  }

  @Test func `of data files that are larger than asked for, a manager's saves tell`() async throws {
    let checkpoint = try Checkpoint(
      ["bias": bias, "step": step], options: SaveOptions(sharding: .maxBytes(4)))
    let manager = try CheckpointManager(
      checkpoint, directory: directory.path("run"), retention: .latest(2))
    let key = "/.ATTRIBUTES/VARIABLE_VALUE"
    let now = try #require(try manager.save())
    #expect(now.problems.map(\.key) == ["step" + key, "save_counter" + key])
    let later = try #require(try await manager.saveInBackground()?.value)
    #expect(later.problems.map(\.key) == now.problems.map(\.key))
    #expect(
      later.problems.first?.message
        == "int64[] takes 8 bytes, more than the 4 of a data file, and is a single element; "
        + "it has a data file of its own")
  }

  // MARK: Small data files

  @Test(arguments: [(1, "bias"), (3, "bias"), (4, nil), (7, nil), (8, nil)] as [(Int, String?)])
  func `data files are as small as an element`(limit: Int, key: String?) throws {
    let saver = try saver(.maxBytes(limit))
    guard let key else {
      let path = try saver.save(to: directory.path("m"))
      let isTight = limit < 8
      #expect(saver.lastSave?.warnings.map(\.key) == (isTight ? ["step"] : []))
      bias.value = Tensor([0, 0, 0])
      try saver.restore(from: path)
      #expect(bias.value.array == [7, 8, 9])
      return
    }
    let error = #expect(throws: CheckpointError.self) { try saver.save(to: directory.path("m")) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.problems.map(\.key) == [key, "kernel"])
    #expect(
      error?.problems.first?.message
        == "data files of \(limit) bytes; an element of float32[3] takes 4")
    #expect(
      error?.message == "data files of \(limit) bytes are too small for an element of 2 tensors; "
        + "4 bytes are needed")
    #expect(directory.names.isEmpty)
  }
}
