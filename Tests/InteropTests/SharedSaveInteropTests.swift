@testable import CheckpointBundle
import CheckpointPlans
import CheckpointTensors
import CheckpointTestSupport
import CheckpointWire
import Checkpoints
import Testing

/// Proves that TensorFlow restores what several processes have saved together, and that it would have made
/// the same files of their parts.
@Suite(.enabled(if: TensorFlow.isInstalled), .serialized)
struct SharedSaveInteropTests {
  static let counts = [1, 2, 4, 8]

  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  /// A process of a job: its part of two tables, cut along one axis each, and all that every process has.
  private struct Member {
    let rank: Int
    let count: Int
    static let shape: TensorShape = [16, 24]

    var options: SaveOptions {
      get throws {
        let group = try LaunchedProcesses(rank: rank, count: count, job: "interop")
        return SaveOptions(processes: group, processTimeout: .seconds(60))
      }
    }

    func table(_ name: String, axis: Int, _ whole: AnyTensor) throws -> PartitionedVariable {
      var starts = [0, 0]
      var dimensions = Self.shape.dimensions
      let length = dimensions[axis]
      starts[axis] = length * rank / count
      dimensions[axis] = length * (rank + 1) / count - starts[axis]
      let slice = TensorSlice(starts: starts, shape: TensorShape(dimensions))
      return try PartitionedVariable(
        [(slice, TensorBox(try whole.part(slice)))], shape: Self.shape, name: name,
        allowsGaps: true)
    }

    func variables(_ tensors: [NamedTensor]) throws -> [String: any TensorVariable] {
      var variables: [String: any TensorVariable] = [:]
      for tensor in tensors {
        let name = tensor.key.description
        variables[name] =
          switch name {
          case "rows", "rows_m": try table(name, axis: 0, tensor.tensor)
          case "columns": try table(name, axis: 1, tensor.tensor)
          default: TensorBox(tensor.tensor)
          }
      }
      return variables
    }
  }

  private static let tensors: [NamedTensor] = {
    var random = SeededGenerator(seed: 41)
    let specs: [(String, DType, TensorShape)] = [
      ("rows", .float32, Member.shape), ("rows_m", .float32, Member.shape),
      ("columns", .float64, Member.shape), ("step", .int64, .scalar), ("half", .bfloat16, [9, 2]),
      ("bias", .float32, [70]), ("flags", .bool, [11]), ("text", .string, [3]),
      ("wide", .float32, [2, 30]),
    ]
    return specs.compactMap { name, dtype, shape in
      (try? random.tensor(dtype, shape)).map { NamedTensor(key: TensorKey(name), tensor: $0) }
    }
  }()

  private func saveByName(_ count: Int) throws -> String {
    let prefix = directory.path("ours")
    let results = together(count) { rank in
      let member = Member(rank: rank, count: count)
      return try Saver(member.variables(Self.tensors), options: member.options).save(to: prefix)
    }
    for result in results { #expect(try result.get() == prefix) }
    return prefix
  }

  private func saveObjects(_ count: Int) throws -> String {
    let prefix = directory.path("ckpt")
    let results = together(count) { rank in
      let member = Member(rank: rank, count: count)
      let objects = try Checkpoint([:], options: member.options)
      let variables = try member.variables(Self.tensors)
      for (name, variable) in variables.sorted(by: { $0.key < $1.key }) {
        try objects.track(variable, as: name)
      }
      return try objects.save(to: prefix)
    }
    for result in results { #expect(try result.get() == prefix + "-1") }
    return prefix + "-1"
  }

  private var expected: [TensorSummary] {
    Self.tensors.map { TensorSummary($0.key, $0.tensor) }.sorted { $0.key < $1.key }
  }

  @Test(arguments: counts)
  func `TensorFlow reads every tensor that some processes have saved`(count: Int) throws {
    let prefix = try saveByName(count)
    #expect(try BundleReader(prefix: prefix).shardCount == count)
    #expect(try TensorFlow.shared.dump(prefix) == expected)
    let latest = try TensorFlow.shared.ask(["cmd": "latest", "directory": directory.path])
    #expect(latest["prefix"] as? String == prefix)
    let restored = try TensorFlow.shared.restoreBySaver(Self.tensors, from: prefix)
    #expect(restored.sorted { $0.key < $1.key } == expected)
  }

  @Test(arguments: counts)
  func `TensorFlow restores objects of some processes, and finds everything consumed`(count: Int)
    throws
  {
    let prefix = try saveObjects(count)
    let answer = try TensorFlow.shared.ask([
      "cmd": "restore_variables", "prefix": prefix,
      "tensors": Self.tensors.map { tensor in
        tensor.json.filter { ["name", "dtype", "shape"].contains($0.key) }
      },
    ])
    #expect(answer["save_counter"] as? Int == 1)
    #expect(try TensorFlow.summaries(answer).sorted { $0.key < $1.key } == expected)
  }

  @Test(arguments: counts, [true, false])
  func `the files are those that TensorFlow's merge makes of what each process writes`(
    count: Int, isByName: Bool
  ) throws {
    let prefix = try isByName ? saveByName(count) : saveObjects(count)
    let parts = try parts(of: prefix)
    #expect(parts.count == count)
    for (rank, part) in parts.enumerated() {
      #expect(!part.isEmpty)
      try TensorFlow.shared.write(part, to: directory.path("theirs_temp/part-\(rank)"))
    }
    _ = try TensorFlow.shared.ask([
      "cmd": "merge", "parts": parts.indices.map { directory.path("theirs_temp/part-\($0)") },
      "prefix": directory.path("theirs"),
    ])
    let ours = String(prefix.dropFirst(directory.path.utf8.count + 1))
    let suffixes = [".index"] + (0..<count).map { BundlePath("").data(shard: $0, of: count) }
    for suffix in suffixes {
      #expect(
        try directory.bytes(ours + suffix) == directory.bytes("theirs" + suffix), "\(suffix)")
    }
  }

  @Test(arguments: counts)
  func `over a checkpoint that stands, only the header and the names of files differ`(count: Int)
    throws
  {
    let prefix = try saveByName(count)
    let (before, header) = try (entries(of: prefix), BundleReader(prefix: prefix).index.header)
    let data = try (0..<count).map { shard in
      try directory.bytes(BundlePath("ours").data(shard: shard, of: count))
    }
    #expect(try saveByName(count) == prefix)
    let after = try BundleReader(prefix: prefix).index.header
    #expect((header.shardCount, after.shardCount) == (count, count + 1))
    #expect(try entries(of: prefix).elementsEqual(before) { $0 == $1 })
    for shard in 0..<count {
      let name = BundlePath("ours").data(shard: shard, of: count + 1)
      #expect(try directory.bytes(name) == data[shard], "\(name)")
    }
    #expect(directory.names.filter { $0.hasPrefix("ours") }.count == count + 1)
    #expect(try TensorFlow.shared.dump(prefix) == expected)
  }

  // MARK: What the index says

  private func entries(of prefix: String) throws -> [(TensorKey, BundleEntry)] {
    var entries: [(TensorKey, BundleEntry)] = []
    try BundleReader(prefix: prefix).index.forEachEntry { key, entry in
      entries.append((TensorKey(copying: key), entry))
    }
    return entries
  }

  /// What each data file has, in the order of its bytes.
  private func parts(of prefix: String) throws -> [[NamedTensor]] {
    let reader = try BundleReader(prefix: prefix)
    var parts = [[(offset: UInt64, tensor: NamedTensor)]](repeating: [], count: reader.shardCount)
    for (key, entry) in try entries(of: prefix) {
      guard entry.slices.isEmpty else { continue }
      var tensor: NamedTensor
      if let (name, slice) = key.asSliceKey {
        let whole = try #require(try reader.entry(for: name)).spec.shape
        tensor = NamedTensor(key: name, tensor: try reader.tensor(for: name, slice: slice))
        tensor.part = try TensorSlice.Part(fullShape: whole, slice: slice)
      } else {
        tensor = NamedTensor(key: key, tensor: try reader.tensor(for: key))
      }
      parts[entry.shard].append((entry.range.offset, tensor))
    }
    return parts.map { part in part.sorted { $0.offset < $1.offset }.map(\.tensor) }
  }
}
