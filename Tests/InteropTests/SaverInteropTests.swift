import CheckpointStore
import CheckpointPlans
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Synchronization
import Testing

/// Proves that TensorFlow's saver restores what ours writes, in every format and over any number of
/// files; that ours writes the same bytes; and that both cut tensors in the same places.
@Suite(.enabled(if: TensorFlow.isInstalled), .serialized)
struct SaverInteropTests {
  static let shardings: [SaveOptions.Sharding] = [
    .none, .perDevice, .count(3), .maxBytes(64), .maxBytes(1 << 20),
  ]

  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  // Some of each: cut, not cut, without elements, of one element, on two devices and on none.
  private func tensors(_ random: inout SeededGenerator) throws -> [NamedTensor] {
    let specs: [(String, DType, TensorShape)] = [
      ("a/kernel", .float32, [5, 7]), ("a/bias", .float32, [7]), ("step", .int64, .scalar),
      ("empty", .float32, [0, 3]), ("half", .float16, [9, 2]), ("deep", .int16, [3, 4, 5]),
      ("text", .string, [4]), ("flags", .bool, [70]), ("wide", .float64, [2, 30]),
      ("complex", .complex64, [3, 3]), ("é", .int32, [1]),
    ]
    return try specs.map {
      NamedTensor(key: TensorKey($0), tensor: try random.tensor($1, $2))
    }
  }

  private func saver(
    _ tensors: [NamedTensor], _ format: CheckpointFormat, _ sharding: SaveOptions.Sharding
  ) throws
    -> Saver
  {
    var options = SaveOptions()
    options.format = format
    options.sharding = sharding
    var variables: [String: any TensorVariable] = [:]
    for (index, tensor) in tensors.enumerated() {
      let variable = TensorBox(tensor.tensor)
      variable.device = [nil, "/device:CPU:1", "/device:CPU:2"][index % 3]
      variables[tensor.key.description] = variable
    }
    return try Saver(variables, options: options)
  }

  @Test(arguments: shardings, [.v2, .v1] as [CheckpointFormat])
  func `Saver rows 20, 37, 46: TensorFlow's saver restores every sharding and format`(
    sharding: SaveOptions.Sharding, format: CheckpointFormat
  ) throws {
    var random = SeededGenerator(seed: 31)
    let tensors = try tensors(&random)
    let saver = try saver(tensors, format, sharding)
    let path = try saver.save(to: directory.path("m"), step: 7)
    #expect(try TensorFlow.shared.restoreBySaver(tensors, from: path) == summaries(tensors))
    let latest = try TensorFlow.shared.ask(["cmd": "latest", "directory": directory.path])
    #expect(latest["prefix"] as? String == path)

    let copies = tensors.map { TensorBox(Self.zeros($0.tensor.spec)) }
    var variables: [String: any TensorVariable] = [:]
    for (tensor, copy) in zip(tensors, copies) { variables[tensor.key.description] = copy }
    try Saver(variables).restore(from: path)
    #expect(zip(tensors, copies).map { TensorSummary($0.key, $1.value) } == summaries(tensors))
  }

  @Test(arguments: [(CheckpointFormat.v2, 2), (.v1, 1)])
  func `Saver row 10: an object of several tensors goes to TensorFlow's saver and back`(
    format: CheckpointFormat, version: Int
  ) throws {
    let saved = try TensorFlow.shared.ask([
      "cmd": "save_table", "prefix": directory.path("theirs"), "version": version,
      "entries": ["cat": 7, "dog": -1, "日本": 3],
    ])
    let (a, words) = (Variable<Float>(0), Words())
    var options = SaveOptions()
    options.format = format
    let saver = try Saver(["a": a], groups: ["words": words], options: options)
    try saver.restore(from: try #require(saved["path"] as? String))
    #expect(a.scalar == 1)
    let expected: [String: Int64] = ["cat": 7, "dog": -1, "日本": 3]
    #expect(Dictionary(words.entries.map { ($0.word, $0.number) }) { $1 } == expected)

    // The same entries in the same order: the same bytes.
    let ours = try saver.save(to: directory.path("ours"))
    try expectSameFiles(format == .v1 ? [""] : [".index", ".data-00000-of-00001"])
    let answer = try TensorFlow.shared.ask(["cmd": "restore_table", "path": ours])
    #expect(answer["entries"] as? [String: Int64] == expected)
  }

  @Test func `Saver rows 18, 22: shards by device as TensorFlow does, byte for byte`() throws {
    let (theirs, ours) = try saveBoth(.v2)
    #expect(theirs == directory.path("theirs") && ours == directory.path("ours"))
    try expectSameFiles([".index"] + (0..<3).map { BundlePath("").data(shard: $0, of: 3) })
  }

  @Test func `Saver row 19: shards V1 files by device as TensorFlow does, byte for byte`() throws {
    let (theirs, ours) = try saveBoth(.v1)
    #expect(theirs == directory.path("theirs-?????-of-00003"))
    #expect(ours == directory.path("ours-?????-of-00003"))
    try expectSameFiles(SlicesPath(prefix: "", shardCount: 3).shards)
  }

  private func expectSameFiles(_ suffixes: [String]) throws {
    for suffix in suffixes {
      let (one, other) = (
        try directory.bytes("ours\(suffix)"), try directory.bytes("theirs\(suffix)")
      )
      #expect(one == other, "\(suffix)")
    }
  }

  // With labels of one form, as TensorFlow sorts the full names of devices.
  private func saveBoth(_ format: CheckpointFormat) throws -> (theirs: String, ours: String) {
    var random = SeededGenerator(seed: 32)
    var fields: [[String: Any]] = []
    var variables: [String: any TensorVariable] = [:]
    for (index, name) in ["e", "d", "c", "b", "a", "f"].enumerated() {
      let tensor = NamedTensor(key: TensorKey(name), tensor: try random.tensor(.float32, [3, 2]))
      let variable = TensorBox(tensor.tensor)
      variable.device = "/cpu:\(index % 3)"
      variables[name] = variable
      fields.append(tensor.json.merging(["device": "/cpu:\(index % 3)"]) { $1 })
    }
    let answer = try TensorFlow.shared.ask([
      "cmd": "saver_save", "prefix": directory.path("theirs"), "sharded": true,
      "version": format == .v1 ? 1 : 2, "variables": fields,
    ])
    var options = SaveOptions()
    options.format = format
    options.sharding = .perDevice
    let ours = try Saver(variables, options: options).save(to: directory.path("ours"))
    return (try #require(answer["path"] as? String), ours)
  }

  // MARK: Partitioned variables

  @Test(arguments: [.v2, .v1] as [CheckpointFormat])
  func `Saver row 32: partitioned variables go to TensorFlow and back, cut anew`(
    format: CheckpointFormat
  ) throws {
    var random = SeededGenerator(seed: 33)
    let tensor = NamedTensor(key: "w", tensor: try random.tensor(.float32, [7, 4]))
    let request: [String: Any] = tensor.json.merging(["count": 3, "axis": 0]) { $1 }
    let saved = try TensorFlow.shared.ask(
      request.merging([
        "cmd": "saver_save_partitioned", "prefix": directory.path("theirs"),
        "version": format == .v1 ? 1 : 2,
      ]) { $1 })
    let theirs = try #require(saved["path"] as? String)

    let columns = [1, 3].map { Variable<Float>(repeating: 0, shape: [7, $0]) }
    let whole = try PartitionedVariable(columns, axis: 1, name: "w")
    var options = SaveOptions()
    options.format = format
    options.sharding = .count(2)
    let saver = try Saver([whole], options: options)
    try saver.restore(from: theirs)
    #expect(TensorSummary("w", try whole.tensorSnapshot()) == TensorSummary("w", tensor.tensor))

    let ours = try saver.save(to: directory.path("ours"))
    #expect(try CheckpointReader(ours).entry(for: "w")?.slices.count == 2)
    #expect(try TensorFlow.shared.restoreBySaver([tensor], from: ours) == summaries([tensor]))
    let parts = try TensorFlow.shared.ask(
      request.merging(["cmd": "saver_restore_partitioned", "path": ours]) { $1 })
    #expect(try TensorFlow.summaries(parts) == summaries([tensor]))
  }

  @Test(arguments: [.v2, .v1] as [CheckpointFormat])
  func `Saver row 32: writes a partitioned variable as TensorFlow does, byte for byte`(
    format: CheckpointFormat
  ) throws {
    var random = SeededGenerator(seed: 34)
    let rows = try [3, 2, 2].map { try random.tensor(.float32, [$0, 3]) }
    let whole = try PartitionedVariable(rows.map { TensorBox($0) }, axis: 0, name: "w")
    let tensor = NamedTensor(key: "w", tensor: try whole.tensorSnapshot())
    let request: [String: Any] = [
      "cmd": "saver_save_partitioned", "prefix": directory.path("theirs"), "count": 3, "axis": 0,
      "version": format == .v1 ? 1 : 2,
    ]
    _ = try TensorFlow.shared.ask(request.merging(tensor.json) { one, _ in one })
    var options = SaveOptions()
    options.format = format
    try Saver([whole], options: options).save(to: directory.path("ours"))
    try expectSameFiles(format == .v1 ? [""] : [".index", ".data-00000-of-00001"])
  }

  // MARK: Retention

  @Test(arguments: [(1, 0.5), (2, 1), (3, 1.5)])
  func `Saver rows 38, 39, 48, 57, 58: keeps, deletes and lists what TensorFlow's saver does`(
    keep: Int, hours: Double
  ) throws {
    let times = RetentionInteropTests.Times(seed: 35).seconds
    let theirs = try TemporaryDirectory()
    let answer = try TensorFlow.shared.ask([
      "cmd": "run_saver", "directory": theirs.path, "times": times, "keep": keep, "hours": hours,
    ])
    let clock = TestClock(times[0])
    var settings = try Saver.Settings(
      MetaGraphSummary.SaverDefinition(maxToKeep: keep, keepCheckpointEveryNHours: Float(hours)))
    settings.savesRelativePaths = false
    settings.now = { clock.now }
    let saver = try Saver(["w": Variable<Float>([1, 2])], settings: settings)
    for (step, time) in times.enumerated().dropFirst() {
      clock.now = time
      try saver.save(to: directory.path("m"), step: step)
    }
    let indexes = directory.names.filter { $0.hasSuffix(".index") }
    let steps = indexes.compactMap { Int($0.dropFirst(2).dropLast(6)) }.sorted()
    #expect(steps == answer["files"] as? [Int])
    #expect(directory.names.count == 2 * steps.count + 1)
    let (one, other) = (
      String(decoding: try directory.bytes("checkpoint"), as: UTF8.self),
      String(decoding: try theirs.bytes("checkpoint"), as: UTF8.self)
    )
    #expect(one.replacing(directory.path, with: theirs.path) == other)
  }

  // MARK: Sizes

  // TensorFlow's policy does not come to an end where no row of a tensor fits into a file.
  @Test func `cuts tensors where TensorFlow's policy cuts them`() throws {
    var cutCount = 0
    for seed in 0..<60 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let limit = [64, 100, 256, 1000].randomElement(using: &random) ?? 64
      let tensors = (0..<6).compactMap { number -> (String, TensorSpec)? in
        let rank = Int.random(in: 0...3, using: &random)
        let shape = TensorShape((0..<rank).map { _ in Int.random(in: 1...9, using: &random) })
        let dtype = [DType.float32, .int64, .int8, .float64].randomElement(using: &random)
        let spec = TensorSpec(dtype ?? .float32, shape)
        let row = shape.dimensions.map { (spec.byteCount ?? 0) / $0 }.min() ?? 0
        return row <= limit ? ("t\(number)", spec) : nil
      }
      let ours = try shards(tensors, limit)
      #expect(try ours == TensorFlow.shared.shards(tensors, limit), "seed \(seed)")
      cutCount += ours.reduce(0) { $0 + $1.count } - tensors.count
    }
    #expect(cutCount > 100)
  }

  private func shards(_ tensors: [(String, TensorSpec)], _ limit: Int) throws -> [Set<String>] {
    var plan = try SavePlan(
      items: tensors.map { SavePlan.Item(TensorBox(Self.zeros($1)), key: TensorKey($0)) })
    try plan.distribute(.maxBytes(limit))
    var shards = [Set<String>](repeating: [], count: plan.shardCount)
    for item in plan.items {
      let shape = item.variable.tensorSpec.shape
      let all = TensorSlice(starts: shape.dimensions.map { _ in 0 }, shape: shape)
      let place = try item.part ?? TensorSlice.Part(fullShape: shape, slice: all)
      let text = shape.rank == 0 ? "" : " \(place)"
      shards[item.shard].insert("\(item.key)\(text)")
    }
    return shards
  }

  // MARK: Helpers

  private static func zeros(_ spec: TensorSpec) -> AnyTensor {
    let bytes = [UInt8](repeating: 0, count: spec.byteCount ?? 0)
    let strings = [[UInt8]](repeating: [], count: spec.shape.elementCount)
    let zeros =
      spec.dtype == .string
      ? try? AnyTensor(spec, .strings(strings))
      : unsafe try? AnyTensor(spec, bytes: bytes.span.bytes)
    return zeros ?? AnyTensor(Tensor<Float>(0))
  }

  private func summaries(_ tensors: [NamedTensor]) -> [TensorSummary] {
    tensors.map { TensorSummary($0.key, $0.tensor) }
  }
}

/// A clock that stands still until it is set.
private final class TestClock: Sendable {
  private let seconds: Mutex<Double>
  init(_ seconds: Double) { self.seconds = Mutex(seconds) }

  var now: Double {
    get { seconds.withLock { $0 } }
    set { seconds.withLock { $0 = newValue } }
  }
}

extension TensorFlow {
  /// What its saver restores.
  func restoreBySaver(_ tensors: [NamedTensor], from path: String) throws -> [TensorSummary] {
    let requests = tensors.map { tensor in
      tensor.json.filter { ["name", "dtype", "shape"].contains($0.key) }
    }
    return try Self.summaries(ask(["cmd": "saver_restore", "path": path, "tensors": requests]))
  }

  static func summaries(_ answer: [String: Any]) throws -> [TensorSummary] {
    try #require(answer["tensors"] as? [[String: Any]]).map(TensorSummary.init(json:))
  }

  /// How its policy fills data files: keys and slices of each.
  fileprivate func shards(_ tensors: [(String, TensorSpec)], _ limit: Int) throws -> [Set<String>] {
    let answer = try ask([
      "cmd": "saver_shards", "max_bytes": limit,
      "tensors": tensors.map { name, spec in
        ["name": name, "dtype": spec.dtype.name, "shape": spec.shape.dimensions] as [String: Any]
      },
    ])
    let shards = try #require(answer["shards"] as? [[[String]]])
    return shards.filter { !$0.isEmpty }.map { shard in
      Set(shard.map { $0[1].isEmpty ? $0[0] : $0.joined(separator: " ") })
    }
  }
}
